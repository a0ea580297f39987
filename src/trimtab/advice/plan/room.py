"""Makes the plan of every currency of the bill, puts its figures into the findings, and keeps it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import blake2b

import msgspec

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Finding, Judgement
from trimtab.advice.knobs import KnobStore
from trimtab.advice.plan.choosing import Choosing, Chosen
from trimtab.advice.plan.exchange import EXCHANGE, exchanged
from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.told import Bought, part_of, tell
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.findings import BUY, judged
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.store import FindingStore
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.costs.model import CostQuery, Granularity, Metric
from trimtab.costs.read import CostReader
from trimtab.jobs.lock import Lock
from trimtab.jobs.periodic import Job

_DAY_MS = 86_400_000
_KEPT = "plan"
_TURN_S = 30.0


@dataclass(frozen=True, slots=True)
class _Kept:
    """The plans of the last time, and what they were made from."""

    made_from: str
    plans: list[Plan]


@dataclass(frozen=True, slots=True)
class PlanRoom:
    """The plan as doors, pages and jobs are given it."""

    reader: CostReader
    findings: FindingStore
    choosing: Choosing
    purchases: PurchasesRoom
    kept: KnobStore
    clock: Clock

    async def latest(self) -> list[Plan]:
        """The plans of the last time, one a currency, the largest bill first; none before the first."""
        return (await self._kept()).plans

    def jobs(self, lock: Lock) -> list[Job]:
        """Make the plan anew when people decided something of it, or a check found something else."""

        async def turn() -> None:
            if lock.held and (await self._kept()).made_from not in ("", await self._made_from()):
                await self.recompute(self.clock.now_ms())

        return [Job("plan anew what advice changed", _TURN_S, turn)]

    async def recompute(self, now_ms: int) -> None:
        """Make the plans anew: what findings are worth is then what they add in them."""
        del now_ms
        wanted = await self.purchases.usual()
        made = [one for currency in await self._currencies() if (one := await self._made(currency, wanted))]
        plans = [plan for plan, _ in made]
        given = tuple(each for _, chosen in made for each in _given(chosen))
        await self.findings.publish([Judgement(EXCHANGE, given, (), len(given))], what="exchanges of reservations")
        for plan in plans:
            await self.findings.value(plan.currency, plan.worth)
        await self.kept.remember(_KEPT, msgspec.json.encode(_Kept(await self._made_from(), plans)).decode())

    async def seen(self, scope: Scope) -> list[Plan]:
        """The latest plans as a caller may see them: who sees a part of the fleet sees its rows and what they add."""
        plans = await self.latest()
        if scope == EVERYTHING:
            return plans
        known = {one.finding.id for one in await self.findings.listed(scope)}
        return [part_of(plan, known) for plan in plans]

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
        plan, _ = await self._plan(wanted, left_out, publish=False)
        if scope == EVERYTHING:
            return plan
        return part_of(plan, known)

    async def _kept(self) -> _Kept:
        text = await self.kept.remembered(_KEPT)
        return typed.decode(text, type=_Kept) if text else _Kept("", [])

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

    async def _made(self, currency: str, wanted: Wanted) -> tuple[Plan, Chosen] | None:
        asked = replace(wanted, currency=currency)
        try:
            return await self._plan(asked, (), publish=True)
        except (NotFound, InvalidInput) as problem:
            await self.purchases.plans.keep(asked, None, 0, str(problem))
            return None

    async def _plan(self, wanted: Wanted, left_out: Collection[str], *, publish: bool) -> tuple[Plan, Chosen]:
        known = await self.purchases.known(EVERYTHING)
        bill = await self.purchases.advisor.bill(EVERYTHING, wanted.days, known, wanted.currency)
        chosen = await self.choosing.chosen(EVERYTHING, bill, Rates((*known.shares, *bill.shares)), left_out)
        use = chosen.left(bill.use) if wanted.rightsizing else bill.use
        now_ms = self.clock.now_ms()
        after = replace(bill, held=exchanged(bill.held, chosen.exchanges))
        planned = await self.purchases.advisor.plan(after, use, wanted, known, now_ms)
        if publish:
            await self.purchases.keep(wanted, planned, publish=True)
        findings = judged(planned.answer)[0].findings
        bought = Bought(planned.bought, findings, chosen.exchanges).without(left_out)
        return await asyncio.to_thread(_told, chosen, bought, now_ms), chosen

    async def _currencies(self) -> list[str]:
        """Those of the last days of the bill, the largest amount first."""
        extent = await self.reader.extent()
        if extent is None:
            return []
        query = CostQuery(max(extent[0], extent[1] - 30 * _DAY_MS), extent[1], (Metric.BILLED,), Granularity.TOTAL)
        rows = await self.reader.costs(EVERYTHING, query)
        return [row.currency for row in sorted(rows, key=lambda row: (-row.amounts[0], row.currency))]


def _given(chosen: Chosen) -> tuple[Finding, ...]:
    """The findings of exchanges."""
    return tuple(one.finding for one in chosen.exchanges)


def _told(chosen: Chosen, bought: Bought, made_ms: int) -> Plan:
    return tell(chosen.evaluation, chosen.set, chosen.findings, chosen.waiting, bought, chosen.how, made_ms)
