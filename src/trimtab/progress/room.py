"""`ProgressRoom`: what runs have done and what energy they used, over the stores and the engine."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.fleet.health.impact import Milestones
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.attempts import whole_key
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.inventory.runs.store import RunStore
from trimtab.jobs.periodic import Job
from trimtab.progress import series
from trimtab.progress.course import Course, course_of
from trimtab.progress.intake import FLUSH_S, LineIntake
from trimtab.progress.milestones import milestones_of
from trimtab.progress.mllog import TrainingLog
from trimtab.progress.model import Mark, MarkKind
from trimtab.progress.report import RunEnergy, RunProgress, report_of, workload_of
from trimtab.progress.store import Kept, ProgressStore, Told
from trimtab.store.state.database import State

_MOST_ASKED = 20
"""Runs whose metrics are asked one by one."""
_NOT_ASKED = RunEnergy((), "a list does not ask for energy: the run's own page does")


class ProgressRoom(Struct, frozen=True):
    """What pages and the API ask of progress. `intake` is the tap for log lines."""

    runs: RunStore
    store: ProgressStore
    intake: LineIntake
    reader: Reader
    registry: Registry
    clock: Clock

    @classmethod
    def of(cls, state: State, runs: RunStore, reader: Reader, registry: Registry, clock: Clock) -> "ProgressRoom":
        """The room over open stores."""
        store = ProgressStore(state, clock)
        return cls(runs, store, LineIntake(runs, store, clock), reader, registry, clock)

    async def one(self, scope: Scope, run: Run, held_hours: float, others: Sequence[Run] = ()) -> RunProgress:
        """The progress of a run that the scope sees, with its energy: of all its attempts, of which `others` are the
        others and `held_hours` all that they held.

        What lines, callbacks and imports told comes first; metrics are asked where these told no step.
        Raises QueryAborted, Unavailable.
        """
        now_ms = self.clock.now_ms()
        sight = Scope(accounts=scope.accounts)  # who may see a run may see what it did, whatever its series' tags
        every = [await series.energy_of(self.reader, self.registry, sight, one, now_ms) for one in (*others, run)]
        energy = RunEnergy(tuple(part for one in every for part in one.parts), every[-1].reason)
        return _report(run, await self._all_of(sight, run, now_ms), held_hours, energy)

    async def listed(self, runs: Sequence[Run], held_hours: Mapping[RunKey, float]) -> dict[RunKey, RunProgress]:
        """The progress of runs as it was told, without metrics and energy; runs without any are absent."""
        kept = await self.store.of(run.key for run in runs)

        def reports() -> dict[RunKey, RunProgress]:
            return {
                run.key: _report(run, kept[run.key], held_hours.get(run.key, 0.0), _NOT_ASKED)
                for run in runs
                if run.key in kept
            }

        return await asyncio.to_thread(reports)  # of thousands of runs it takes seconds

    async def courses(self, scope: Scope, runs: Sequence[Run]) -> dict[RunKey, Course]:
        """What runs did as they told it; metrics are asked of a single run that told no step. Raises QueryAborted,
        Unavailable."""
        if len(runs) == 1:
            kept = {runs[0].key: await self._all_of(Scope(accounts=scope.accounts), runs[0], self.clock.now_ms())}
        else:
            kept = {**await self.store.of(run.key for run in runs)}

        def folded() -> dict[RunKey, Course]:
            found = {}
            for run in runs:
                mine = kept.get(run.key)
                course = None if mine is None else course_of(mine.marks, mine.workload.or_else(workload_of(run)))
                if course is not None:
                    found[run.key] = course
            return found

        return await asyncio.to_thread(folded)

    async def milestones(self, runs: Sequence[Run]) -> dict[RunKey, Milestones]:
        """When runs saved and started again, of those that told of it; metrics are asked of few runs only. Raises
        QueryAborted, Unavailable."""
        known = await self.store.of({whole_key(run.key) for run in runs})
        kept = {run.key: known[whole_key(run.key)] for run in runs if whole_key(run.key) in known}
        if len(runs) <= _MOST_ASKED:
            now_ms, found = self.clock.now_ms(), dict(kept)
            for run in runs:
                whole = await self._all_of(Scope(accounts=frozenset({run.key.account})), run, now_ms)
                if whole is not None:
                    found[run.key] = whole
            kept = found
        return {key: milestones_of(one.marks) for key, one in kept.items()}

    async def _all_of(self, sight: Scope, run: Run, now_ms: int) -> Kept | None:
        """What was told of a run, with its metrics where lines, callbacks and imports told no step."""
        whole = whole_key(run.key)
        kept = (await self.store.of([whole])).get(whole)
        if kept is not None and _moves(kept.marks):
            return kept
        told = await series.marks_of(self.reader, self.registry, sight, run, now_ms)
        if not told.marks:
            return kept
        before = kept or Kept((), workload_of(run), ())
        names = (f"metrics {', '.join(told.metrics)}",)
        return Kept((*before.marks, *told.marks), before.workload, (*before.sources, *names))

    async def take(self, told: Told) -> int:
        """Take in what somebody told of a run; 1 where something is new."""
        return await self.store.add([told])

    async def import_log(self, key: RunKey, log: TrainingLog, nodes: int) -> int:
        """Take in an MLPerf log as a run and its progress; 1 where something is new. A repeat changes nothing."""
        run = run_of_log(key, log, nodes, self.clock.now_ms())
        taken = await self.runs.put([run], self.clock.now_ms())
        return max(await self.take(Told(key, "MLPerf log", log.marks, log.workload)), min(taken.changed, 1))

    def jobs(self) -> list[Job]:
        """What the server does by itself."""
        return [Job("give log lines of training to their runs", FLUSH_S, self.intake.flush, at_stop=True)]


def _moves(marks: Sequence[Mark]) -> bool:
    return any(one.kind in (MarkKind.STEP, MarkKind.TRAIN) for one in marks)


def _report(run: Run, kept: Kept | None, held_hours: float, energy: RunEnergy) -> RunProgress:
    own = workload_of(run)
    workload = kept.workload.or_else(own) if kept is not None else own
    course = course_of(kept.marks, workload) if kept is not None else None
    return report_of(course, workload, held_hours, energy, kept.sources if kept is not None else ())


def run_of_log(key: RunKey, log: TrainingLog, nodes: int, now_ms: int) -> Run:
    """The run that an MLPerf log is of: it held its accelerators from its start-up to its end."""
    begun = log.began_ms if log.began_ms is not None else now_ms
    ended = log.ended_ms
    known = log.workload
    facts = {
        name: str(log.facts[fact])[:512]
        for name, fact in (("submitter", "submission_org"), ("platform", "submission_platform"), ("seed", "seed"))
        if log.facts.get(fact) not in (None, "")
    }
    state = RunState.COMPLETED if log.status in ("", "success") else RunState.FAILED
    return Run(
        key=key,
        scheduler="mlperf",
        state=RunState.LOST if ended is None else state,
        submit_ms=begun,
        name=(log.benchmark or key.job)[:512],
        reason=log.status[:512],
        start_ms=begun,
        end_ms=max(ended if ended is not None else begun, begun),
        gpus=known.accelerators,
        gpu_type=known.accelerator[:128],
        nodes=nodes,
        tags={"benchmark": log.benchmark[:512], **facts} if log.benchmark else facts,
        held=(Held("", known.accelerators),) if known.accelerators else (),
    )
