"""`RunReports`: reports of runs, one in full or a list of them, over the stores and the engine."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.scheduled import Holding, Scheduled
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.runs import activity as activities
from trimtab.kpis.runs import billed
from trimtab.kpis.runs.cost import Prices
from trimtab.kpis.runs.report import RunReport, report_of

MOST_HOLDINGS = 20_000
"""Runs of a range whose GPUs are looked at: the last submitted of more."""


@dataclass(frozen=True, slots=True)
class RunReports:
    """What pages and the API ask of runs. `reader` is of metrics, `bill` of costs."""

    reader: Reader
    registry: Registry
    room: InventoryRoom
    bill: billed.CostReader
    clock: Clock

    async def one(self, scope: Scope, job: str, cluster: str = "") -> RunReport:
        """A run in full. Raises NotFound, QueryAborted, Unavailable."""
        run = await self.room.runs.one(scope, job, cluster)
        now_ms = self.clock.now_ms()
        found = await activities.read(self.reader, self.registry, _sight(scope), [run], 0, now_ms)
        stretches = await self.room.runs.stretches([run.key])
        return report_of(run, found.get(run.key), await self.prices([run]), now_ms, stretches.get(run.key, ()))

    async def listed(self, scope: Scope, wanted: RunFilter, limit: int, after: RunKey | None = None) -> list[RunReport]:
        """Runs, the last submitted first. Their activity is of steps that fit the longest of them, so coarser than of
        one. Raises QueryAborted, Unavailable.
        """
        return await self.reports(scope, await self.room.runs.listed(scope, wanted, limit, after))

    async def priced(self, scope: Scope, wanted: RunFilter, limit: int) -> list[RunReport]:
        """The same without activity and losses, for who asks what runs cost: no metric is read. Raises as `listed`."""
        runs, now_ms = await self.room.runs.listed(scope, wanted, limit), self.clock.now_ms()
        prices = await self.prices(runs)
        return await asyncio.to_thread(lambda: [report_of(run, None, prices, now_ms) for run in runs])

    async def reports(self, scope: Scope, runs: Sequence[Run]) -> list[RunReport]:
        """The reports of runs. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        found = await activities.read(self.reader, self.registry, _sight(scope), runs, 0, now_ms)
        prices = await self.prices(runs)
        return await asyncio.to_thread(lambda: [report_of(run, found.get(run.key), prices, now_ms) for run in runs])

    @property
    def scheduled(self) -> Scheduled:
        """What schedulers tell the GPU-hours."""
        return Scheduled(self.room.nodes.out_of_use, self.holdings)

    async def holdings(self, scope: Scope, start_ms: int, end_ms: int) -> list[Holding]:
        """Who held which GPUs in a range, as far as schedulers name them or gave whole nodes."""
        wanted = RunFilter(start_ms=start_ms, end_ms=end_ms)
        found = await self.room.runs.listed(scope, wanted, MOST_HOLDINGS)
        return [one for run in found if run.start_ms is not None for one in _holdings(run, end_ms)]

    async def prices(self, runs: Sequence[Run]) -> Prices:
        """All that the prices of runs rest on."""
        nodes = {(one.cluster, one.name): one for one in await self.room.nodes.all(EVERYTHING)}
        names = {part.node for run in runs for part in run.held} | {name for run in runs for name in run.node_names}
        resources = await self.room.resources.by_name(sorted(names))
        prices = Prices(await self.room.pricing(), nodes, resources)
        started = [run for run in runs if run.start_ms is not None]
        ids = {prices.instance_of(run.key.cluster, part.node) for run in started for part in run.held} - {""}
        if not ids:
            return prices
        first = min(run.start_ms or 0 for run in started)
        days = await billed.read(self.bill, EVERYTHING, sorted(ids), first, self.clock.now_ms())
        return replace(prices, billed=days)


def _holdings(run: Run, end_ms: int) -> Iterator[Holding]:
    for part in run.held:
        begun = part.start_ms if part.start_ms is not None else run.start_ms
        ended = part.end_ms if part.end_ms is not None else run.end_ms
        yield Holding(
            part.node,
            begun or 0,
            end_ms if ended is None else ended,
            run.team,
            tuple(map(str, part.indexes)),
            part.uuids,
            run.whole_nodes,
        )


def _sight(scope: Scope) -> Scope:
    """Where GPUs of runs report. Who may see a run may see what its GPUs did, whatever tags their series have."""
    return Scope(accounts=scope.accounts)
