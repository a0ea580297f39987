"""Transform jobs of SageMaker's API: each is `trimtab batch run` in a process of its own, begun again after a crash.

Buckets are folders of this machine where the settings say so (`TRIMTAB_BATCH_BUCKETS`); others are S3's.
"""

import asyncio
import contextlib
import json
import platform
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound, Throttled, TrimtabError, Unavailable
from trimtab.base.jsonpath import read
from trimtab.batch.model import MOST_PAYLOAD_MIB, Progress
from trimtab.batch.places import Places, Source
from trimtab.batch.recorder import Recorder
from trimtab.batch.report import About, Report, report
from trimtab.batch.store import TRANSFORM as RECORDED
from trimtab.egress.gate import Gate
from trimtab.inventory.served.model import MODEL, TRANSFORM, Served, url_of
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.child import Child

RUNNING, STOPPING = "InProgress", "Stopping"
ALIVE = (RUNNING, STOPPING)
_LOOK_S = 0.5
_RECORD_LOOKS = 10  # looks from one record of progress to the next
_MOST_AT_ONCE = 2
_LONGEST_STATE = 1000
_PROGRESS = "progress"
Start = Callable[[Sequence[str], Path], Awaitable[Child]]


class TransformJobs(Struct):
    """The jobs of one server. `places` is where input and output lie, `folder` where a job's own files are,
    `gate` says where models may listen."""

    served: ServedStore
    clock: Clock
    folder: Path
    places: Places
    gate: Gate
    recorder: Recorder | None = None
    start: Start = Child.start
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def check(self, form: Mapping[str, Any]) -> None:
        """Whether a job can be. Raises InvalidInput for limits that it passes or a filter that cannot be read."""
        payload, most = form.get("MaxPayloadInMB", 6), form.get("MaxConcurrentTransforms") or 1
        if not 0 <= payload <= MOST_PAYLOAD_MIB or most * payload > MOST_PAYLOAD_MIB:
            raise InvalidInput(
                f"MaxConcurrentTransforms × MaxPayloadInMB must be {MOST_PAYLOAD_MIB} or less, got {most} × {payload}"
            )
        if form["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] == "AugmentedManifestFile":
            raise InvalidInput("S3DataType must be S3Prefix or ManifestFile")
        processing = form.get("DataProcessing") or {}
        for name in ("InputFilter", "OutputFilter"):
            read(processing.get(name, "$"))

    async def turn(self) -> None:
        """Begin jobs that are in progress and not running here; a job that a crash left goes on."""
        self._running = {arn: task for arn, task in self._running.items() if not task.done()}
        for job in await self.served.listed(EVERYTHING, TRANSFORM, ALIVE):
            if job.arn in self._running:
                continue
            if job.status == STOPPING:
                await self._end(job, "Stopped", {})
            elif len(self._running) < _MOST_AT_ONCE:
                self._running[job.arn] = asyncio.create_task(self._run(job))

    async def close(self) -> None:
        """End what runs; the jobs go on at the next start."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    async def _run(self, job: Served) -> None:
        began_ms = int(job.state.get("began_ms") or self.clock.now_ms())
        await self.served.change(job, state={**job.state, "began_ms": began_ms})
        try:
            output = await self._transformed(job, began_ms)
        except (InvalidInput, NotFound, Unavailable) as problem:
            await self._end(job, "Failed", {"began_ms": began_ms, "problem": str(problem)[:_LONGEST_STATE]})
            return
        status = {"Completed": "Completed", "Stopped": "Stopped"}.get(str(output.get("status")), "Failed")
        await self._end(job, status, {"began_ms": began_ms, "progress": output, "problem": output.get("problem", "")})

    async def _transformed(self, job: Served, began_ms: int) -> dict[str, Any]:
        model = await self.served.get((job.account, job.region), MODEL, job.form["ModelName"])
        own = self.folder / job.account / job.region / job.name
        form = job.form
        source = await asyncio.to_thread(self.places.source, form["TransformInput"], own)
        target_uri = form["TransformOutput"]["S3OutputPath"]
        target = self.places.local(target_uri) or own / "out"
        url = url_of(model.form, form["TransformResources"]["InstanceType"])
        if not url:
            raise InvalidInput(f"model {model.name!r} listens nowhere: its container's environment has no TRIMTAB_URL")
        told = [*command(form, source, target, url, own), "--progress-file", str(own / _PROGRESS)]
        told += ["--connect-to", await self.gate.pin(url)]
        child = await self.start(told, own)
        about = _about(job, began_ms)
        try:
            looks = 0
            while child.running:
                await asyncio.sleep(_LOOK_S)
                looks += 1
                if looks % _RECORD_LOOKS == 1:
                    await self._record(job, about, own / _PROGRESS)
                if await self._stopping(job):
                    await child.stop()
        finally:
            await child.stop()
        output = child.output()
        if not output.strip():
            if await self._stopping(job):
                return {"status": "Stopped"}
            raise InvalidInput(child.said_last())
        last: dict[str, Any] = msgspec.to_builtins(typed.decode(output, type=Progress))
        if last["status"] == "Completed" and self.places.local(target_uri) is None and self.places.remote is not None:
            await asyncio.to_thread(self.places.remote.store, target, target_uri)
        await self._record(job, about, own / _PROGRESS)
        return last

    async def _record(self, job: Served, about: About, progress: Path) -> None:
        """Keep how far a job is for pages and KPIs; that it cannot be kept now stops no job."""
        if self.recorder is None:
            return
        try:
            now = typed.decode(await asyncio.to_thread(progress.read_bytes), type=Progress)
        except FileNotFoundError:  # it has not begun
            return
        with contextlib.suppress(Throttled, Unavailable):
            await self.recorder.put((job.account, job.region), RECORDED, report(about, now))

    async def _stopping(self, job: Served) -> bool:
        now = await self.served.get((job.account, job.region), TRANSFORM, job.name)
        return now.status == STOPPING

    async def _end(self, job: Served, status: str, state: Mapping[str, Any]) -> None:
        kept = {**state, "ended_ms": self.clock.now_ms()}
        await self.served.change(job, status=status, state=json.loads(json.dumps(kept)))
        if self.recorder is not None and "progress" not in state:
            about = _about(job, int(state.get("began_ms") or self.clock.now_ms()))
            given = {**msgspec.to_builtins(about), "status": status, "problem": str(state.get("problem", ""))}
            ended = typed.convert(given, Report)
            with contextlib.suppress(TrimtabError):  # the job has ended whatever becomes of its page
                await self.recorder.put((job.account, job.region), RECORDED, ended)


def _about(job: Served, began_ms: int) -> About:
    """What a job's reports say that does not change; its id is of its ARN and the time of its making."""
    form, resources = job.form, job.form["TransformResources"]
    return About(
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.arn}/{job.created_ms}")),
        job.name[:128],
        began_ms,
        form["ModelName"],
        form["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"][:1000],
        form["TransformOutput"]["S3OutputPath"][:1000],
        platform.node(),
        "transform job",
        resources["InstanceType"],
        resources["InstanceCount"],
    )


def command(form: Mapping[str, Any], source: Source, target: Path, url: str, own: Path) -> list[str]:
    """The command line of a job; `own` is its folder."""
    asked, answered = form["TransformInput"], form["TransformOutput"]
    processing, client = form.get("DataProcessing") or {}, form.get("ModelClientConfig") or {}
    content = asked.get("ContentType") or "application/json"
    made = ["batch", "run", str(source.path), str(target), "--json", "--model", url]
    if source.only:
        own.mkdir(parents=True, exist_ok=True)
        (own / "files").write_text("\n".join(source.only), encoding="utf-8")
        made += ["--files-from", str(own / "files")]
    made += ["--split", asked.get("SplitType", "None"), "--content-type", content]
    made += ["--payload-mb", str(form.get("MaxPayloadInMB", 6)), "--error-limit", "0"]
    made += ["--timeout", str(client.get("InvocationsTimeoutInSeconds", 600))]
    made += ["--retries", str(client.get("InvocationsMaxRetries", 3))]
    made += [
        "--input-filter",
        processing.get("InputFilter", "$"),
        "--output-filter",
        processing.get("OutputFilter", "$"),
    ]
    if form.get("MaxConcurrentTransforms"):
        made += ["--workers", str(form["MaxConcurrentTransforms"])]
    if answered.get("Accept"):
        made += ["--accept", answered["Accept"]]
    if form.get("BatchStrategy", "MultiRecord") == "SingleRecord":
        made.append("--single-record")
    if answered.get("AssembleWith", "None") == "None" and asked.get("SplitType", "None") != "Line":
        made.append("--no-lines")
    if processing.get("JoinSource", "None") == "Input":
        made.append("--join")
    return made
