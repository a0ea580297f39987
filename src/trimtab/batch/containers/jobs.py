"""Training and processing jobs of SageMaker's API, run on the local pool: this machine, a process each.

An image stands for a command of the settings' file (`commands.py`); one that the file does not name fails, and says so.
What ran when a server ended is lost with it: the job is begun again where its RetryStrategy lets it, else it fails.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Throttled, TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.batch.commands.file import BatchFile
from trimtab.batch.commands.model import TIMED_OUT
from trimtab.batch.commands.process import Ended, Run, run
from trimtab.batch.containers.asked import OBJECTIVE, Asked, asked_of
from trimtab.batch.containers.commands import Chosen, chosen, command_of, environment_of
from trimtab.batch.containers.folder import Folder
from trimtab.batch.containers.telling import Reading, Telling, stream_of
from trimtab.batch.places import Places
from trimtab.inventory.served.model import PROCESSING, TRAINING, Served
from trimtab.inventory.served.store import ServedStore

RUNNING, STOPPING, COMPLETED, STOPPED, FAILED = "InProgress", "Stopping", "Completed", "Stopped", "Failed"
DUE_AS = {TRAINING: (RUNNING, STOPPING), PROCESSING: (RUNNING, STOPPING)}
"""By kind, the statuses of resources for which a turn has something to do."""
BUILT_IN = "built in"  # of a job that runs no command
LOST = "InternalServerError: the server that ran the job ended."
_LOOK_S = 0.5
_QUEUE = "sagemaker"
_LONGEST = 1024  # characters of a FailureReason
_SAID = {
    "Starting": "Preparing the job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job exceeded its MaxRuntimeInSeconds",
    "Stopping": "Stopping the training job",
    "Restarting": "Restarting the job",
}


class BuiltIn(Protocol):
    """A job that this program does itself, such as an analysis of the service's own image."""

    def does(self, asked: Asked) -> bool:
        """Whether it does the job of an image."""
        ...

    async def do(self, job: Served, asked: Asked, ml: Path, log: Path) -> Mapping[str, Any]:
        """Do it; what is added to the job's state. Raises InvalidInput for a job that fails."""
        ...


class _Attempt(Struct):
    """An attempt under way."""

    task: "asyncio.Task[None]"
    stop: asyncio.Event


class ContainerJobs(Struct):
    """The jobs of one server. `folder` is where attempts lie, `file` says what may run."""

    served: ServedStore
    clock: Clock
    folder: Path
    places: Places
    file: BatchFile
    telling: Telling
    built_in: BuiltIn | None = None
    _running: dict[str, _Attempt] = field(default_factory=dict)

    async def turn(self) -> None:
        """Begin jobs where a slot is free, end those that are to stop, and find those that were lost."""
        self._running = {arn: one for arn, one in self._running.items() if not one.task.done()}
        for kind, statuses in DUE_AS.items():
            for job in await self.served.listed(EVERYTHING, kind, statuses):
                await self._look(job)

    async def _look(self, job: Served) -> None:
        running = self._running.get(job.arn)
        if running is not None:
            if job.status == STOPPING:
                running.stop.set()
        elif job.status == STOPPING:
            await self._end(job, STOPPED, STOPPED)
        elif job.state.get("began_ms") and int(job.state.get("attempt", 1)) > _retries(job):
            await self._end(job, FAILED, FAILED, problem=LOST)
        elif len(self._running) < self._slots():
            stop = asyncio.Event()
            self._running[job.arn] = _Attempt(asyncio.create_task(self._run(job, stop)), stop)

    async def close(self) -> None:
        """End what runs; the next turn counts it as lost."""
        tasks = [one.task for one in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    def _slots(self) -> int:
        queues = self.file.queues
        return next((queues[name].slots for name in (_QUEUE, *queues) if name in queues), 1)

    async def _run(self, job: Served, stop: asyncio.Event) -> None:
        now_ms = self.clock.now_ms()
        attempt = int(job.state.get("attempt", 0)) + 1
        anew: dict[str, Any] = {"course": []} if job.state.get("course") else {}  # the attempt before said it
        step = "Starting" if attempt == 1 else "Restarting"
        job = await self._move(job, step, began_ms=now_ms, attempt=attempt, **anew)
        folder = Folder(self.folder / job.account / job.region / job.kind / job.name, self.places)
        try:
            asked = asked_of(job.kind, job.name, job.form)
            built_in = self.built_in if self.built_in is not None and self.built_in.does(asked) else None
            one = None if built_in is not None else chosen(self.file, asked)
            job = await self._move(job, "Downloading", definition=one.name if one is not None else BUILT_IN)
            await asyncio.to_thread(folder.prepare, job, asked)
            job = await self._move(job, "Training", trained_ms=self.clock.now_ms())
            await self._told_run(job, asked, one)
            if built_in is not None:
                added = await built_in.do(job, asked, folder.ml, folder.log)
                await self._complete(job, asked, None, folder, added)
            elif one is not None:
                await self._command(job, asked, one, folder, stop)
        except (TrimtabError, OSError) as problem:
            kind = "ClientError" if isinstance(problem, InvalidInput) else "InternalServerError"
            await self._end(job, FAILED, FAILED, problem=f"{kind}: {problem}")
        finally:
            await asyncio.to_thread(folder.clear)

    async def _command(self, job: Served, asked: Asked, one: Chosen, folder: Folder, stop: asyncio.Event) -> None:
        command = command_of(one.definition, asked, job.name, folder.ml)
        environment = {**environment_of(one.definition, asked), **folder.environment(job, asked)}
        longest = min(asked.timeout_s, one.definition.timeout_s or asked.timeout_s)
        what = Run(command, one.definition.directory or str(folder.ml), environment, folder.log, longest)
        reading = Reading(stream_of(job, int(job.state["began_ms"])), asked.measures, objective=_objective(job))
        task = asyncio.create_task(run(what, lambda: None, stop))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK_S)
                await self._read(job, folder, reading)
                job = await self._keep_course(job, reading)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._read(job, folder, reading, ended=True)
        job = replace(job, state={**job.state, **_course(reading)})
        ended = task.result()
        metrics = [{"name": name, "value": value, "at_ms": at} for name, (value, at) in sorted(reading.last.items())]
        if stop.is_set() or ended.status_reason == TIMED_OUT:
            secondary = STOPPED if stop.is_set() else "MaxRuntimeExceeded"
            artifacts = await self._delivered(asked, folder)
            await self._end(job, STOPPED, secondary, asked, one, **artifacts, metrics=metrics)
        elif ended.exit_code == 0:
            await self._complete(job, asked, one, folder, {"metrics": metrics, "exit_code": 0})
        else:
            problem = await asyncio.to_thread(_why, folder, ended)
            await self._end(
                job, FAILED, FAILED, asked, one, problem=problem, metrics=metrics, exit_code=ended.exit_code
            )

    async def _complete(
        self, job: Served, asked: Asked, one: Chosen | None, folder: Folder, added: Mapping[str, Any]
    ) -> None:
        job = await self._move(job, "Uploading")
        artifacts = await self._delivered(asked, folder)
        await self._end(job, COMPLETED, COMPLETED, asked, one, **artifacts, **added)

    async def _delivered(self, asked: Asked, folder: Folder) -> dict[str, Any]:
        done = await asyncio.to_thread(folder.deliver, asked)
        return {"artifacts": [f"{one.uri}/{one.packed}" for one in done if one.packed]}

    async def _read(self, job: Served, folder: Folder, reading: Reading, *, ended: bool = False) -> None:
        try:
            await self.telling.read(job, folder.log, reading, ended=ended)
        except (Throttled, Unavailable):  # the lines come with the next look
            if ended:
                raise

    async def _keep_course(self, job: Served, reading: Reading) -> Served:
        """Keep what a tuning job decides by, once it has grown by a twentieth: a long course is written a few times."""
        before = len(job.state.get("course") or ())
        if len(reading.course) <= before + before // 20:
            return job
        job = replace(job, state={**job.state, **_course(reading)})
        await self.served.change(job, state=job.state)
        return job

    async def _move(self, job: Served, secondary: str, **more: Any) -> Served:
        """Keep where a job is now."""
        state = {**job.state, **more, **_stepped(job, secondary, self.clock.now_ms())}
        await self.served.change(job, state=state)
        return replace(job, state=state)

    async def _end(
        self, job: Served, status: str, secondary: str, asked: Asked | None = None, one: Chosen | None = None,
        *, problem: str = "", **more: Any,
    ) -> None:  # fmt: skip
        now_ms = self.clock.now_ms()
        kept = {"ended_ms": now_ms, "problem": problem[:_LONGEST], **more}
        message = problem or _SAID.get(secondary, "")
        state = {**job.state, **kept, **_stepped(job, secondary, now_ms, message)}
        job = replace(job, status=status, state=json.loads(json.dumps(state)))
        if asked is not None:  # before the job is over for whoever looks: its run says so too
            await self._told_run(job, asked, one)
        await self.served.change(job, status=status, state=job.state)
        await self.telling.changed(job, described(job))

    async def _told_run(self, job: Served, asked: Asked, one: Chosen | None) -> None:
        if one is not None:
            tagged = await self.served.tags_of(job.arn)
            await self.telling.ran(job, job.status, asked, one.definition, tagged)


def _objective(job: Served) -> str:
    """The metric that a tuning job looks at, of a training job of one."""
    if not job.form.get("TuningJobArn"):
        return ""
    return str((job.form.get("HyperParameters") or {}).get(OBJECTIVE) or "")


def _course(reading: Reading) -> dict[str, Any]:
    return {"course": [float(f"{one:.6g}") for one in reading.course]} if reading.course else {}


def _retries(job: Served) -> int:
    return int((job.form.get("RetryStrategy") or {}).get("MaximumRetryAttempts") or 0)


def _stepped(job: Served, secondary: str, now_ms: int, message: str = "") -> dict[str, Any]:
    """The transitions of a job's secondary status, with a new one; the last of before ends now."""
    before = [dict(one) for one in job.state.get("transitions") or ()]
    if before:
        before[-1]["ended_ms"] = now_ms
    step: dict[str, Any] = {"status": secondary, "began_ms": now_ms, "message": message or _SAID.get(secondary, "")}
    if secondary in (COMPLETED, STOPPED, FAILED, "MaxRuntimeExceeded"):
        step["ended_ms"] = now_ms
    return {"secondary": secondary, "transitions": [*before, step]}


def _why(folder: Folder, ended: Ended) -> str:
    """Why a command failed: what it wrote to its file for that, else its last line, else its exit code."""
    said = folder.failure()
    if not said:
        try:
            lines = folder.log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        said = ended.reason or (lines[-1] if lines else "")
    code = "" if ended.exit_code is None else f", exit code: {ended.exit_code}"
    return f"AlgorithmError: {said or 'the command failed'}{code}"


def described(job: Served) -> dict[str, Any]:
    """What the event of a change says of a job."""
    kind = "Training" if job.kind == TRAINING else "Processing"
    detail: dict[str, Any] = {
        f"{kind}JobName": job.name,
        f"{kind}JobArn": job.arn,
        f"{kind}JobStatus": job.status,
        "CreationTime": job.created_ms,
    }
    if job.kind == TRAINING:
        detail["SecondaryStatus"] = job.state.get("secondary", "")
    if job.state.get("problem"):
        detail["FailureReason"] = job.state["problem"]
    return detail
