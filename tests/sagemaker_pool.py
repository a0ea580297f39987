"""SageMaker's API over rooms in this process, with a local pool whose jobs run for real; what they tell is kept."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from boto_in_process import client
from gates import open_gate
from trimtab.access.scope import Scope
from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.batch.automl.way import AutoMlWay
from trimtab.batch.commands.file import batch_file
from trimtab.batch.containers.jobs import ContainerJobs
from trimtab.batch.containers.telling import Telling
from trimtab.batch.model_pipelines.executions import PipelineExecutions
from trimtab.batch.model_pipelines.registry import ModelRegistry
from trimtab.batch.monitor.analyzer import Analyzer
from trimtab.batch.monitor.executions import Monitors
from trimtab.batch.places import Places
from trimtab.batch.tuning.jobs import TuningJobs, TuningWay
from trimtab.doors.aws.sagemaker import service
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms
from trimtab.fleet.health.notices import NoticeReader
from trimtab.inference.room import InferenceRoom
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.store import RunStore
from trimtab.inventory.served.model import AUTOML, TUNING
from trimtab.inventory.served.store import ServedStore
from trimtab.logs.model import LogBatch
from trimtab.metrics.model import Identity, Kind, MetricBatch
from trimtab.metrics.read import RawSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State

PLACE = ("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/train"


class _Groups:
    async def ensure(self, account: str, region: str, group: str, streams: Sequence[str]) -> tuple[str, list[str]]:
        return group, list(streams)


def _quiet(*_told: Any) -> None:
    """Nobody counts what came."""


class Pool:
    """The API and what runs behind it. `said` are log lines by (group, stream), `measured` values by metric's name."""

    def __init__(self, state: State, clock: Clock, folder: Path, definitions: Mapping[str, Any]) -> None:
        self.said: dict[tuple[str, str], list[str]] = {}
        self.measured: dict[str, list[float]] = {}
        self.series: list[Identity] = []
        self.points: list[tuple[int, int, float]] = []
        self._registry = SeriesRegistry(None, clock)  # type: ignore[arg-type]  # `load` is never called
        self.events: list[tuple[str, str, Mapping[str, Any]]] = []
        self.bucket = folder / "bucket"
        self.bucket.mkdir()
        places = Places({"mine": self.bucket})
        self.served = ServedStore(state, clock)
        self.runs = RunStore(state)
        logs: Any = SimpleNamespace(groups=_Groups(), ingest=SimpleNamespace(write=self._logged))
        registry, ingest = SimpleNamespace(add=self._added), SimpleNamespace(write=self._measured)
        metrics: Any = (ingest, registry)
        file = batch_file({"queues": {"q": {"slots": 2}}, "definitions": definitions})
        telling = Telling(logs, metrics, self.runs, clock, self._announced)
        self.analyzer = Analyzer(metrics, clock)
        self.jobs = ContainerJobs(self.served, clock, folder / "jobs", places, file, telling, self.analyzer)
        ways = {TUNING: TuningWay(), AUTOML: AutoMlWay(self.served, places, folder / "automl")}
        self.tuning = TuningJobs(self.served, clock, self._announced, ways)
        self.monitors = Monitors(self.served, clock, places, folder / "monitors", settle_ms=0)
        self.inference = InferenceRoom.of(state, clock, folder / "inference", *PLACE, open_gate(), places)
        self.registry = ModelRegistry(self.served, open_gate(), self._announced)
        self.pipelines = PipelineExecutions(
            self.served, clock, places, folder / "pipelines", self.registry, self._announced
        )
        batch: Any = SimpleNamespace(
            containers=self.jobs, monitors=self.monitors, transforms=None, registry=self.registry,
            pipelines=self.pipelines, tuning=self.tuning,
        )  # fmt: skip
        reader, ledger = SimpleNamespace(fresh=self._fresh, raw=self._raw), SimpleNamespace(accepted=_quiet)
        training: Any = SimpleNamespace(
            registry=self._registry, ingest=ingest, reader=reader, ledger=ledger, clock=clock
        )  # fmt: skip
        self.inventory = InventoryRoom.of(state, clock)
        nobody: Any = None  # no operation of these tests asks of faults
        notices = NoticeReader(nobody, self.inventory.nodes, PLACE[1])
        rooms = SageMakerRooms(self.inference, batch, training, Actuators(state, clock), notices, self.inventory)
        built = service.build(rooms)
        self.api = client(built[0], clock, PLACE[1])
        self.runtime = client(built[1], clock, PLACE[1])

    def settle(self, until: Callable[[], bool]) -> None:
        """Turn as the server does until something is so."""

        async def run() -> None:
            deadline = time.monotonic() + 120
            while not await asyncio.to_thread(until):
                assert time.monotonic() < deadline, "it never came about"
                await self.monitors.turn()
                await self.pipelines.turn()
                await self.tuning.turn()
                await self.jobs.turn()
                await asyncio.sleep(0.02)
            await self.jobs.close()

        asyncio.run(run())

    def put(self, name: str, text: str) -> None:
        """An object of the bucket."""
        path = self.bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _added(self, identity: Identity) -> int:
        self.series.append(identity)
        return self._registry.add(identity)

    async def _measured(self, batch: MetricBatch, key: str | None = None) -> None:
        names = {self._registry.add(one): one.name for one in self.series}
        for series, at_ms, value, _ in batch.values.tolist():
            self.points.append((series, at_ms, value))
            self.measured.setdefault(names[series], []).append(value)

    async def _fresh(self, timeout_s: float = 1.0) -> bool:
        return True

    async def _raw(self, scope: Scope, series: int, start_ms: int, end_ms: int) -> RawSeries:
        found = [(at, value) for id_, at, value in self.points if id_ == series and start_ms <= at < end_ms]
        times, values = (np.array([one[place] for one in found]) for place in (0, 1))
        return RawSeries(Kind.EVENTS, times.astype(np.int64), values.astype(np.float64), np.ones(len(found)))

    async def _logged(self, batches: Sequence[LogBatch], key: str | None = None) -> None:
        for batch in batches:
            place: Any = (batch.group, batch.stream)
            self.said.setdefault(place, []).extend(event.message for event in batch.events)

    async def _announced(self, place: tuple[str, str], kind: str, arn: str, detail: Mapping[str, Any]) -> None:
        self.events.append((kind, arn, detail))
