"""Right-sizing over a real engine: machines, volumes, endpoints and containers with two weeks of use."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Judgement
from trimtab.advice.rightsizing.model import Subject
from trimtab.advice.rightsizing.room import Means, RightsizingRoom
from trimtab.advice.rightsizing.use import DAY_MS
from trimtab.base.clock import ManualClock
from trimtab.inventory.resolver import ResourceRef
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom
from trimtab.logs.serverless.model import FunctionUse
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.read import MetricReader, NoDrain
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

NOW_MS = 1_796_000_400_000
ACCOUNT, REGION = "123456789012", "us-east-1"
STEP_MS = 3_600_000
HOURS = np.arange(NOW_MS - 33 * DAY_MS, NOW_MS, STEP_MS)

Times = np.ndarray[tuple[int], np.dtype[np.int64]]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]
Shape = Callable[[Times], Values]


@dataclass
class Place:
    """The room with what was published and written, and ways to fill it."""

    room: RightsizingRoom
    inventory: InventoryRoom
    telemetry: Telemetry
    registry: SeriesRegistry
    published: list[Judgement]
    written: dict[tuple[str, str], bytes]
    functions: list[FunctionUse] = field(default_factory=list)
    waiting: dict[Kind, list[tuple[int, Values]]] = field(default_factory=dict)

    def machine(self, kind: str, id_: str, type_: str, arn: str = "", **attributes: object) -> None:
        """A resource of the inventory."""
        ref = ResourceRef("aws", ACCOUNT, REGION, kind, id_)
        one = Resource(ref, f"name of {id_}", "search", type_, {"team": "search"}, "test", NOW_MS, arn, attributes)
        asyncio.run(self.inventory.resources.put([one], NOW_MS))

    def measure(self, namespace: str, name: str, shape: Shape, kind: Kind = Kind.EVENTS, /, **names: str) -> None:
        """An hourly series of a shape over time."""
        dimensions = tuple(sorted(names.items()))
        series = self.registry.add(Identity(ACCOUNT, REGION, namespace, name, dimensions, kind=kind))
        self.registry.seen(np.array([series], np.uint64), HOURS[-1:])
        values = shape(HOURS)
        self.waiting.setdefault(kind, []).append((series, values))

    def fill(self) -> None:
        """Write what was measured, all at once."""
        for kind, found in self.waiting.items():
            table = "metric_values (series, time, value, count)"
            if kind is not Kind.EVENTS:
                table = "metric_samples (series, time, value)"
            one = ", 1" if kind is Kind.EVENTS else ""
            rows = ", ".join(
                f"({series}, fromUnixTimestamp64Milli({at}), {value:.9g}{one})"
                for series, values in found
                for at, value in zip(HOURS.tolist(), values.tolist(), strict=True)
            )
            self.telemetry.command(f"INSERT INTO {table} VALUES {rows}")
        self.waiting.clear()


def steady(level: float) -> Shape:
    """About a level, with a little noise that is the same every time."""

    def shape(times: Times) -> Values:
        random = np.random.default_rng(7)
        return np.asarray(level * (1 + 0.05 * np.sin(times / DAY_MS * 6.28) + random.normal(0, 0.02, len(times))))

    return shape


@pytest.fixture
def place(engine: Telemetry, state: State, tmp_path: Path) -> Place:
    """An empty place."""
    for table in ("metric_values", "metric_sets", "metric_samples"):
        engine.command(f"TRUNCATE TABLE {table}")
    clock = ManualClock(NOW_MS)
    registry = SeriesRegistry(engine, clock)
    inventory = InventoryRoom.of(state, clock)
    published: list[Judgement] = []
    written: dict[tuple[str, str], bytes] = {}
    functions: list[FunctionUse] = []

    async def uses(scope: Scope, start_ms: int, end_ms: int) -> Sequence[FunctionUse]:
        return functions

    async def none(scope: Scope) -> Sequence[Subject]:
        return ()

    async def facts() -> Facts:
        return Facts(NOW_MS)

    async def publish(judged: Sequence[Judgement], took_ms: int) -> object:
        published.extend(judged)
        return None

    def write(bucket: str, key: str, content: bytes) -> None:
        written[bucket, key] = content

    means = Means(
        engine, registry, MetricReader(engine, registry, NoDrain()), inventory, uses, none, facts, publish, write
    )
    room = RightsizingRoom.of(state, clock, means)
    return Place(room, inventory, engine, registry, published, written, functions)
