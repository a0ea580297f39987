"""The ledger: every machine's cost of every day, divided exactly among those who held its GPUs.

A day that is billed has the bill's amortised cost; a later one has the live estimate's. A machine's parts of a day add
up to its cost to the last digit (`apportion`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.costs.apportion import apportion
from trimtab.costs.model import CostQuery, Dimension, Granularity, Metric
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.estimator import HOURS
from trimtab.economics.estimate.live import LiveEstimates, Snapshot
from trimtab.economics.rules.model import SharePolicy
from trimtab.economics.shared.model import Machine
from trimtab.economics.shared.runs import RunMachines
from trimtab.economics.shared.split import split_machine
from trimtab.economics.unit.model import ZERO, Ledger, Slice
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.store import RunStore

_MOST_RUNS = 200_000
_HOUR_MS = 3_600_000
_FRESH_MS = 60_000
_KEPT = 16
_SETTLED_MS = 2 * DAY_MS
"""A day that is billed and over for a day has all that late samples add: it is divided once a bill."""
_KEPT_DAYS = 200
DayCost = Mapping[tuple[str, int], tuple[Decimal, str]]
"""By machine and day its cost and currency."""


def holder_of(run: Run) -> str:
    """The name of a run as a holder."""
    return f"{run.key.account}/{run.key.cluster}/{run.key.job}"


@dataclass(slots=True)
class Ledgers:
    """Makes ledgers, one a range at a time; the same range is not made anew within a minute."""

    bills: CostReader
    live: LiveEstimates
    machines: RunMachines
    runs: RunStore
    nodes: NodeStore
    clock: Clock
    _made: dict[tuple[int, int], tuple[int, "asyncio.Task[Ledger]"]] = field(default_factory=dict)
    _days: dict[tuple[int, int], list[Slice]] = field(default_factory=dict)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._made.clear()
        self._days.clear()

    async def over(self, start_ms: int, end_ms: int) -> Ledger:
        """The ledger of whole days. Raises QueryAborted, Unavailable."""
        key, now_ms = (start_ms, end_ms), self.clock.now_ms()
        kept = self._made.get(key)
        if kept is None or now_ms - kept[0] > _FRESH_MS or (kept[1].done() and kept[1].exception() is not None):
            kept = self._made[key] = (now_ms, asyncio.ensure_future(self._make(start_ms, end_ms, now_ms)))
            while len(self._made) > _KEPT:
                self._made.pop(next(iter(self._made)))
        return await asyncio.shield(kept[1])

    async def _make(self, start_ms: int, end_ms: int, now_ms: int) -> Ledger:
        end_ms = min(end_ms, -(-now_ms // DAY_MS) * DAY_MS)
        snapshot = await self.live.snapshot()
        closed = snapshot.closed_ms if snapshot else start_ms
        nodes = {one.instance_id or one.name: one for one in await self.nodes.all(EVERYTHING) if one.gpus >= 1}
        costs, elsewhere = await self._costs(set(nodes), start_ms, min(end_ms, closed))
        told, unpriced = _estimated(snapshot, set(nodes), start_ms, end_ms)
        costs = {**costs, **told}
        runs = await self.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS)
        holders = {holder_of(run): run for run in runs}
        found: list[Slice] = []
        for day_ms in range(start_ms, end_ms, DAY_MS):
            until = min(day_ms + DAY_MS, now_ms)
            kept = (
                (snapshot.base.generation, day_ms) if snapshot and day_ms + _SETTLED_MS <= min(closed, now_ms) else None
            )
            made = self._days.get(kept) if kept else None
            if made is None:
                names = [name for name, day in costs if day == day_ms]
                held = await self.machines.machines(names, day_ms, until, holder_of) if names else {}
                made = await asyncio.to_thread(_slices, held, costs, day_ms, until, estimated=day_ms >= closed)
            if kept:
                self._days[kept] = made
                while len(self._days) > _KEPT_DAYS:
                    self._days.pop(next(iter(self._days)))
            found += [_named(one, nodes[one.resource].name) for one in made if one.resource in nodes]
        accounts = {one.name: one.account for one in nodes.values()}
        error = None
        if snapshot is not None:
            mine = snapshot.base.weights_of(lambda key: key.resource.rpartition("/")[2] in nodes)
            error = snapshot.base.error(mine, Metric.EFFECTIVE).median
        clusters = {one.name: f"{one.account}/{one.cluster}" for one in nodes.values()}
        return Ledger(
            start_ms,
            end_ms,
            closed,
            tuple(found),
            holders,
            accounts,
            unpriced,
            elsewhere,
            error,
            runs,
            clusters,
            now_ms,
        )

    async def _costs(
        self, wanted: set[str], start_ms: int, end_ms: int
    ) -> tuple[dict[tuple[str, int], tuple[Decimal, str]], dict[str, Decimal]]:
        """What the bill says of machines by day, and of all that is not theirs."""
        found: dict[tuple[str, int], tuple[Decimal, str]] = {}
        elsewhere: dict[str, Decimal] = defaultdict(Decimal)
        if end_ms <= start_ms:
            return found, elsewhere
        asked = (Dimension.RESOURCE_ID, Dimension.USAGE_UNIT)
        query = CostQuery(start_ms, end_ms, (Metric.EFFECTIVE,), Granularity.DAILY, asked)
        for row in await self.bills.costs(EVERYTHING, query):
            resource, unit = row.keys
            name = resource if resource in wanted else resource.rpartition("/")[2]
            if name not in wanted or unit.casefold() not in HOURS:
                elsewhere[row.currency] += row.amounts[0]
                continue
            before = found.get((name, row.start_ms), (ZERO, row.currency))[0]
            found[name, row.start_ms] = (before + row.amounts[0], row.currency)
        return found, dict(elsewhere)


def _estimated(
    snapshot: Snapshot | None, wanted: set[str], start_ms: int, end_ms: int
) -> tuple[dict[tuple[str, int], tuple[Decimal, str]], tuple[str, ...]]:
    """What the live estimate says of machines by day, and those without a price."""
    found: dict[tuple[str, int], tuple[Decimal, str]] = {}
    unpriced = set()
    for line in snapshot.lines if snapshot else ():
        name = line.key.resource.rpartition("/")[2]
        if name not in wanted or not start_ms <= line.day_ms < end_ms or line.key.unit.casefold() not in HOURS:
            continue
        if line.effective is None:
            unpriced.add(name)
            continue
        before = found.get((name, line.day_ms), (ZERO, ""))[0]
        found[name, line.day_ms] = (before + line.effective, line.key.currency)
    return found, tuple(sorted(unpriced))


def _slices(
    machines: Mapping[str, Machine], costs: DayCost, day_ms: int, until_ms: int, *, estimated: bool
) -> list[Slice]:
    """The parts of each machine's day; they add up to its cost."""
    found = []
    for name, machine in machines.items():
        cost, currency = costs[name, day_ms]
        parts = split_machine(machine, day_ms, until_ms, SharePolicy.ALLOCATED)
        for part, amount in zip(parts, apportion(cost, [one.gpu_ms for one in parts]), strict=True):
            hours = float(part.gpu_ms) / _HOUR_MS
            found.append(Slice(day_ms, name, "", part.owner, part.use, hours, amount, currency, estimated))
    return found


def _named(one: Slice, node: str) -> Slice:
    return Slice(
        one.day_ms, one.resource, node, one.holder, one.use, one.gpu_hours, one.cost, one.currency, one.estimated
    )
