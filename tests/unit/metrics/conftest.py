"""An engine in this process behind the reading interface of Telemetry, and a log that inserts at once."""

import asyncio
import os
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import clickhouse_connect
import numpy as np
import pyarrow as pa
import pytest

from engine_owner import empty, quick_tables
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.read import MetricReader, StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.client import Telemetry, _array
from trimtab.store.telemetry.schema import TABLES, Table, create_table
from two_shards import two_shards_in

T = TypeVar("T")

START = 1_764_000_000_000  # A full hour.
END = START + 600_000


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)


class Engine:
    """The embedded engine through the same client class that Telemetry uses; counts its queries."""

    def __init__(self, path: str) -> None:
        from quick_owner import OFF  # not while tests are collected: it loads the engine

        self.client = clickhouse_connect.get_client(dsn=f"chdb://{path}")
        for name in OFF:
            self.client.set_client_setting(name, "0")
        self.queries: list[str] = []
        with quick_tables():
            for statement in chain.from_iterable(map(create_table, TABLES.values())):
                self.client.command(statement)

    async def fetch(self, sql: str, params: dict[str, Any] | None = None, *, limits: object = None) -> dict[str, Any]:
        return self.fetch_sync(sql, params)

    def fetch_sync(self, sql: str, params: dict[str, Any] | None = None, *, limits: object = None) -> dict[str, Any]:
        self.queries.append(sql)
        table = self.client.query_arrow(sql, parameters=params or {})
        return {name: _array(column) for name, column in zip(table.column_names, table.columns, strict=True)}

    async def table(self, sql: str, params: dict[str, Any] | None = None, *, limits: object = None) -> pa.Table:
        self.queries.append(sql)
        return self.client.query_arrow(sql, parameters=params or {})

    async def batches(self, sql: str, params: dict[str, Any] | None = None, *, limits: object = None) -> Any:
        self.queries.append(sql)
        for batch in self.client.query_arrow(sql, parameters=params or {}).to_batches(max_chunksize=3):
            yield batch

    def execute(self, sql: str, params: dict[str, Any], *, limits: object = None) -> None:
        self.client.command(sql, parameters=params, settings={"insert_deduplicate": "0"})

    def command(self, sql: str, params: dict[str, Any] | None = None) -> None:
        self.client.command(sql, parameters=params or {})

    def insert(self, table: Table, rows: bytes, token: str) -> None:
        columns = table.column_names
        self.client.raw_insert(
            table.name, columns, rows, settings={"insert_deduplication_token": token}, fmt="RowBinary"
        )

    def clear(self) -> None:
        empty(self.fetch_sync, self.command)
        self.queries.clear()


@dataclass
class Log:
    """A log whose batches are in the engine when `append` returns."""

    engine: Engine
    failure: Exception | None = None
    keys: set[str] = field(default_factory=set)
    appended: list[list[Section]] = field(default_factory=list)

    async def append(self, sections: Sequence[Section], key: str | None = None) -> Appended:
        if self.failure:
            raise self.failure
        if key is not None and key in self.keys:
            return Appended(len(self.appended), True)
        self.keys.update(() if key is None else (key,))
        self.appended.append(list(sections))
        for section in sections:
            columns = TABLES[section.table].column_names
            # Without a token of its own the engine would take an identical block for a repeat.
            token = {"insert_deduplication_token": str(uuid.uuid4())}
            self.engine.client.raw_insert(section.table, columns, section.body, settings=token, fmt="RowBinary")
        return Appended(len(self.appended), False)

    async def settled(self, timeout_s: float) -> bool:
        return True


@dataclass
class Room:
    """The whole metrics room over one engine."""

    engine: Engine
    clock: ManualClock
    log: Log
    registry: SeriesRegistry
    ingest: MetricIngest
    reader: MetricReader

    def series(self, name: str = "m", kind: Kind = Kind.EVENTS, **dimensions: str) -> int:
        return self.registry.add(Identity("1", "eu", "ns", name, make_tags(dimensions), kind=kind))

    def reopened(self) -> "Room":
        registry = SeriesRegistry(self.engine, self.clock)
        run(registry.load())
        return make_room(self.engine, self.clock, registry)


def make_room(engine: Engine, clock: ManualClock, registry: SeriesRegistry | None = None) -> Room:
    log = Log(engine)
    registry = registry or SeriesRegistry(engine, clock)
    return Room(engine, clock, log, registry, MetricIngest(log, registry), MetricReader(engine, registry, log))


def ask(room: Room, series: int | tuple[int, ...], *names: str, period: int = 60) -> list[dict[int, float]]:
    ids = series if isinstance(series, tuple) else (series,)
    requests = [StatRequest(ids, parse_statistic(name), period) for name in names]
    return [as_dict(answer) for answer in run(room.reader.statistics(EVERYTHING, requests, START, END))]


def as_dict(answer: StatSeries) -> dict[int, float]:
    """Seconds after START to value."""
    assert np.all(np.diff(answer.times) > 0)
    return dict(zip(((answer.times - START) / 1000).tolist(), answer.values.tolist(), strict=True))


class OverShards(Engine):
    """The same over two shards, in the process of an engine's owner; it is its own client too."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.client = self
        self.queries = []

    def query_arrow(self, sql: str, parameters: dict[str, Any]) -> pa.Table:
        return self.telemetry.table_sync(sql, parameters)

    def execute(self, sql: str, params: dict[str, Any], *, limits: object = None) -> None:
        self.telemetry.execute(sql, params)

    def command(self, sql: str, parameters: dict[str, Any] | None = None, **_: object) -> None:
        self.telemetry.command(sql, parameters)

    def raw_insert(self, table: str, _: object, rows: bytes, settings: dict[str, str], fmt: str) -> None:
        self.telemetry.insert(TABLES[table], rows, settings["insert_deduplication_token"])


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if os.environ.get("TWO_SHARDS") == "1":
        with two_shards_in(tmp_path_factory.mktemp("engine") / "owned") as telemetry:
            yield OverShards(telemetry)
        return
    engine = Engine(str(tmp_path_factory.mktemp("engine")))  # One path a process is all that the engine allows.
    yield engine
    engine.client.close()


@pytest.fixture
def room(shared_engine: Engine) -> Room:
    shared_engine.clear()
    return make_room(shared_engine, ManualClock())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
