"""Reports of runs, made once for pages, REST, datasets and advice: with what runs themselves tell of their progress."""

from collections.abc import Mapping, Sequence

from trimtab.access.scope import Scope
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.phases.told import Doing, Told
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.runs.reader import RunReports
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.profiles.store import ProfileStore
from trimtab.progress.course import Course, Phase
from trimtab.progress.pace import paces_of
from trimtab.progress.room import ProgressRoom

_DOING = {
    Phase.TRAINING: Doing.STEPS,
    Phase.EVALUATION: Doing.STEPS,
    Phase.RECOMPUTED: Doing.REPEATS,
    Phase.CHECKPOINT: Doing.SAVES,
    Phase.UNEXPLAINED: Doing.NO_STEPS,
}
"""A start-up says nothing: what does no steps yet may still load or compile."""
_SILENT_STEPS = 5
"""Usual steps without a word after which a run that tells its steps does none."""


def run_reports(
    reader: MetricReader,
    registry: SeriesRegistry,
    inventory: InventoryRoom,
    progress: ProgressRoom,
    profiles: ProfileStore,
    health: HealthReader,
) -> RunReports:
    """The reports of one server, over the ledger that `health` reads too."""
    clock = health.clock

    async def told(scope: Scope, runs: Sequence[Run]) -> Mapping[RunKey, Sequence[Told]]:
        return await _told(progress, scope, runs, clock.now_ms())

    async def paces(scope: Scope, runs: Sequence[Run]) -> Mapping[RunKey, RankPaces]:
        return await paces_of(reader, registry, Scope(accounts=scope.accounts), runs, clock.now_ms())

    return RunReports(reader, registry, inventory, health.ledger, clock, profiles, told, paces, health)


async def _told(
    progress: ProgressRoom, scope: Scope, runs: Sequence[Run], now_ms: int
) -> Mapping[RunKey, Sequence[Told]]:
    courses = await progress.courses(scope, runs)
    ends = {run.key: now_ms if run.end_ms is None else run.end_ms for run in runs}
    return {key: told_of(course, ends[key]) for key, course in courses.items()}


def told_of(course: Course, end_ms: int) -> list[Told]:
    """What a course says until `end_ms`: a run that told its steps and tells no more does none."""
    told = [Told(one.from_ms, one.to_ms, _DOING[one.phase]) for one in course.spans if one.phase in _DOING]
    if course.step_s is not None and not course.ended:
        silent = course.last_ms + round(_SILENT_STEPS * course.step_s * 1000)
        if silent < end_ms:
            told.append(Told(silent, end_ms, Doing.NO_STEPS))
    return told
