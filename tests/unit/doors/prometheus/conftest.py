"""Prometheus' messages as protobuf classes, declared by hand, and a door over a log that keeps what it is given."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cramjam
import httpx
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from trimtab.access.principal import LOCAL_OPERATOR, Principal
from trimtab.base.clock import ManualClock
from trimtab.doors.prometheus.remote_write import routes
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.doors.writing import Writing
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, Identity
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.batch import Appended, Section

STALE = 0x7FF0000000000002
_FIELD = descriptor_pb2.FieldDescriptorProto

# message → fields: name, number, type, repeated
_MESSAGES: dict[str, list[tuple[str, int, Any, bool]]] = {
    "Label": [("name", 1, "string", False), ("value", 2, "string", False)],
    "Sample": [("value", 1, "double", False), ("timestamp", 2, "int64", False)],
    "Exemplar": [("labels", 1, "Label", True), ("value", 2, "double", False), ("timestamp", 3, "int64", False)],
    "BucketSpan": [("offset", 1, "sint32", False), ("length", 2, "uint32", False)],
    "Histogram": [
        ("count_int", 1, "uint64", False),
        ("count_float", 2, "double", False),
        ("sum", 3, "double", False),
        ("schema", 4, "sint32", False),
        ("zero_threshold", 5, "double", False),
        ("zero_count_int", 6, "uint64", False),
        ("zero_count_float", 7, "double", False),
        ("negative_spans", 8, "BucketSpan", True),
        ("negative_deltas", 9, "sint64", True),
        ("negative_counts", 10, "double", True),
        ("positive_spans", 11, "BucketSpan", True),
        ("positive_deltas", 12, "sint64", True),
        ("positive_counts", 13, "double", True),
        ("timestamp", 15, "int64", False),
        ("custom_values", 16, "double", True),
    ],
    "TimeSeries": [
        ("labels", 1, "Label", True),
        ("samples", 2, "Sample", True),
        ("exemplars", 3, "Exemplar", True),
        ("histograms", 4, "Histogram", True),
    ],
    "MetricMetadata": [
        ("type", 1, "int32", False),
        ("metric_family_name", 2, "string", False),
        ("help", 4, "string", False),
        ("unit", 5, "string", False),
    ],
    "WriteRequest": [("timeseries", 1, "TimeSeries", True), ("metadata", 3, "MetricMetadata", True)],
}


@pytest.fixture(scope="session")
def prompb() -> SimpleNamespace:
    """The message classes."""
    file = descriptor_pb2.FileDescriptorProto(name="prom.proto", package="p", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, type_, repeated in fields:
            made = message.field.add(name=field_name, number=number)
            made.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if type_ in _MESSAGES:
                made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".p.{type_}"
            else:
                made.type = getattr(_FIELD, f"TYPE_{type_.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles(["prom.proto"], pool)
    return SimpleNamespace(**{name.removeprefix("p."): made for name, made in classes.items()})


@pytest.fixture(scope="session")
def kernels() -> Any:
    """The compiled scan."""
    loading = Kernels("trimtab.doors.prometheus.scan_compiled")
    assert loading.load()
    return loading.get(0)


@dataclass
class Log:
    """Keeps what is appended."""

    failure: Exception | None = None
    batches: list[list[Section]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def append(self, sections: Sequence[Section], key: str | None = None) -> Appended:
        if self.failure:
            raise self.failure
        duplicate = key is not None and key in self.keys
        if not duplicate:
            self.keys.append(key)
            self.batches.append(list(sections))
        return Appended(len(self.batches), duplicate)


@dataclass
class Door:
    """The door, with the log behind."""

    app: ASGIApp
    log: Log
    registry: SeriesRegistry
    ledger: SourceLedger
    clock: ManualClock

    def post(self, message: Any, **headers: str) -> Any:
        body = message if isinstance(message, bytes) else message.SerializeToString()
        given = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "User-Agent": "Prometheus/3"}
        sent = bytes(cramjam.snappy.compress_raw(body))
        return self.send(sent, given | headers)

    def send(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async def post() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://x") as client:
                return await client.post("/api/v1/write", content=content, headers=headers)

        return asyncio.run(post())

    def samples(self) -> list[tuple[Identity, int, float]]:
        """Everything stored, in order."""
        found = []
        for section in (section for batch in self.log.batches for section in batch):
            if section.table == "metric_samples":
                for series, time, value in np.frombuffer(section.body, SAMPLE_ROW).tolist():
                    known = self.registry.get(series)
                    assert known is not None
                    found.append((known.identity, time, value))
        return found


def guarded(app: ASGIApp, principal: Principal) -> ASGIApp:
    """What doors.front does for a caller that it let in."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["principal"] = principal
        await app(scope, receive, send)

    return wrapped


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def door(state: State) -> Door:
    return make_door(state)


@pytest.fixture
def door_of(state: State) -> Any:
    """A door for one principal."""
    return lambda principal: make_door(state, principal)


def make_door(state: State, principal: Principal = LOCAL_OPERATOR) -> Door:
    clock, log = ManualClock(), Log()
    registry = SeriesRegistry(None, clock)  # type: ignore[arg-type]  # nothing is read
    ledger = SourceLedger(state, clock)
    ingest = MetricIngest(log, registry)  # type: ignore[arg-type]  # as far as it is used
    app = Starlette(routes=routes(Writing(ingest, registry, ledger, clock, "123456789012", "us-east-1")))
    return Door(guarded(app, principal), log, registry, ledger, clock)
