"""`RunReports`: reports of runs, one in full or a list of them, over the ledger, the stores and the engine."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.fleet.claims import holder_name
from trimtab.fleet.health.room import HealthReport
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.phases.told import Told
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.runs import activity as activities
from trimtab.kpis.runs import phases as gpu_phases
from trimtab.kpis.runs.cost import RunHours, hours_of
from trimtab.kpis.runs.profile import profile_of
from trimtab.kpis.runs.report import Attempt, RunReport, report_of
from trimtab.profiles.store import ProfileStore

Span = tuple[int, int]
Telling = Callable[[Scope, Sequence[Run]], Awaitable[Mapping[RunKey, Sequence[Told]]]]
"""What runs say of themselves. Raises QueryAborted, Unavailable."""
Pacing = Callable[[Scope, Sequence[Run]], Awaitable[Mapping[RunKey, RankPaces]]]
"""How the ranks of runs compare, of those whose ranks tell it. Raises QueryAborted, Unavailable."""


class RunHealth(Protocol):
    """What is asked of `fleet.health.room.HealthReader`."""

    async def of_run(self, run: Run, sight: Scope) -> HealthReport:
        """The faults of a run's GPUs while it held them. Raises QueryAborted, Unavailable."""
        ...


class RunReports(Struct, frozen=True):
    """What pages and the API ask of runs. `reader` is of metrics, `ledger` of GPU time and what it cost.

    Without `profiles` no run has one. `told` asks what runs say of their own progress, `paces` how their ranks compare,
    `health` what faults the GPUs of a run had.
    """

    reader: MatrixReader
    registry: Registry
    room: InventoryRoom
    ledger: HoursReader
    clock: Clock
    profiles: ProfileStore | None = None
    told: Telling | None = None
    paces: Pacing | None = None
    health: RunHealth | None = None

    async def one(self, scope: Scope, job: str, cluster: str = "") -> RunReport:
        """A run in full: its whole life. Raises NotFound, QueryAborted, Unavailable."""
        run = await self.room.runs.one(scope, job, cluster)
        now_ms = self.clock.now_ms()
        sight = self.reader, self.registry, _sight(scope)
        found = await activities.read(*sight, [run], 0, now_ms)
        paces, told = await self._paces(scope, [run]), await self._told(scope, [run])
        did = await gpu_phases.read(*sight, [run], found, told, paces=paces)
        stretches = (await self.room.runs.stretches([run.key])).get(run.key, ())
        others = (await self.room.runs.attempts([run])).get(run.key, ())
        hours = await self._hours([run, *others], None)
        mine = hours.get(holder_name(run), RunHours())
        report = report_of(run, found.get(run.key), did.get(run.key), mine, now_ms, stretches, paces.get(run.key))
        held = [(one, hours.get(holder_name(one), RunHours())) for one in others]
        report = replace(report, attempts=tuple(Attempt(one, theirs.held, theirs.cost) for one, theirs in held))
        if self.health is not None:
            report = replace(report, health=await self.health.of_run(run, _sight(scope)))
        kept = await self.profiles.of(run.key) if self.profiles is not None else None
        if kept is None:
            return report
        profile = await asyncio.to_thread(profile_of, kept, mine.cost, run.gpus)
        return replace(report, profile=profile)

    async def priced_one(self, scope: Scope, job: str, cluster: str = "") -> RunReport:
        """A run's whole life without activity and losses: no metric is read. Raises NotFound, Unavailable."""
        run, now_ms = await self.room.runs.one(scope, job, cluster), self.clock.now_ms()
        hours = await self._hours([run], None)
        return report_of(run, None, None, hours.get(holder_name(run), RunHours()), now_ms)

    async def listed(self, scope: Scope, wanted: RunFilter, limit: int, after: RunKey | None = None) -> list[RunReport]:
        """Runs, the last submitted first: what they held, did and cost within the range of the filter, or in their
        whole lives where it has none. Their losses are of steps that fit the longest of them, so coarser than of one.
        Raises QueryAborted, Unavailable.
        """
        return await self.reports(scope, await self.room.runs.listed(scope, wanted, limit, after), self._span(wanted))

    async def priced(self, scope: Scope, wanted: RunFilter, limit: int) -> list[RunReport]:
        """The same without activity and losses, for who asks what runs cost: no metric is read. Raises as `listed`."""
        runs, now_ms = await self.room.runs.listed(scope, wanted, limit), self.clock.now_ms()
        hours = await self._hours(runs, self._span(wanted))
        return await asyncio.to_thread(
            lambda: [report_of(run, None, None, hours.get(holder_name(run), RunHours()), now_ms) for run in runs]
        )

    async def held_hours(self, runs: Sequence[Run]) -> dict[RunKey, float]:
        """GPU-hours that runs held in their whole lives, all attempts of each, by the ledger. Raises Unavailable."""
        others = await self.room.runs.attempts(runs)
        hours = await self._hours([*runs, *(one for mine in others.values() for one in mine)], None)
        known = {run.key: [holder_name(one) for one in (run, *others.get(run.key, ()))] for run in runs}
        return {
            key: sum(hours[name].held for name in names if name in hours)
            for key, names in known.items()
            if any(name in hours for name in names)
        }

    async def reports(self, scope: Scope, runs: Sequence[Run], span: Span | None = None) -> list[RunReport]:
        """The reports of runs within a span; without one, of their whole lives. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        first, last = span or (0, now_ms)
        sight = self.reader, self.registry, _sight(scope)
        found, paces, told, hours = await asyncio.gather(
            activities.read(*sight, runs, first, last),
            self._paces(scope, runs),
            self._told(scope, runs),
            self._hours(runs, span),
        )
        did = await gpu_phases.read(*sight, runs, found, told, paces=paces)

        def reports() -> list[RunReport]:
            return [
                report_of(
                    run, found.get(run.key), did.get(run.key), hours.get(holder_name(run), RunHours()), now_ms,
                    pace=paces.get(run.key),
                )
                for run in runs
            ]  # fmt: skip

        return await asyncio.to_thread(reports)

    async def _told(self, scope: Scope, runs: Sequence[Run]) -> Mapping[RunKey, Sequence[Told]]:
        return await self.told(scope, runs) if self.told is not None else {}

    async def _paces(self, scope: Scope, runs: Sequence[Run]) -> Mapping[RunKey, RankPaces]:
        return await self.paces(scope, runs) if self.paces is not None else {}

    def _span(self, wanted: RunFilter) -> Span | None:
        now_ms = self.clock.now_ms()
        if wanted.start_ms is None:
            return None
        return wanted.start_ms, min(wanted.end_ms or now_ms, now_ms)

    async def _hours(self, runs: Sequence[Run], span: Span | None) -> dict[str, RunHours]:
        """By holder what it held of the ledger and what that cost."""
        now_ms = self.clock.now_ms()
        started = [run for run in runs if run.start_ms is not None and run.gpus > 0]
        if not started:
            return {}
        if span is None:
            first = min(run.start_ms or 0 for run in started)
            last = max(now_ms if run.end_ms is None else run.end_ms for run in started)
            span = first, max(last, first + 1)
        costed = await self.ledger.costed(EVERYTHING, *span)
        return await asyncio.to_thread(hours_of, costed, [holder_name(run) for run in started])


def _sight(scope: Scope) -> Scope:
    """Where GPUs of runs report. Who may see a run may see what its GPUs did, whatever tags their series have."""
    return Scope(accounts=scope.accounts)
