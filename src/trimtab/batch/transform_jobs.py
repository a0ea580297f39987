"""Transform jobs of SageMaker's API: each is `trimtab batch run` in a process of its own, begun again after a crash.

Buckets are folders of this machine where the settings say so (`TRIMTAB_BATCH_BUCKETS`); others are S3's.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound, Unavailable
from trimtab.batch.jsonpath import read
from trimtab.batch.model import MOST_PAYLOAD_MIB, Progress
from trimtab.inventory.served.model import MODEL, TRANSFORM, Served, url_of
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.child import Child

RUNNING, STOPPING = "InProgress", "Stopping"
_LOOK_S = 0.5
_MOST_AT_ONCE = 2
_LONGEST_STATE = 1000
Start = Callable[[Sequence[str], Path], Awaitable[Child]]


class Remote(Protocol):
    """Folders elsewhere: S3's."""

    def fetch(self, uri: str, into: Path) -> Path:
        """Copy what lies under a URI; the folder, or the file."""
        ...

    def store(self, folder: Path, uri: str) -> None:
        """Copy a folder's files to a URI."""
        ...


@dataclass(slots=True)
class TransformJobs:
    """The jobs of one server. `buckets` are those that are folders here, `folder` is where a job's own files are."""

    served: ServedStore
    clock: Clock
    folder: Path
    buckets: Mapping[str, Path]
    remote: Remote | None = None
    start: Start = Child.start
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def check(self, form: Mapping[str, Any]) -> None:
        """Whether a job can be. Raises InvalidInput for limits that it passes or a filter that cannot be read."""
        payload, most = form.get("MaxPayloadInMB", 6), form.get("MaxConcurrentTransforms") or 1
        if not 0 <= payload <= MOST_PAYLOAD_MIB or most * payload > MOST_PAYLOAD_MIB:
            raise InvalidInput(
                f"MaxConcurrentTransforms × MaxPayloadInMB must be {MOST_PAYLOAD_MIB} or less, got {most} × {payload}"
            )
        if form["TransformInput"].get("CompressionType", "None") != "None":
            raise InvalidInput("CompressionType must be None: decompress the input first")
        if form["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix":
            raise InvalidInput("S3DataType must be S3Prefix")
        processing = form.get("DataProcessing") or {}
        for name in ("InputFilter", "OutputFilter"):
            read(processing.get(name, "$"))

    async def turn(self) -> None:
        """Begin jobs that are in progress and not running here; a job that a crash left goes on."""
        self._running = {arn: task for arn, task in self._running.items() if not task.done()}
        for job in await self.served.listed(EVERYTHING, TRANSFORM, (RUNNING, STOPPING)):
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
        source = await self._place(form["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"], own / "in")
        target_uri = form["TransformOutput"]["S3OutputPath"]
        target = self._local(target_uri) or own / "out"
        url = url_of(model.form, form["TransformResources"]["InstanceType"])
        if not url:
            raise InvalidInput(f"model {model.name!r} listens nowhere: its container's environment has no TRIMTAB_URL")
        child = await self.start(command(form, source, target, url), own)
        try:
            while child.running:
                await asyncio.sleep(_LOOK_S)
                if await self._stopping(job):
                    await child.stop()
        finally:
            await child.stop()
        output = child.output()
        if not output.strip():
            if await self._stopping(job):
                return {"status": "Stopped"}
            raise InvalidInput(child.said_last())
        last: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(output, type=Progress))
        if last["status"] == "Completed" and self._local(target_uri) is None and self.remote is not None:
            await asyncio.to_thread(self.remote.store, target, target_uri)
        return last

    async def _place(self, uri: str, copies: Path) -> Path:
        found = self._local(uri)
        if found is None:
            if self.remote is None:
                raise InvalidInput(f"cannot read {uri}: its bucket is no folder here (TRIMTAB_BATCH_BUCKETS)")
            return await asyncio.to_thread(self.remote.fetch, uri, copies)
        if not found.exists():
            raise InvalidInput(f"cannot read {uri}: there is nothing there")
        return found

    def _local(self, uri: str) -> Path | None:
        """The folder of this machine that a URI means; None for one of S3. Raises InvalidInput for one outside it."""
        parts = urlsplit(uri)
        root = self.buckets.get(parts.netloc)
        if parts.scheme != "s3":
            raise InvalidInput(f"cannot use {uri!r}: expected s3://bucket/prefix")
        if root is None:
            return None
        found = (root / parts.path.lstrip("/")).resolve()
        if found != root.resolve() and root.resolve() not in found.parents:
            raise InvalidInput(f"cannot use {uri!r}: it leads out of its bucket")
        return found

    async def _stopping(self, job: Served) -> bool:
        now = await self.served.get((job.account, job.region), TRANSFORM, job.name)
        return now.status == STOPPING

    async def _end(self, job: Served, status: str, state: Mapping[str, Any]) -> None:
        kept = {**state, "ended_ms": self.clock.now_ms()}
        await self.served.change(job, status=status, state=json.loads(json.dumps(kept)))


def command(form: Mapping[str, Any], source: Path, target: Path, url: str) -> list[str]:
    """The command line of a job."""
    asked, answered = form["TransformInput"], form["TransformOutput"]
    processing, client = form.get("DataProcessing") or {}, form.get("ModelClientConfig") or {}
    content = asked.get("ContentType") or "application/json"
    made = ["batch", "run", str(source), str(target), "--json", "--model", url]
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
