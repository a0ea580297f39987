"""`RunReports`: reports of runs, one in full or a list of them, over the stores and the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.concepts import Registry
from trimtab.kpis.context import Reader
from trimtab.kpis.runs import activity as activities
from trimtab.kpis.runs import billed
from trimtab.kpis.runs.cost import Prices
from trimtab.kpis.runs.report import RunReport, report_of


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

    async def reports(self, scope: Scope, runs: Sequence[Run]) -> list[RunReport]:
        """The reports of runs. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        found = await activities.read(self.reader, self.registry, _sight(scope), runs, 0, now_ms)
        prices = await self.prices(runs)
        return [report_of(run, found.get(run.key), prices, now_ms) for run in runs]

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


def _sight(scope: Scope) -> Scope:
    """Where GPUs of runs report. Who may see a run may see what its GPUs did, whatever tags their series have."""
    return Scope(accounts=scope.accounts)
