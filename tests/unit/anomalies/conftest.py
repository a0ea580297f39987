"""The detector's job over an engine of its own, and metrics that are made up."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.anomalies.model import SLOT_MS, Anomaly
from trimtab.anomalies.room import AnomalyRoom
from trimtab.anomalies.watch import AnomalyWatch, WatchParts
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.anomaly.alerts import THRESHOLD

T = TypeVar("T")

BEGIN = 1_764_028_800_000  # a midnight
DAY = 288
DAY_MS = 86_400_000


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass
class Points:
    """A reader of made-up points; counts the ranges that it was asked for."""

    series: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.asked.append((start_ms, end_ms, len(requests)))
        return [self._one(request.series[0], start_ms, end_ms) for request in requests]

    def _one(self, id_: int, start_ms: int, end_ms: int) -> StatSeries:
        times, values = self.series[id_]
        inside = (times >= start_ms) & (times < end_ms)
        return StatSeries(times[inside], values[inside])


class Failing:
    """A store that refuses until it is told not to."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry, self.fails = telemetry, False

    def insert(self, table: Any, rows: bytes, token: str) -> None:
        if self.fails:
            raise Unavailable("cannot reach the engine: it is away")
        self.telemetry.insert(table, rows, token)


@dataclass
class World:
    """The detector, what it reads and what it found."""

    clock: ManualClock
    registry: SeriesRegistry
    points: Points
    store: Failing
    room: AnomalyRoom
    directory: Path
    leads: bool = True
    limit: int = 1000
    threshold: float = THRESHOLD
    compilations: int = 0

    async def compiled(self) -> None:
        """What the detector waits for before it scores."""
        self.compilations += 1

    def add(
        self, name: str, values: np.ndarray, *, unit: str = "Percent", namespace: str = "ns", **dimensions: str
    ) -> int:
        """A series with a value a slot from BEGIN on (NaN: none)."""
        id_ = self.registry.add(Identity("1", "eu", namespace, name, make_tags(dimensions), unit, Kind.GAUGE))
        known = np.isfinite(values)
        times = (BEGIN + SLOT_MS * np.arange(len(values)))[known]
        self.points.series[id_] = (times, values[known])
        self.registry.seen(np.full(len(times), id_, np.uint64), times)
        return id_

    def watch(self) -> AnomalyWatch:
        """The job as a process has it that just started."""
        return AnomalyWatch(
            WatchParts(
                self.registry,
                self.points,  # type: ignore[arg-type]  # reads like a MetricReader
                self.store,
                self.room.progress,
                self.clock,
                self.directory,
                self.limit,
                lambda: self.leads,
                self.compiled,
                self.threshold,
            )
        )

    def at(self, day: float) -> None:
        """Set the clock to when the slots before `day` can be looked at."""
        self.clock.at_ms = BEGIN + round(day * DAY_MS) + 100_000

    def found(self, scope: Scope = EVERYTHING, **filters: Any) -> list[Anomaly]:
        return run(self.room.found.in_range(scope, 0, self.clock.at_ms, **filters))


@pytest.fixture
def world(engine: Telemetry, state: State, tmp_path: Path) -> World:
    engine.command("TRUNCATE TABLE anomalies")
    clock = ManualClock()
    registry = SeriesRegistry(engine, clock)
    points = Points()
    room = AnomalyRoom.of(engine, state, registry, points, clock)  # type: ignore[arg-type]
    return World(clock, registry, points, Failing(engine), room, tmp_path / "anomalies")


def daily(days: int, seed: int = 0) -> np.ndarray:
    """Values of a metric with a daily shape and noise."""
    at = np.arange(days * DAY)
    return 40 + 15 * np.sin(2 * np.pi * at / DAY) + np.random.default_rng(seed).normal(0, 1, days * DAY)
