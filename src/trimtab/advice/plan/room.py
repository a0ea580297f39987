"""Makes the plan of every currency of the bill, puts its figures into the findings, and keeps it."""

import asyncio
from collections.abc import Collection, Sequence
from hashlib import blake2b

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Finding, Judgement
from trimtab.advice.knobs import KnobStore
from trimtab.advice.plan.choosing import Choosing, Chosen
from trimtab.advice.plan.exchange import EXCHANGE, exchanged
from trimtab.advice.plan.kept import KeptPlans, keep_plans, kept_plans
from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.presented import PlansTogether, together
from trimtab.advice.plan.told import Bought, part_of, tell
from trimtab.advice.purchases.advisor import Planned
from trimtab.advice.purchases.answer import Answer, Wanted
from trimtab.advice.purchases.findings import BUY, judged
from trimtab.advice.purchases.model import Holdings
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.currencies.room import Currencies
from trimtab.costs.model import CostQuery, Granularity, Metric
from trimtab.costs.read import CostReader
from trimtab.jobs.lock import Lock
from trimtab.jobs.periodic import Job

_DAY_MS = 86_400_000
_TURN_S = 30.0


class _Kept(Struct, frozen=True):
    """The plans of the last time, and what they were made from."""

    made_from: str
    plans: list[Plan]


class _Made(Struct, frozen=True):
    """A plan, the purchase plans that are in it, one a provider, and the findings of the exchanges in it."""

    plan: Plan
    answers: list[Answer]
    given: tuple[Finding, ...]


class PlanRoom(Struct, frozen=True):
    """The plan as doors, pages and jobs are given it."""

    reader: CostReader
    findings: FindingStore
    choosing: Choosing
    purchases: PurchasesRoom
    kept: KnobStore
    clock: Clock
    currencies: Currencies | None = None

    async def latest(self) -> list[Plan]:
        """The plans of the last time, one a currency, the largest bill first; none before the first."""
        return (await kept_plans(self.kept)).plans

    def jobs(self, lock: Lock) -> list[Job]:
        """Make the plan anew when people decided something of it, or a check found something else."""

        async def turn() -> None:
            if lock.held and (await kept_plans(self.kept)).made_from not in ("", await self._made_from()):
                await self.recompute(self.clock.now_ms())

        return [Job("plan anew what advice changed", _TURN_S, turn)]

    async def recompute(self, now_ms: int) -> None:
        """Make the plans anew: what findings are worth is then what they add in them."""
        del now_ms
        wanted = await self.purchases.usual()
        made = [await self._made(currency, wanted) for currency in reversed(await self._currencies())]
        plans = [one.plan for one in reversed(made) if one is not None]
        await self.purchases.publish([answer for one in made if one is not None for answer in one.answers])
        given = tuple(each for one in made if one is not None for each in one.given)
        await self.findings.publish([Judgement(EXCHANGE, given, (), len(given))], what="exchanges of reservations")
        for plan in plans:
            await self.findings.value(plan.currency, plan.worth)
        await keep_plans(self.kept, KeptPlans(await self._made_from(), plans))

    async def seen(self, scope: Scope) -> list[Plan]:
        """The latest plans as a caller may see them: who sees a part of the fleet sees its rows and what they add."""
        plans = await self.latest()
        if scope == EVERYTHING:
            return plans
        known = {one.finding.id for one in await self.findings.listed(scope)}
        return [part_of(plan, known) for plan in plans]

    async def together(self, plans: Sequence[Plan], to: str = "") -> PlansTogether | None:
        """Plans in one currency, the presentation currency where none is named; None where nothing is to convert."""
        currency = to or (self.currencies.presentation if self.currencies else "")
        if not currency or self.currencies is None:
            return None
        return together(plans, currency, await self.currencies.rates.book())

    async def without(self, scope: Scope, currency: str, left_out: Collection[str]) -> Plan:
        """The plan of a currency as it would be if some findings (their ids) were left out; nothing is kept.

        Raises NotFound (no bill), InvalidInput.
        """
        known = {one.finding.id for one in await self.findings.listed(scope)}
        if unknown := sorted(set(left_out) - known):
            raise InvalidInput(
                f"cannot leave out {unknown[0]!r}: expected ids of open advice; `trimtab advice list` shows them",
                field="without",
            )
        wanted = replace(await self.purchases.usual(), currency=currency)
        plan = (await self._plan(wanted, left_out, keep=False)).plan
        if scope == EVERYTHING:
            return plan
        return part_of(plan, known)

    async def _made_from(self) -> str:
        """What says whether a plan would be the same: what checks find and nobody hid, and what may be bought."""
        wanted = replace(await self.purchases.usual(), currency="")
        found = await self.findings.listed(EVERYTHING)
        parts = sorted(
            f"{one.finding.id} {one.finding.estimate} {one.finding.takes} {one.finding.hours} {one.finding.lost}"
            for one in found
            if one.finding.check not in (BUY, EXCHANGE)
        )
        return blake2b("\n".join((str(wanted), *parts)).encode(), digest_size=16).hexdigest()

    async def _made(self, currency: str, wanted: Wanted) -> _Made | None:
        asked = replace(wanted, currency=currency)
        try:
            return await self._plan(asked, (), keep=True)
        except (NotFound, InvalidInput) as problem:
            await self.purchases.plans.keep(asked, None, 0, str(problem))
            return None

    async def _plan(self, wanted: Wanted, left_out: Collection[str], *, keep: bool) -> _Made:
        """The plan of a currency: commitments of each provider for its own use, all replayed together."""
        known = await self.purchases.known(EVERYTHING)
        bill = await self.purchases.advisor.whole_bill(EVERYTHING, wanted.days, known, wanted.currency)
        chosen = await self.choosing.chosen(EVERYTHING, bill, Rates((*known.shares, *bill.shares)), left_out)
        use = chosen.left(bill.use) if wanted.rightsizing else bill.use
        now_ms = self.clock.now_ms()
        after = replace(bill, held=exchanged(bill.held, chosen.exchanges))
        made = []
        for provider in reversed(bill.providers):  # the one of AWS is the newest
            asked = replace(wanted, provider=provider)
            try:
                made.append(await self.purchases.advisor.plan(after, use, asked, known, now_ms))
            except NotFound as problem:  # no use that a commitment could cover: what is to be done without stays true
                if keep:
                    await self.purchases.plans.keep(asked, None, 0, str(problem))
                continue
            if keep:
                await self.purchases.keep(asked, made[-1], publish=False)
        bought = replace(_together(list(reversed(made))), exchanges=chosen.exchanges).without(left_out)
        plan = await asyncio.to_thread(_told, chosen, bought, now_ms)
        return _Made(plan, [one.answer for one in made], tuple(one.finding for one in chosen.exchanges))

    async def _currencies(self) -> list[str]:
        """Those of the last days of the bill, the largest amount first."""
        extent = await self.reader.extent()
        if extent is None:
            return []
        query = CostQuery(max(extent[0], extent[1] - 30 * _DAY_MS), extent[1], (Metric.BILLED,), Granularity.TOTAL)
        rows = await self.reader.costs(EVERYTHING, query)
        return [row.currency for row in sorted(rows, key=lambda row: (-row.amounts[0], row.currency))]


def _together(made: Sequence[Planned]) -> Bought:
    """What all of them buy, plans before machines as the findings are."""
    holdings = Holdings()
    plans: list[Finding] = []
    machines: list[Finding] = []
    for one in made:
        found, many = judged(one.answer)[0].findings, len(one.bought.plans)
        holdings = holdings.plus(one.bought)
        plans += found[:many]
        machines += found[many:]
    return Bought(holdings, (*plans, *machines))


def _told(chosen: Chosen, bought: Bought, made_ms: int) -> Plan:
    return tell(chosen.evaluation, chosen.set, chosen.findings, chosen.waiting, bought, chosen.how, made_ms)
