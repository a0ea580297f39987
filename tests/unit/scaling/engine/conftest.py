"""The engine over a state database, with metrics, alarms and a backend that say what a test wants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.actions.registry import Actuators
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import Query, Result
from trimtab.scaling.engine.alarms import Breach
from trimtab.scaling.engine.metering import Point
from trimtab.scaling.engine.model import (
    CUSTOM,
    CUSTOM_DIMENSION,
    Activity,
    Form,
    Kind,
    Mode,
    ScalableTarget,
    Service,
    Signal,
    Standing,
    TargetKey,
)
from trimtab.scaling.engine.room import Means, ScalingRoom
from trimtab.store.state.database import State

KEY = TargetKey("123456789012", "us-east-1", CUSTOM, "webhook/web", CUSTOM_DIMENSION)
TRACKED = {
    "TargetValue": 50.0,
    "CustomizedMetricSpecification": {"Namespace": "own", "MetricName": "cpu", "Statistic": "Average"},
    "ScaleOutCooldown": 120,
    "ScaleInCooldown": 300,
}


@dataclass
class Metrics:
    """Values by metric name, one a period, the newest last: each read is answered with the newest."""

    values: dict[str, list[float]] = field(default_factory=dict)

    async def evaluate(
        self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
    ) -> list[Result]:
        found = []
        for one in queries:
            assert not isinstance(one.source, str)
            step = one.source.period_s * 1000
            values = self.values.get(one.source.name, [])[-((end_ms - start_ms) // step) :]
            times = end_ms - step * np.arange(len(values), 0, -1)
            found.append(Result(one.id, one.id, times.astype(np.int64), np.array(values, dtype=np.float64)))
        return found


@dataclass
class Alarming:
    """The breaches of every policy."""

    breaches: list[Breach] = field(default_factory=list)

    async def breaching(self, key: TargetKey, arn: str) -> list[Breach]:
        return self.breaches


@dataclass
class Backend:
    """A backend whose replicas come when a test says so."""

    ready: int = 1
    desired: int = 1
    owner: str | None = None
    manifest: Mapping[str, Any] | None = None
    fails: str = ""
    asked: list[int] = field(default_factory=list)
    name: str = "fake"

    def takes(self, key: TargetKey) -> bool:
        return key.resource.startswith("webhook/")

    async def standing(self, key: TargetKey) -> Standing:
        return Standing(self.ready, max(0, self.desired - self.ready), self.desired, self.owner, self.manifest)

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        if self.fails:
            raise Unavailable(self.fails)
        self.asked.append(desired)
        self.desired = desired
        return "asked"

    async def preview(self, key: TargetKey, desired: int) -> str:
        return f"ask for {desired}"


@dataclass
class Bench:
    """A room, and what a test moves."""

    room: ScalingRoom
    clock: ManualClock
    metrics: Metrics
    alarms: Alarming
    backend: Backend
    audited: list[tuple[Mapping[str, object], str]]
    points: list[Point]

    async def target(self, mode: Mode = Mode.ACT, least: int = 1, most: int = 10, **changes: Any) -> ScalableTarget:
        """The target, as given."""
        signal = Signal("own", "requests", {}, "Sum", False)
        form = Form(least, most, mode=mode, service=Service(10.0, 60.0, 60, signal))
        return await self.room.targets.put(KEY, replace(form, **changes))

    async def policy(self, kind: Kind = Kind.TRACKING, **document: Any) -> None:
        """A policy of it."""
        await self.room.policies.put(EVERYTHING, KEY, kind.value, kind, document or TRACKED)

    async def minutes(self, number: int, cpu: float | None = None) -> None:
        """Let minutes go by; each has a value of cpu."""
        for _ in range(number):
            self.clock.advance(60)
            if cpu is not None:
                self.metrics.values.setdefault("cpu", []).append(cpu)
            await self.room.loop.turn()

    async def done(self) -> list[Activity]:
        """What was done, the newest first."""
        return await self.room.activities.listed(EVERYTHING)

    def again(self) -> "Bench":
        """The same after a restart: nothing but the database is kept."""
        return bench(self.room.state, self.clock, self.metrics, self.alarms, self.backend)


def bench(state: State, clock: ManualClock, metrics: Metrics, alarms: Alarming, backend: Backend) -> Bench:
    """A room of its own process."""
    audited: list[tuple[Mapping[str, object], str]] = []
    points: list[Point] = []

    async def emit(some: Sequence[Point]) -> None:
        points.extend(some)

    async def audit(target: ScalableTarget, changes: Mapping[str, object], problem: str) -> None:
        audited.append((changes, problem))

    means = Means(metrics, alarms, Actuators(state, clock), emit, audit, {}, [backend])
    return Bench(ScalingRoom.of(state, clock, means), clock, metrics, alarms, backend, audited, points)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """One for a file of tests: making one takes longer than a test."""
    made = State.open("", tmp_path_factory.mktemp("scaling"))
    yield made
    made.close()


@pytest.fixture
def engine_bench(database: State) -> Bench:
    """A bench over an empty database."""
    database.wipe()
    return bench(database, ManualClock(), Metrics(), Alarming(), Backend())
