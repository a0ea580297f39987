"""A gateway over rooms in memory, served by uvicorn on loopback for real botocore clients."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import numpy as np
import pytest
import uvicorn
from botocore.config import Config
from botocore.session import Session

from trimtab.access.key import AwsKey
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.scope import RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, Ingest
from trimtab.doors.aws.cloudwatch.service import build
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.doors.aws.service import CallContext
from trimtab.doors.aws.sts import StsRooms
from trimtab.doors.aws.sts import operations as sts
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import MetricBatch
from trimtab.metrics.read import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import Family
from trimtab.store.telemetry.batch import Appended

NOW_MS = 1_795_600_000_000


class MemoryIngest:
    """Keeps batches; a repeated key is a duplicate. `failure` is raised instead, once set."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self.batches: list[MetricBatch] = []
        self.keys: set[str] = set()
        self.failure: Exception | None = None
        self._registry = registry

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        if self.failure is not None:
            raise self.failure
        if key is not None and key in self.keys:
            return Appended(0, True)
        if key is not None:
            self.keys.add(key)
        self.batches.append(batch)
        for rows in (batch.values, batch.sets):
            if len(rows):
                self._registry.seen(rows["series"], rows["time"])
        return Appended(len(self.batches), False)


class MemoryReader:
    """Count, sum, extremes and percentiles (nearest rank) of what the ingest keeps, by plain loops."""

    def __init__(self, ingest: MemoryIngest) -> None:
        self._ingest = ingest
        self.ranges: list[tuple[int, int]] = []

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        return True

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.ranges.append((start_ms, end_ms))
        return [self._one(request, start_ms, end_ms) for request in requests]

    def _one(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        buckets: dict[int, list[tuple[float, float]]] = {}
        step = request.period_s * 1000
        for batch in self._ingest.batches:
            for series, at, value, count in batch.values.tolist():
                if series in request.series and start_ms <= at < end_ms:
                    buckets.setdefault(at // step * step, []).append((value, count))
            for series, at, count, total, low, high in batch.sets.tolist():
                if series in request.series and start_ms <= at < end_ms:
                    assert count == 2 and total == low + high  # all that this fake can hold
                    buckets.setdefault(at // step * step, []).extend([(low, 1.0), (high, 1.0)])
        times = sorted(buckets)
        values = [_statistic(request.statistic.family, request.statistic.high, buckets[time]) for time in times]
        return StatSeries(np.array(times, np.int64), np.array(values, np.float64))


def _statistic(family: Family, share: Any, points: list[tuple[float, float]]) -> float:
    count = sum(count for _, count in points)
    total = sum(value * count for value, count in points)
    values = sorted(value for value, _ in points)
    if family is Family.PERCENTILE:
        return values[max(0, -(-int(share * len(values) * 1000) // 1000) - 1)]
    return {
        Family.SAMPLE_COUNT: count,
        Family.SUM: total,
        Family.AVERAGE: total / count,
        Family.MINIMUM: values[0],
        Family.MAXIMUM: values[-1],
    }[family]


@dataclass
class MemoryLedger:
    """Remembers what it was told."""

    taken: list[tuple[Any, ...]] = field(default_factory=list)
    refused: list[tuple[Any, ...]] = field(default_factory=list)

    def accepted(self, *told: Any) -> None:
        self.taken.append(told)

    def rejected(self, *told: Any) -> None:
        self.refused.append(told)


class MemoryKeys:
    """Keys by id."""

    def __init__(self) -> None:
        self.keys: dict[str, AwsKey] = {}

    def add(
        self, id_: str, secret: str, account: str | None, role: Role = Role.WRITE, rows: tuple[RowRule, ...] = ()
    ) -> None:
        self.keys[id_] = AwsKey(id_, secret, account, Principal(f"key-{id_}", account, role, scope_of(account, rows)))

    def secret_of(self, access_key_id: str) -> AwsKey | None:
        return self.keys.get(access_key_id)


class World:
    """Everything behind a gateway, and the gateway."""

    def __init__(self, *, auth_required: bool = False, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock(NOW_MS)
        self.registry = SeriesRegistry(None, self.clock)  # type: ignore[arg-type]  # `load` is never called
        self.ingest = MemoryIngest(self.registry)
        self.reader = MemoryReader(self.ingest)
        self.ledger = MemoryLedger()
        self.keys = MemoryKeys()
        ingest: Ingest = self.ingest
        evaluator = Evaluator(self.reader, self.registry, self.clock, NoBands())
        self.rooms = CloudWatchRooms(self.registry, ingest, self.reader, self.ledger, self.clock, evaluator)
        services = (build(self.rooms), sts.bind(StsRooms(self.keys, self.clock)))
        options = GatewayOptions(services, self.keys, self.clock, "123456789012", "us-east-1", auth_required)
        self.gateway = Gateway(options)

    def context(self, **changes: Any) -> CallContext:
        principal = Principal("local", None, Role.ADMIN, Scope())
        scope = Scope.of("123456789012", "us-east-1")
        return CallContext(principal, "123456789012", "us-east-1", scope, "request", **changes)

    @property
    def value_rows(self) -> list[tuple[Any, ...]]:
        return [row for batch in self.ingest.batches for row in batch.values.tolist()]

    @property
    def set_rows(self) -> list[tuple[Any, ...]]:
        return [row for batch in self.ingest.batches for row in batch.sets.tolist()]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def make_world() -> type[World]:
    return World


Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves ASGI applications on free loopback ports until the test ends; gives their URLs."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: Any) -> str:
        config = uvicorn.Config(application, port=0, lifespan="off", ws="none", log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "uvicorn did not start"
            thread.join(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(10)


@cache
def _session(service: str, protocol: str | None) -> boto3.Session:
    """A session, kept: it takes a second to read botocore's data."""
    session = Session()
    if protocol is not None:
        described = session.get_component("data_loader").load_service_model(service, "service-2")
        described["metadata"]["protocols"] = [protocol]
        described["metadata"]["protocol"] = protocol
    return boto3.Session(botocore_session=session)


MakeClient = Callable[..., Any]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes botocore clients; `protocol` forces one of the protocols that the service's model lists."""
    clients = []

    def make(url: str, service: str = "cloudwatch", protocol: str | None = None, **more: Any) -> Any:
        settings = {
            "region_name": "us-east-1",
            "aws_access_key_id": "AKIDEXAMPLE",
            "aws_secret_access_key": "secret",
            "config": Config(retries={"max_attempts": 0}, parameter_validation=False),
            **more,
        }
        client = _session(service, protocol).client(service, endpoint_url=url, **settings)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
