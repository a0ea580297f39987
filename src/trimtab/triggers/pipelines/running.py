"""The job that starts runs and follows them to their end, and the log of runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound, TrimtabError
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import pipeline_causes, pipeline_runs
from trimtab.store.state.upcoming import Upcoming
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.pipelines.model import Cause, Run, RunState
from trimtab.triggers.pipelines.planning import run_of
from trimtab.triggers.pipelines.starters import Progress, Starter, never
from trimtab.triggers.queue import delay_s

_ALIVE = (RunState.WAITING.value, RunState.RUNNING.value)
_A_TURN = 100
_MOST_ATTEMPTS = 50
"""How often a start is tried: with the longest delay, some four hours."""
SOURCE, DETAIL_TYPE = "trimtab.pipelines", "Pipeline Run State Change"
_runs = pipeline_runs.c


class PipelineRuns:
    """Starts what is planned. `may_start` is asked before each: of several servers one starts."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        intake: Intake,
        starters: Mapping[str, Starter],
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        self._state = state
        self._clock = clock
        self._intake = intake
        self._starters = starters
        self._may_start = may_start
        self._upcoming = Upcoming(state, select(func.min(_runs.next_ms)).where(_runs.state.in_(_ALIVE)))

    async def turn(self) -> int:
        """Start or look at every run that is due; returns how many."""
        if not await self._upcoming.due(self._clock.now_ms()):
            return 0
        query = select(pipeline_runs).where(_runs.state.in_(_ALIVE), _runs.next_ms <= self._clock.now_ms())
        rows = await self._state.read(
            lambda connection: connection.execute(query.order_by(_runs.at_ms).limit(_A_TURN)).all()
        )
        for row in rows:
            if not self._may_start():
                break
            await self._step(run_of(row))
        return len(rows)

    async def _step(self, run: Run) -> None:
        starter = self._starters[run.kind]
        begun = run.state is RunState.WAITING
        try:
            progress = await (starter.start(run) if begun else starter.look(run))
        except TrimtabError as problem:
            await self._state.change(partial(self._missed, run=run, problem=problem))
            return
        await self._state.change(partial(self._note, run=run, progress=progress))

    def _missed(self, connection: Connection, run: Run, problem: TrimtabError) -> None:
        """A start or a look failed: again later, or never."""
        attempts = run.attempts + 1
        if run.state is RunState.WAITING and (
            never(problem) or isinstance(problem, NotFound) or attempts >= _MOST_ATTEMPTS
        ):
            self._note(connection, run, Progress(RunState.FAILED, f"not started: {problem}"))
            return
        wait_ms = round(1000 * delay_s(run.id, attempts))
        values = {"attempts": attempts, "next_ms": self._clock.now_ms() + wait_ms, "outcome": str(problem)}
        connection.execute(update(pipeline_runs).where(_runs.id == run.id).values(values))

    def _note(self, connection: Connection, run: Run, progress: Progress) -> None:
        now_ms = self._clock.now_ms()
        values: dict[str, Any] = {"state": progress.state.value, "next_ms": now_ms + round(1000 * progress.every_s)}
        if progress.external:
            values["external"] = progress.external
        if progress.state is not RunState.FAILED or run.started_ms is not None:
            values["started_ms"] = run.started_ms if run.started_ms is not None else now_ms
        if progress.state.over:
            values |= {"finished_ms": now_ms, "outcome": progress.outcome, "output": progress.output}
        connection.execute(update(pipeline_runs).where(_runs.id == run.id).values(values))
        if progress.state is not run.state:
            self._tell(connection, run, progress, now_ms)

    def _tell(self, connection: Connection, run: Run, progress: Progress, now_ms: int) -> None:
        """Put the change of state on the default bus, in the same transaction."""
        id_ = stable_id("run state", run.id, progress.state.value)
        detail = {
            "run": run.id,
            "pipeline": run.pipeline,
            "state": progress.state.value,
            "previousState": run.state.value,
            "cause": run.why,
            "outcome": progress.outcome,
        }
        event = make_event(
            run.place,
            run.place.bus(""),
            source=SOURCE,
            detail_type=DETAIL_TYPE,
            detail=detail,
            at_ms=now_ms,
            id_=id_,
            resources=[run.place.arn("trimtab", f"pipeline/{run.pipeline}")],
        )
        self._intake.put_in(connection, [event])


class RunLog:
    """What was started and why."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def page(
        self, account: str | None, *, pipeline: str | None = None, before_ms: int | None = None, limit: int = 100
    ) -> list[Run]:
        """Runs, those of the newest causes first."""
        query = select(pipeline_runs).order_by(_runs.at_ms.desc(), _runs.id).limit(limit)
        if account is not None:
            query = query.where(_runs.account == account)
        if pipeline:
            query = query.where(_runs.pipeline == pipeline)
        if before_ms is not None:
            query = query.where(_runs.at_ms < before_ms)
        return await self._state.read(lambda connection: [run_of(row) for row in connection.execute(query)])

    async def get(self, account: str | None, id_: str) -> Run:
        """One run. Raises NotFound."""
        row = await self._state.read(
            lambda connection: connection.execute(select(pipeline_runs).where(_runs.id == id_)).first()
        )
        if row is None or account not in (None, row.account):
            raise NotFound(f"cannot find the run {id_[:100]!r}")
        return run_of(row)

    async def causes(self, runs: Sequence[str]) -> dict[str, list[Cause]]:
        """The causes of runs, by run, the first first."""
        columns = pipeline_causes.c
        query = select(pipeline_causes).where(columns.run.in_(list(runs))).order_by(columns.folded, columns.at_ms)
        found: dict[str, list[Cause]] = {}
        for row in await self._state.read(lambda connection: connection.execute(query).all()):
            cause = Cause(row.delivery, row.run, row.event, row.rule, row.title, row.at_ms, bool(row.folded))
            found.setdefault(row.run, []).append(cause)
        return found
