"""Makes the plan as it would have been made some days ago, and says what it promised and came to."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.backtest.compare import Came, compared
from trimtab.advice.backtest.evidence import Evidence
from trimtab.advice.backtest.model import Backtest
from trimtab.advice.backtest.until import Until
from trimtab.advice.facts import DAY_MS
from trimtab.advice.gather.bills import key_of
from trimtab.advice.knobs import KnobStore
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.choosing import Chosen
from trimtab.advice.plan.reading import read_books
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.plan.told import Bought
from trimtab.advice.purchases.advisor import Advisor, Known
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.findings import judged
from trimtab.advice.purchases.model import Holdings
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.standing import Wanted as Listed
from trimtab.base import typed
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.model import CostQuery, Dimension, Granularity, Metric
from trimtab.timeseries.forecast.forecaster import Forecaster

HORIZONS = (30, 7)
"""Days ago: a month, and as far back as metrics of two weeks let checks judge a week."""
_KEPT = "plan-backtest"
Past = Callable[[int], Awaitable[Evidence]]
"""Asks for what would have been found on a past day."""


class BacktestRoom(Struct, frozen=True):
    """The backtest as doors, pages and jobs are given it."""

    plan: PlanRoom
    past: Past
    ledger: LedgerStore
    kept: KnobStore
    forecaster: Forecaster

    async def latest(self) -> list[Backtest]:
        """Those of the last time by days ago and currency; none before the first, and where the bill is too short."""
        text = await self.kept.remembered(_KEPT)
        return typed.decode(text, type=list[Backtest]) if text else []

    async def seen(self, scope: Scope) -> list[Backtest]:
        """The same for who sees everything: of a part of the fleet no invoice is known."""
        return await self.latest() if scope == EVERYTHING else []

    async def recompute(self, now_ms: int) -> None:
        """Make them anew for the last HORIZONS days of the bill. Raises QueryAborted, Unavailable."""
        extent = await self.plan.reader.extent()
        found: list[Backtest] = []
        if extent is not None:
            end_ms = extent[1] // DAY_MS * DAY_MS
            for days in HORIZONS:
                if extent[0] <= end_ms - (days + 1) * DAY_MS:
                    found += await self._all((end_ms - days * DAY_MS, end_ms), now_ms)
        await self.kept.remember(_KEPT, msgspec.json.encode(found).decode())

    async def _all(self, span: tuple[int, int], now_ms: int) -> list[Backtest]:
        evidence = await self._undecided(await self.past(span[0]), span[0])
        evidence = await self._billed_so(evidence, span[0])
        wanted = await self.plan.purchases.usual()
        currencies = sorted({one.currency for one in await self.plan.latest()})
        made = [await self._made(replace(wanted, currency=one), evidence, span, now_ms) for one in currencies]
        return [one for one in made if one is not None]

    async def _undecided(self, evidence: Evidence, at_ms: int) -> Evidence:
        """The evidence without what people had said by then that they would not do."""
        every = await self.plan.findings.listed(EVERYTHING, Listed(state="", hidden=True))
        hidden = {one.finding.id for one in every if one.decided_ms < at_ms and one.hidden(at_ms)}
        return replace(evidence, findings=tuple(one for one in evidence.findings if one.id not in hidden))

    async def _billed_so(self, evidence: Evidence, at_ms: int) -> Evidence:
        """The evidence without machines that were billed as another type then: they were changed since."""
        by = (Dimension.RESOURCE_ID, Dimension.INSTANCE_TYPE)
        query = CostQuery(at_ms - 7 * DAY_MS, at_ms, (Metric.USAGE,), Granularity.TOTAL, by, eligible.COVERABLE)
        types: dict[str, set[str]] = {}
        for row in await Until(self.plan.reader, at_ms).costs(EVERYTHING, query):
            types.setdefault(key_of(row.keys[0]), set()).add(row.keys[1])
        known = self.plan.choosing.catalog.types
        so = [
            one
            for one in evidence.findings
            if one.current not in known or one.current in types.get(one.billed_as, {one.current})
        ]
        return replace(evidence, findings=tuple(so))

    async def _made(self, wanted: Wanted, evidence: Evidence, span: tuple[int, int], now_ms: int) -> Backtest | None:
        known = await self._known(span[0])
        reader = Until(self.plan.reader, span[0])
        advisor = Advisor(reader, self.forecaster)
        try:
            bill = await advisor.bill(EVERYTHING, wanted.days, known, wanted.currency)
            rates = Rates((*known.shares, *bill.shares))
            choosing = replace(self.plan.choosing, reader=reader, clock=ManualClock(span[0]))
            chosen = await choosing.best(EVERYTHING, bill, rates, evidence.findings)
            use = chosen.left(bill.use) if wanted.rightsizing else bill.use
            planned = await advisor.plan(bill, use, wanted, known, span[0])
            came = await self._came(wanted, known, chosen, span)
        except (NotFound, InvalidInput):  # this part of the bill had no use then, or has none now
            return None
        bought = Bought(planned.bought, judged(planned.answer)[0].findings)
        return await asyncio.to_thread(compared, chosen, bought, came, evidence.left_out, now_ms)

    async def _known(self, at_ms: int) -> Known:
        """What people said of rates and terms; commitments that were recorded later were not held then."""
        known = await self.plan.purchases.known(EVERYTHING)
        held = known.held
        return replace(
            known,
            held=Holdings(
                tuple(one for one in held.plans if one.start_ms < at_ms),
                tuple(one for one in held.reservations if one.start_ms < at_ms),
            ),
        )

    async def _came(self, wanted: Wanted, known: Known, chosen: Chosen, span: tuple[int, int]) -> Came:
        """The days of `span`, at their own hours."""
        reader = Until(self.plan.reader, span[1])
        bill = await Advisor(reader, self.forecaster).bill(
            EVERYTHING, (span[1] - span[0]) // DAY_MS, known, wanted.currency
        )
        machines = {one.machine for one in chosen.evaluation.actions}
        books = await read_books(reader, EVERYTHING, bill, machines)
        use = replace(books.use, at_ms=books.use.at_ms - (span[1] - span[0]))
        changed = {one.billed_as for one in await self.ledger.listed(EVERYTHING) if span[0] <= one.applied_ms < span[1]}
        return Came(replace(books, use=use), Rates((*known.shares, *bill.shares)), frozenset(changed - {""}))
