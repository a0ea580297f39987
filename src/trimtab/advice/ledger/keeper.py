"""Keeps the ledger: notes what is accepted, sees what was applied, and measures what came of it.

Advice counts as applied when its check does not find it any more and could judge it: the resource is gone from an
inventory that was read whole, or is there and in order. An audit event about the resource, where there is one, says who
did it and when; the bill then says what it saved.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.advice.facts import DAY_MS, Facts
from trimtab.advice.finding import HOURS_A_MONTH, Action, Finding
from trimtab.advice.gather.bills import key_of
from trimtab.advice.ledger.machines import Applied, Outcome, OwnRates, outcomes
from trimtab.advice.ledger.measure import BEFORE_DAYS, counterfactual, realised_a_month, realised_so_far
from trimtab.advice.ledger.model import Counterfactual, Entry, EntryState, grade_of
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.model import Plan, Verb
from trimtab.advice.plan.told import divided
from trimtab.advice.standing import Standing
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.costs.model import And, CostQuery, Dimension, Granularity, Match, Metric, Where
from trimtab.costs.room import CostsRoom

_MOST_PEERS = 50
_CENT = Decimal("0.01")


class Change(Struct, frozen=True):
    """A change of a resource that somebody made: when, what it was called and who made it."""

    at_ms: int
    name: str
    who: str


Changes = Callable[[str, int, int], Awaitable[Change | None]]
"""Asks audit for the last change of a resource (its id) in a range of time."""
Plans = Callable[[], Awaitable[Sequence[Plan]]]
"""The plans of the last time."""
ReadRates = Callable[[], Awaitable[OwnRates]]
"""Asks what people said that commitments charge."""


async def no_rates() -> OwnRates:
    """Where nobody said anything: what commitments charge is then what the bill shows."""
    return OwnRates()


_BOUGHT = frozenset({Action.BUY_SAVINGS_PLAN, Action.BUY_RESERVATION})
"""Commitments that are bought are no change of a resource: the page of purchases follows them by their coverage."""
_STOPS = frozenset({Action.STOP, Action.DELETE})
_Costs = dict[str, tuple[str, dict[int, Decimal]]]
"""By resource its service and its cost by day."""


class LedgerKeeper(Struct, frozen=True):
    """The ledger and what it asks of others."""

    store: LedgerStore
    costs: CostsRoom
    changes: Changes
    clock: Clock
    plans: Plans
    rates: ReadRates = no_rates

    async def accepted(self, standing: Standing) -> None:
        """Somebody means to do it."""
        finding = standing.finding
        known = {one.finding for one in await self.store.listed(EVERYTHING)}
        if finding.id not in known:
            await self.store.put(await self._entry(finding, EntryState.ACCEPTED, accepted_ms=standing.decided_ms))

    async def follow(self, gone: Iterable[Standing], undecided: frozenset[tuple[str, str]], facts: Facts) -> int:
        """Note what was applied of findings that are gone; how many."""
        known = {one.finding: one for one in await self.store.listed(EVERYTHING)}
        there = {one.path for many in facts.things.values() for one in many}
        count = 0
        for standing in gone:
            finding = standing.finding
            entry = known.get(finding.id)
            if finding.action in _BOUGHT:
                continue
            if (finding.check, finding.resource) in undecided or (entry and entry.state is not EntryState.ACCEPTED):
                continue
            if entry is None and not finding.cash and not finding.gpu_hours:
                continue  # nobody said they would, and there is nothing to measure
            count += 1
            await self._apply(standing, entry, gone_from=finding.resource not in there and finding.kind in facts.read)
        return count

    async def measure(self) -> int:
        """Measure anew what was applied, as far as the bill has come; how many lines."""
        lines = [one for one in await self.store.listed(EVERYTHING) if one.state is not EntryState.ACCEPTED]
        extent = await self.costs.reader.extent()
        if not lines or extent is None:
            return 0
        machines = await self._machines(lines)
        rest = [one for one in lines if one.billed_as not in machines]
        return await self._measure_machines(lines, machines, extent[1]) + await self._measure_rest(rest, lines, extent)

    async def _machines(self, lines: Sequence[Entry]) -> dict[str, Outcome]:
        """What came of machines that commitments cover or could, by what the bill calls them."""
        found: dict[str, Outcome] = {}
        for currency in sorted({one.currency for one in lines}):
            mine = [one for one in lines if one.currency == currency and one.billed_as]
            last = {one.billed_as: one for one in sorted(mine, key=lambda one: one.applied_ms)}
            applied = [Applied(name, one.applied_ms, one.verb) for name, one in last.items()]
            if applied:
                found |= await outcomes(self.costs.reader, currency, applied, await self.rates())
        return found

    async def _measure_machines(self, lines: Sequence[Entry], found: Mapping[str, Outcome], bill_end_ms: int) -> int:
        """What a machine saved is divided among its lines by what each of them was predicted to."""
        count = 0
        for machine, outcome in found.items():
            mine = [one for one in lines if one.billed_as == machine]
            hourly = Decimal(str(float(outcome.saved.mean())))
            days = (bill_end_ms - max(one.applied_ms for one in mine) // DAY_MS * DAY_MS) // DAY_MS - 1
            weights = [float(one.predicted or 0) for one in mine]
            months = divided((hourly * HOURS_A_MONTH).quantize(_CENT), weights)
            sums = divided((hourly * 24 * days).quantize(_CENT), weights)
            for one, month, so_far in zip(mine, months, sums, strict=True):
                await self._note(one, outcome.against, month, so_far)
                count += 1
        return count

    async def _measure_rest(self, rest: Sequence[Entry], lines: Sequence[Entry], extent: tuple[int, int]) -> int:
        if not rest:
            return 0
        start = min(one.applied_ms for one in rest) // DAY_MS * DAY_MS - BEFORE_DAYS * DAY_MS
        if start >= extent[1]:  # the newest bill is of long before
            return 0
        costs = await self._daily(max(start, extent[0]), extent[1])
        touched = {_key(one, costs) for one in lines}
        return sum([await self._measured(one, costs, touched, extent[1]) for one in rest])

    async def _note(self, entry: Entry, against: Counterfactual, month: Decimal, so_far: Decimal) -> None:
        await self.store.put(
            replace(
                entry,
                state=EntryState.MEASURED,
                realised=month,
                realised_total=so_far,
                measured_ms=self.clock.now_ms(),
                counterfactual=against,
                grade=grade_of(entry.predicted, month),
            )
        )

    async def _entry(self, finding: Finding, state: EntryState, accepted_ms: int = 0) -> Entry:
        """A new line; what it is predicted to save is what it adds in the plan of now."""
        verb, planned_ms = _planned(finding, await self.plans())
        return Entry(
            finding=finding.id,
            check=finding.check,
            resource=finding.resource,
            account=finding.account,
            region=finding.region,
            owner=finding.owner,
            state=state,
            accepted_ms=accepted_ms,
            predicted=finding.cash,
            predicted_gpu_hours=finding.gpu_hours,
            currency=finding.currency,
            verb=verb,
            planned_ms=planned_ms,
            billed_as=finding.billed_as,
        )

    async def _apply(self, standing: Standing, entry: Entry | None, *, gone_from: bool) -> None:
        finding, now_ms = standing.finding, self.clock.now_ms()
        proof = "the resource is gone from the inventory" if gone_from else "its check does not find it any more"
        name = finding.resource.split("/", 4)[-1]
        change = await self.changes(name, standing.first_ms - 30 * DAY_MS, now_ms)
        applied_ms = now_ms
        if change is not None and change.at_ms >= standing.first_ms - DAY_MS:
            applied_ms, proof = change.at_ms, f"{proof}; {change.who} called {change.name}"
        base = entry or await self._entry(finding, EntryState.APPLIED)
        await self.store.put(replace(base, state=EntryState.APPLIED, applied_ms=applied_ms, proof=proof))

    async def _daily(self, start_ms: int, end_ms: int) -> _Costs:
        usage = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
        uncovered = Where(Dimension.COMMITMENT, match=Match.ABSENT)
        by = (Dimension.RESOURCE_ID, Dimension.SERVICE)
        query = CostQuery(start_ms, end_ms, (Metric.BILLED,), Granularity.DAILY, by, And((usage, uncovered)))
        found: _Costs = {}
        for row in await self.costs.reader.costs(EVERYTHING, query):
            _, days = found.setdefault(key_of(row.keys[0]), (row.keys[1], {}))
            days[row.start_ms] = days.get(row.start_ms, Decimal(0)) + row.amounts[0]
        return found

    async def _measured(self, entry: Entry, costs: _Costs, touched: set[str], bill_end_ms: int) -> int:
        key = _key(entry, costs)
        if key not in costs:
            return 0
        service, mine = costs[key]
        peers = [days for name, (of, days) in costs.items() if of == service and name not in touched][:_MOST_PEERS]
        found = counterfactual(mine, peers, entry.applied_ms, bill_end_ms)
        if found is None:
            return 0
        await self._note(entry, found, realised_a_month(found), realised_so_far(found))
        return 1


def _key(entry: Entry, costs: _Costs) -> str:
    """How the bill names the resource of a line."""
    name = entry.resource.split("/", 4)[-1]
    return entry.resource if entry.resource in costs else name


def _planned(finding: Finding, plans: Sequence[Plan]) -> tuple[str, int]:
    """The verb by which a plan has a finding and when it was made; of no plan what the finding itself does, and 0."""
    for plan in plans:
        for row in plan.rows:
            if finding.id in row.findings:
                return row.verb.value, plan.made_ms
    return (Verb.STOP if finding.action in _STOPS else Verb.CHANGE).value, 0


def total(entries: Sequence[Entry]) -> dict[str, Decimal]:
    """What was saved so far, by currency."""
    found: dict[str, Decimal] = {}
    for one in entries:
        if one.realised_total is not None:
            found[one.currency] = found.get(one.currency, Decimal(0)) + one.realised_total
    return found
