"""What is told of a training or processing job: its log, the metrics in it, the run that it is, and its events.

Source: SageMaker developer guide, "Log groups and streams" and "Monitor metrics": names of groups, streams, namespace
and dimension are those of the service.
"""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.tags import make_tags
from trimtab.batch.commands.file import Definition
from trimtab.batch.containers.asked import Asked, Measure
from trimtab.batch.containers.folder import HOST
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.inventory.runs.store import RunStore
from trimtab.inventory.served.model import PROCESSING, TRAINING, Served
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

GROUPS = {TRAINING: "/aws/sagemaker/TrainingJobs", PROCESSING: "/aws/sagemaker/ProcessingJobs"}
NAMESPACE, DIMENSION = "/aws/sagemaker/TrainingJobs", "TrainingJobName"
CLUSTER = "sagemaker"
_EVENTS = {TRAINING: "SageMaker Training Job State Change", PROCESSING: "SageMaker Processing Job State Change"}
_LONGEST_LINE = 200_000  # bytes of a line that has not ended: it is told as it is
_AT_ONCE = 1 << 20  # bytes of a log
_STATES = {
    "InProgress": RunState.RUNNING,
    "Stopping": RunState.RUNNING,
    "Completed": RunState.COMPLETED,
    "Stopped": RunState.CANCELLED,
    "Failed": RunState.FAILED,
}
Announce = Callable[[tuple[str, str], str, str, Mapping[str, Any]], Awaitable[None]]
"""Puts an event on a place's default bus: place, detail type, ARN, detail."""


class Reading(Struct):
    """How far the log of an attempt has been read, and the last value of each metric in it: (value, time in ms).

    `pending` are lines that were read and are not told yet, `number` counts what was told: a repeat has its number.
    `course` are all values of the metric that a tuning job looks at, its `objective`.
    """

    stream: str
    measures: Sequence[Measure]
    offset: int = 0
    rest: bytes = b""
    pending: Sequence[str] = ()
    number: int = 0
    last: dict[str, tuple[float, int]] = field(default_factory=dict)
    objective: str = ""
    course: list[float] = field(default_factory=list)

    def take(self, log: Path, *, ended: bool) -> bool:
        """Read on into `pending`; False where there is nothing new. A line that has no end yet waits for it."""
        try:
            with log.open("rb") as file:
                file.seek(self.offset)
                read = file.read(_AT_ONCE)
        except FileNotFoundError:
            return False
        whole = self.rest + read
        last = ended and not read
        cut = len(whole) if last or len(whole) > _LONGEST_LINE else whole.rfind(b"\n") + 1
        lines = [one.decode("utf-8", "replace").rstrip("\r") for one in whole[:cut].split(b"\n")]
        self.pending = [one for one in lines if one]
        self.offset += len(read)
        self.rest = whole[cut:]
        return bool(read or self.pending)


class Telling(Struct, frozen=True):
    """Where it goes."""

    logs: LogsRoom
    metrics: tuple[MetricIngest, SeriesRegistry]
    runs: RunStore
    clock: Clock
    announce: Announce

    async def read(self, job: Served, log: Path, reading: Reading, *, ended: bool = False) -> None:
        """Tell the lines that a command has written since; when it has `ended` also one that has no end.

        Raises Throttled, Unavailable; then the lines come again with the next call.
        """
        while True:
            if not reading.pending and not await asyncio.to_thread(reading.take, log, ended=ended):
                return
            if reading.pending:
                await self._told(job, reading)
                reading.pending = ()

    async def _told(self, job: Served, reading: Reading) -> None:
        now_ms, lines = self.clock.now_ms(), reading.pending
        group, streams = await self.logs.groups.ensure(job.account, job.region, GROUPS[job.kind], [reading.stream])
        key = f"{job.arn}/{job.created_ms}/{reading.stream}/{reading.number}"
        batch = LogBatch(group, streams[0], [LogEvent(now_ms, one) for one in lines])
        await self.logs.ingest.write([batch], key)
        points = found_in(lines, reading.measures)
        if points:
            reading.last |= {name: (value, now_ms) for name, value in points}
            reading.course += [value for name, value in points if name == reading.objective]
            await self._measured(job, points, now_ms, key)
        reading.number += 1

    async def _measured(self, job: Served, points: Sequence[tuple[str, float]], now_ms: int, key: str) -> None:
        ingest, registry = self.metrics
        dimensions = make_tags({DIMENSION: job.name})
        rows = [
            (registry.add(Identity(job.account, job.region, NAMESPACE, name, dimensions)), now_ms, value, 1.0)
            for name, value in points
        ]
        await ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)), key)

    async def ran(self, job: Served, status: str, asked: Asked, held: Definition, tagged: Mapping[str, str]) -> None:
        """Keep the run that a job is: the fleet's ledger counts the GPUs that it holds, and prices them."""
        began_ms, ended_ms = job.state.get("began_ms"), job.state.get("ended_ms")
        host = platform.node()
        run = Run(
            RunKey(job.account, CLUSTER, job.name),
            CLUSTER,
            _STATES[status],
            job.created_ms,
            name=job.name,
            user=tagged.get("user", ""),
            team=tagged.get("team", ""),
            queue=job.kind,
            reason=str(job.state.get("problem") or ""),
            exit_code=job.state.get("exit_code"),
            start_ms=began_ms,
            end_ms=ended_ms,
            gpus=held.gpus,
            gpu_type=held.gpu_type,
            nodes=1,
            node_names=(host,),
            tags={**tagged, "image": asked.image, "instance_type": asked.instance_type, "arn": job.arn},
            held=(Held(host, held.gpus),) if held.gpus else (),
        )
        await self.runs.put([run], self.clock.now_ms())

    async def changed(self, job: Served, detail: Mapping[str, Any]) -> None:
        """Put the change of a job's state on the bus, as the service does."""
        await self.announce((job.account, job.region), _EVENTS[job.kind], job.arn, detail)


def stream_of(job: Served, began_ms: int) -> str:
    """The log stream of an attempt; the number of a later one, since it may begin in the second of the one before."""
    attempt = int(job.state.get("attempt", 1))
    return f"{job.name}/{HOST}-{began_ms // 1000}{f'-{attempt}' if attempt > 1 else ''}"


def found_in(lines: Sequence[str], measures: Sequence[Measure]) -> list[tuple[str, float]]:
    """What lines say of metrics, in order; a group that holds no number tells nothing."""
    found = []
    for line in lines:
        for one in measures:
            for match in one.pattern.finditer(line):
                try:
                    value = float(match[1])
                except (TypeError, ValueError):
                    continue
                if np.isfinite(value):
                    found.append((one.name, value))
    return found
