"""Runs replays in a thread: their arithmetic takes a second, and the event loop has other callers meanwhile.

What they ask of other rooms is asked in the event loop that those live in.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.look_logs import Queries
from trimtab.alarms.replay.promql import Matrix, Ranges
from trimtab.alarms.replay.replayer import Named, ReplayParts
from trimtab.alarms.rows import Stored
from trimtab.base.clock import Clock
from trimtab.logs.insights.run import Ask, Found
from trimtab.metrics.expressions.bands import Band, BandRequest, BandSource
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.ports import Reader, Registry
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.rollups.tiers import Retention
from trimtab.store.telemetry.client import ReadLimits

T = TypeVar("T")


class Rooms(Struct, frozen=True):
    """What replays ask of other rooms."""

    reader: Reader
    registry: Registry
    bands: BandSource
    named: Named
    kept: Retention
    clock: Clock
    promql: Ranges | None = None
    logs: Queries | None = None


class _Home:
    """The event loop of the rooms, asked from another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def of(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def now(self, work: Callable[[], T]) -> T:
        """Something short that does not wait; this thread does."""

        async def done() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()


class _Reader:
    def __init__(self, home: _Home, reader: Reader) -> None:
        self._home, self._reader = home, reader

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        return await self._home.of(self._reader.statistics(scope, requests, start_ms, end_ms))


class _Registry:
    def __init__(self, home: _Home, registry: Registry) -> None:
        self._home, self._registry = home, registry

    def __len__(self) -> int:
        return len(self._registry)

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        return self._home.now(lambda: self._registry.find(scope, query))

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        return self._home.now(lambda: self._registry.count(scope, query))

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset()


class _Bands:
    def __init__(self, home: _Home, bands: BandSource) -> None:
        self._home, self._bands = home, bands

    async def bands(self, scope: Scope, requests: Sequence[BandRequest]) -> list[Band]:
        return await self._home.of(self._bands.bands(scope, requests))


class _Ranges:
    def __init__(self, home: _Home, promql: Ranges) -> None:
        self._home, self._promql = home, promql

    async def matrix(self, scope: Scope, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        return await self._home.of(self._promql.matrix(scope, text, start_ms, end_ms, step_ms))


class _Queries:
    def __init__(self, home: _Home, logs: Queries) -> None:
        self._home, self._logs = home, logs

    async def run(self, scope: Scope, ask: Ask, limits: ReadLimits | None = None) -> Found:
        return await self._home.of(self._logs.run(scope, ask, limits))


async def in_thread(rooms: Rooms, work: Callable[[ReplayParts], Coroutine[Any, Any, T]]) -> T:
    """What `work` gives, run in a thread with the rooms at hand. Passes on its errors."""
    home = _Home(asyncio.get_running_loop())
    reader, registry = _Reader(home, rooms.reader), _Registry(home, rooms.registry)

    async def stored(account: str, region: str, names: Sequence[str]) -> Mapping[str, Stored]:
        async def asked() -> Mapping[str, Stored]:
            return await rooms.named(account, region, names)

        return await home.of(asked())

    parts = ReplayParts(
        reader,
        registry,
        lambda over: Evaluator(over, registry, rooms.clock, _Bands(home, rooms.bands)),
        stored,
        rooms.kept,
        None if rooms.promql is None else _Ranges(home, rooms.promql),
        None if rooms.logs is None else _Queries(home, rooms.logs),
    )
    return await asyncio.to_thread(lambda: asyncio.run(work(parts)))
