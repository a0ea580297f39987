"""Jobs of commands, of the file that allows them: kept, begun where a slot is free, ended, and tried again.

A job is one row beside the other batch jobs. Attempts are processes of this server; those of one that ended in whatever
way are lost with it, and count as attempts.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.batch.commands.file import BatchFile
from trimtab.batch.commands.model import OVER, RUNNABLE, RUNNING, SUCCEEDED, UNDER_WAY, CommandJob
from trimtab.batch.commands.process import Ended, Run, run
from trimtab.batch.commands.submission import OWN, Submission, job_of
from trimtab.batch.report import Report
from trimtab.batch.store import COMMAND, JobStore, KeptJob

ACTIVE = ("Queued", "InProgress")
_MOST_ACTIVE = 1000
_MOST_LISTED = 10_000
_SHOWN = 1000


class _Running(Struct, eq=False):
    """An attempt under way."""

    task: "asyncio.Task[None]"
    queue: str
    stop: asyncio.Event


class CommandJobs(Struct):
    """The jobs of one server. `folder` is where attempts write; `file` says what may run."""

    store: JobStore
    clock: Clock
    folder: Path
    file: BatchFile = field(default_factory=BatchFile)
    _running: dict[tuple[str, int], _Running] = field(default_factory=dict)

    async def submit(self, place: tuple[str, str], asked: Submission) -> CommandJob:
        """Take a job for (account, region). Raises Off, InvalidInput, LimitExceeded."""
        job, scope = job_of(asked, self.file, new_id(), self.clock.now_ms()), _of(place[0])
        for id_ in job.depends_on:
            if await self._known(scope, id_) is None:
                raise InvalidInput(f"cannot depend on job {id_}: it does not exist")
        active = await self.store.listed(EVERYTHING, source=COMMAND, statuses=ACTIVE, most=_MOST_ACTIVE)
        if len(active) >= _MOST_ACTIVE:
            raise LimitExceeded(f"{_MOST_ACTIVE} jobs wait or run already")
        await self.store.put(_kept(job, place))
        return job

    async def listed(self, scope: Scope) -> list[tuple[KeptJob, CommandJob]]:
        """Jobs, the last submitted first."""
        return [(one, _job(one)) for one in await self.store.listed(scope, source=COMMAND, most=_MOST_LISTED)]

    async def get(self, scope: Scope, id_: str) -> tuple[KeptJob, CommandJob, int | None]:
        """A job by its id, or a part of an array by `id:index`. Raises NotFound."""
        name, _, index = id_.partition(":")
        kept = await self.store.get(scope, name)
        if kept.source != COMMAND:
            raise NotFound(f"there is no job {id_}")
        job = _job(kept)
        if not index:
            return kept, job, None
        if not index.isascii() or not index.isdigit() or int(index) >= job.size:
            raise NotFound(f"there is no job {id_}")
        return kept, job, int(index)

    async def cancel(self, scope: Scope, id_: str, reason: str) -> None:
        """End what has not begun. Raises NotFound."""
        _, job, index = await self.get(scope, id_)
        parts = range(len(job.parts)) if index is None else (index,)
        now_ms = self.clock.now_ms()
        await self._change(job.id, lambda one: one.cancel(parts, reason, now_ms))

    async def terminate(self, scope: Scope, id_: str, reason: str) -> None:
        """End a job, also what runs. Raises NotFound."""
        _, job, index = await self.get(scope, id_)
        parts = range(len(job.parts)) if index is None else (index,)
        now_ms = self.clock.now_ms()
        await self._change(job.id, lambda one: one.terminate(parts, reason, now_ms))
        for part in parts:
            if (job.id, part) in self._running:
                self._running[job.id, part].stop.set()

    async def turn(self) -> None:
        """Look at all jobs that are not over: what is lost, what may begin, what is to end. The lock must be held."""
        self._running = {key: one for key, one in self._running.items() if not one.task.done()}
        kept = await self.store.listed(EVERYTHING, source=COMMAND, statuses=ACTIVE, most=_MOST_ACTIVE)
        jobs = [(one, _job(one)) for one in reversed(kept)]
        for row, job in jobs:
            await self._prepare(row, job)
        for row, job in sorted(jobs, key=lambda one: -self._priority(one[1])):
            for index in self._runnable(job):
                await self._begin(row, job, index)

    async def close(self) -> None:
        """End what runs; the next turn counts it as lost."""
        tasks = [one.task for one in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    async def forget(self, job_id: str) -> None:
        """Remove what a job's attempts wrote."""
        await asyncio.to_thread(shutil.rmtree, self.folder / job_id, ignore_errors=True)

    def log(self, job: CommandJob, index: int, attempt: int) -> Path:
        """Where an attempt writes what it says."""
        return self.folder / job.id / str(index) / f"{attempt}.log"

    async def _prepare(self, row: KeptJob, job: CommandJob) -> None:
        """Move a job on in place, and keep it where it changed."""
        lost = [
            index
            for index, one in enumerate(job.parts)
            if one.status in UNDER_WAY and (job.id, index) not in self._running
        ]
        others = {id_: await self._known(_of(row.account), id_) for id_ in job.depends_on}
        now_ms, before = self.clock.now_ms(), msgspec.json.encode(job)

        def move(one: CommandJob) -> None:
            one.lose(lost, now_ms)
            one.ready(others, now_ms)

        move(job)
        if msgspec.json.encode(job) != before:
            await self._change(job.id, move)
        for index, part in enumerate(job.parts):
            if part.terminated and (job.id, index) in self._running:
                self._running[job.id, index].stop.set()

    def _runnable(self, job: CommandJob) -> Iterator[int]:
        """The parts that a free slot of the job's queue takes now."""
        queue = self.file.queues.get(job.queue)
        if queue is None:  # it is no longer in the file: the job waits
            return
        for index, part in enumerate(job.parts):
            if sum(one.queue == job.queue for one in self._running.values()) >= queue.slots:
                return
            if part.status == RUNNABLE and (job.id, index) not in self._running:
                yield index

    def _priority(self, job: CommandJob) -> int:
        queue = self.file.queues.get(job.queue)
        return queue.priority if queue is not None else 0

    async def _begin(self, row: KeptJob, job: CommandJob, index: int) -> None:
        now_ms = self.clock.now_ms()
        changed = await self._change(
            job.id, lambda one: one.begin(index, now_ms) if one.parts[index].status == RUNNABLE else 0
        )
        part = changed.parts[index]
        if part.status not in UNDER_WAY:  # it was cancelled meanwhile
            return
        stop = asyncio.Event()
        task = asyncio.create_task(self._attempt(changed, index, len(part.attempts), stop))
        self._running[job.id, index] = _Running(task, job.queue, stop)

    async def _attempt(self, job: CommandJob, index: int, number: int, stop: asyncio.Event) -> None:
        def runs(one: CommandJob) -> None:
            one.parts[index].status = RUNNING

        def began() -> "asyncio.Task[CommandJob]":
            return asyncio.create_task(self._change(job.id, runs))

        what = Run(job.command, job.directory, self._environment(job, index, number), self.log(job, index, number),
                   job.timeout_s)  # fmt: skip
        noted: list[asyncio.Task[CommandJob]] = []
        ended = await run(what, lambda: noted.append(began()), stop)
        await asyncio.gather(*noted)
        if ended.exit_code and not ended.reason:
            ended = Ended(ended.exit_code, await asyncio.to_thread(_last_line, what.log), ended.status_reason)
        now_ms = self.clock.now_ms()
        end = partial(CommandJob.end, index=index, now_ms=now_ms, exit_code=ended.exit_code, reason=ended.reason,
                      status_reason=ended.status_reason)  # fmt: skip
        await self._change(job.id, end)

    def _environment(self, job: CommandJob, index: int, number: int) -> dict[str, str]:
        own = {
            f"{OWN}_JOB_ID": f"{job.id}:{index}" if job.size else job.id,
            f"{OWN}_JQ_NAME": job.queue,
            f"{OWN}_CE_NAME": "trimtab",
            f"{OWN}_JOB_ATTEMPT": str(number),
        }
        if job.size:
            own |= {f"{OWN}_JOB_ARRAY_INDEX": str(index), f"{OWN}_JOB_ARRAY_SIZE": str(job.size)}
        return {**job.environment, **own}

    async def _known(self, scope: Scope, id_: str) -> CommandJob | None:
        with contextlib.suppress(NotFound):
            return (await self.get(scope, id_))[1]
        return None

    async def _change(self, id_: str, work: Callable[[CommandJob], object]) -> CommandJob:
        """Change a job by `work`, in one transaction. Raises NotFound."""

        def change(kept: KeptJob) -> KeptJob:
            job = _job(kept)
            work(job)
            return _kept(job, (kept.account, kept.region))

        return _job(await self.store.change(id_, change))


def _of(account: str) -> Scope:
    return Scope(accounts=frozenset({account}))


def _job(kept: KeptJob) -> CommandJob:
    return typed.decode(kept.form, type=CommandJob)


def _kept(job: CommandJob, place: tuple[str, str]) -> KeptJob:
    """A job as the other batch jobs are kept: its report is what pages show, its form the whole."""
    report = report_of(job)
    body = msgspec.json.encode(report).decode()
    form = msgspec.json.encode(job).decode()
    return KeptJob(job.id, *place, COMMAND, job.name, report.status, job.created_ms, 0, body, form)


def report_of(job: CommandJob) -> Report:
    """How far a job is, in parts: those that are over, and of them the ones that failed."""
    over = [one for one in job.parts if one.status in OVER]
    failed = [one for one in over if one.status != SUCCEEDED]
    ended = job.stopped_ms or max((one.attempts[-1].started_ms for one in job.parts if one.attempts), default=0)
    told = [f"{index}: {one.reason}"[:_SHOWN] for index, one in enumerate(job.parts) if one.status == "FAILED"]
    return Report(
        job.id, job.name, _status(job), job.created_ms, model=" ".join(job.command)[:_SHOWN],
        input=f"queue {job.queue}", output=f"job definition {job.definition}", backend="commands",
        pieces_total=len(job.parts),
        pieces_done=len(over), errors=len(failed), requests=sum(len(one.attempts) for one in job.parts),
        seconds=max(0, ended - (job.started_ms or ended)) / 1000,
        workers=sum(one.status in UNDER_WAY for one in job.parts),
        problem=failed[0].reason[:_SHOWN] if failed else "", first_errors=told[:10] if job.size else [],
    )  # fmt: skip


def _status(job: CommandJob) -> Literal["Queued", "InProgress", "Completed", "Failed"]:
    if job.over:
        return "Completed" if job.status == SUCCEEDED else "Failed"
    return "InProgress" if any(one.attempts for one in job.parts) else "Queued"


def _last_line(log: Path) -> str:
    """The last line that an attempt wrote: most often why it failed."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines: Sequence[str] = file.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:_SHOWN] if lines else ""
    return ""
