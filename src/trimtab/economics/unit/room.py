"""The room as doors and pages are given it: questions of unit economics over the ledger and facts of use."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.tokens.calls import Calls, ReadCalls
from trimtab.economics.unit.api_models import api_models
from trimtab.economics.unit.idle.model import Holding
from trimtab.economics.unit.idle.split import IdleReport, split_idle
from trimtab.economics.unit.latency import LatencyCost, latency_cost
from trimtab.economics.unit.ledger import Ledgers
from trimtab.economics.unit.made_once import MadeOnce
from trimtab.economics.unit.model import ZERO, HeldActivity, Ledger, Served, Slice
from trimtab.economics.unit.ports import UseFacts
from trimtab.economics.unit.prices import ModelCost, models_of
from trimtab.economics.unit.runs import RunCost, runs_of
from trimtab.economics.unit.seen import seen_by
from trimtab.economics.unit.teams import GpuHourCost, teams_of
from trimtab.genai.prices.book import Book, shipped
from trimtab.genai.prices.price import cost_of

HOUR_MS = 3_600_000
_KEPT = 4
"""Lists of models that are kept: those of a page, and of what is told beside it."""
_STEPS = ((3, HOUR_MS), (15, 6 * HOUR_MS))
"""Up to how many days which step: an hour shows a deploy, a quarter of a day a fortnight; longer ranges are by day."""


def own_books() -> Sequence[Book]:
    """The book that comes with trimtab, alone."""
    return (shipped(),)


class UnitCosts(Struct, frozen=True):
    """What runs, tokens and idleness cost. Every question takes whole days and what a scope may see of them.

    Who asks several gives them its `ledger` of these days and this scope, so that it is made once.
    """

    ledgers: Ledgers
    facts: UseFacts
    clock: Clock
    api: ReadCalls | None = None
    """Calls of vendors' models; None where no room tells them."""
    books: Callable[[], Sequence[Book]] = own_books
    _served: MadeOnce[list[ModelCost]] = field(default_factory=lambda: MadeOnce(_KEPT))
    """Pages of unit costs and of tokens ask for the same models, and those of tokens twice."""

    async def ledger(self, scope: Scope, start_ms: int, end_ms: int) -> Ledger:
        """The ledger as a scope sees it. Raises QueryAborted, Unavailable."""
        return seen_by(scope, await self.ledgers.over(start_ms, end_ms))

    async def models(
        self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = 0, *, ledger: Ledger | None = None
    ) -> list[tuple[ModelCost, LatencyCost]]:
        """The models that were served or called, with the cost of their latency, the dearest first."""
        found, called = await asyncio.gather(
            self.served_models(scope, start_ms, end_ms, step_ms, ledger=ledger),
            self.api.over(scope, start_ms, end_ms) if self.api is not None else _no_calls(),
        )
        served = frozenset(one.model for one in found)
        grid = (start_ms, end_ms, step_ms or step_of(start_ms, end_ms))
        priced = partial(cost_of, books=self.books())
        found += await asyncio.to_thread(api_models, called.calls, priced, served, grid)
        found.sort(key=lambda one: (-one.prices.cost, one.model))
        return [(one, latency_cost(one.per_1k_requests, one.traffic.p95_ms)) for one in found]

    async def served_models(
        self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = 0, *, ledger: Ledger | None = None
    ) -> list[ModelCost]:
        """The models that own pods served, the dearest first."""
        of = ledger or await self.ledger(scope, start_ms, end_ms)
        step = step_ms or step_of(start_ms, end_ms)
        key = scope, start_ms, end_ms, step
        return list(await self._served.of(key, of, lambda: self._served_models(scope, start_ms, end_ms, step, of)))

    async def _served_models(
        self, scope: Scope, start_ms: int, end_ms: int, step: int, ledger: Ledger
    ) -> list[ModelCost]:
        facts = self.facts
        now_ms = self.clock.now_ms()
        until = min(end_ms, -(-now_ms // step) * step)
        traffic, served, calls, deploys = await asyncio.gather(
            facts.traffic(scope, start_ms, until, step // 1000),
            facts.served(scope, start_ms),
            facts.calls(scope, start_ms, until),
            facts.deploys(scope, start_ms, until),
        )
        grid = (start_ms, until, step)
        return await asyncio.to_thread(models_of, ledger, served, traffic, calls, deploys, grid, now_ms)

    async def runs(self, scope: Scope, start_ms: int, end_ms: int, *, ledger: Ledger | None = None) -> list[RunCost]:
        """The training runs, the dearest first."""
        ledger = ledger or await self.ledger(scope, start_ms, end_ms)
        epochs = await self.facts.epochs(scope, [run for run in ledger.holders.values() if run.is_training])
        return await asyncio.to_thread(runs_of, ledger, epochs)

    async def teams(self, scope: Scope, start_ms: int, end_ms: int) -> list[GpuHourCost]:
        """Dollars of a GPU-hour by team."""
        return teams_of(await self.ledger(scope, start_ms, end_ms))

    async def idle(self, scope: Scope, start_ms: int, end_ms: int, *, ledger: Ledger | None = None) -> IdleReport:
        """Idle dollars by cause."""
        ledger = ledger or await self.ledger(scope, start_ms, end_ms)
        names = sorted({one.holder for one in ledger.slices if one.holder in ledger.holders})
        runs = [ledger.holders[name] for name in names]
        until = min(end_ms, ledger.now_ms)
        activity, hosts, served = await asyncio.gather(
            self.facts.activity(scope, runs, start_ms, until),
            self.facts.hosts(scope, start_ms, until),
            self.facts.served(scope, start_ms),
        )
        holdings = await asyncio.to_thread(_holdings, ledger, activity, served, names)
        placed = {
            name: Holding(
                one.name,
                one.run,
                one.activity,
                one.now_ms,
                [hosts[part.node] for part in one.run.held if part.node in hosts],
                one.served,
                one.replicas,
            )
            for name, one in holdings.items()
        }
        return await asyncio.to_thread(split_idle, ledger, placed)

    async def object_cost(
        self, scope: Scope, kind: str, names: Sequence[str], per: str, start_ms: int, end_ms: int, currency: str
    ) -> tuple[Decimal, Decimal] | None:
        """What runs, models or users of these names cost in a range (or cost for each thousand), and the part of it
        that is estimated. None where nothing of that name is known."""
        first, last = start_ms // DAY_MS * DAY_MS, -(-end_ms // DAY_MS) * DAY_MS
        if kind == "model":
            found = [one for one, _ in await self.models(scope, first, last, DAY_MS) if one.model in names]
            mine = [one for one in found if one.currency == currency]
            if not mine:
                return None
            cost = sum((one.prices.cost for one in mine), ZERO)
            estimated = sum((one.estimated for one in mine), ZERO)
            number = sum(
                one.prices.requests if per == "1k-requests" else one.prices.input_tokens + one.prices.output_tokens
                for one in mine
            )
            return _per(cost, estimated, per, number)
        ledger = await self.ledger(scope, first, last)
        slices = [one for one in ledger.slices if one.currency == currency and _is(ledger, one, kind, names)]
        if not slices or per:
            return None
        estimated = sum((one.cost for one in slices if one.estimated), ZERO)
        return sum((one.cost for one in slices), ZERO), estimated


def step_of(start_ms: int, end_ms: int) -> int:
    """The step of a range's charts."""
    days = (end_ms - start_ms) // DAY_MS
    return next((step for most, step in _STEPS if days <= most), DAY_MS)


def _per(cost: Decimal, estimated: Decimal, per: str, number: float) -> tuple[Decimal, Decimal] | None:
    if not per:
        return cost, estimated
    if number <= 0:
        return None
    thousands = Decimal(f"{number / 1000:.6f}")
    return (cost / thousands).quantize(Decimal("0.000001")), (estimated / thousands).quantize(Decimal("0.000001"))


def _is(ledger: Ledger, one: Slice, kind: str, names: Sequence[str]) -> bool:
    run = ledger.holders.get(one.holder)
    if run is None:
        return False
    return run.user in names if kind == "user" else run.key.job in names or run.name in names or one.holder in names


def _holdings(
    ledger: Ledger, activity: Mapping[str, HeldActivity], served: Mapping[str, Served], names: Sequence[str]
) -> dict[str, Holding]:
    by_service: dict[str, dict[str, HeldActivity]] = {}
    serves: dict[str, Served] = {}
    for name in names:
        run = ledger.holders[name]
        pod = next((part.pod for part in run.held if part.pod), run.key.job)
        if pod in served:
            serves[name] = served[pod]
            if name in activity:
                by_service.setdefault(served[pod].service, {})[name] = activity[name]
    return {
        name: Holding(
            name,
            ledger.holders[name],
            activity[name],
            ledger.now_ms,
            served=serves.get(name),
            replicas=by_service.get(serves[name].service, {}) if name in serves else {},
        )
        for name in names
        if name in activity
    }


async def _no_calls() -> Calls:
    return Calls(())
