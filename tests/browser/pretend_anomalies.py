"""Anomalies that are made up: two of the first series of a registry, one of them still going on."""

import math
from typing import Any, cast

import numpy as np

from trimtab.access.scope import Scope
from trimtab.anomalies.model import BEFORE, SLOT_MS, Anomaly, Direction
from trimtab.anomalies.mutes import Mute
from trimtab.anomalies.naming import place_of
from trimtab.anomalies.progress import Progress
from trimtab.anomalies.room import AnomalyRoom
from trimtab.anomalies.together import Changed, Together
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.registry import SeriesRegistry


class PretendFound:
    """Reads and compares what was made up."""

    def __init__(self, registry: SeriesRegistry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock

    def _all(self) -> list[Anomaly]:
        now_ms = self._clock.now_ms() // SLOT_MS * SLOT_MS
        series = self._registry.find(Scope(), SeriesQuery(limit=2))
        begun = zip(series, (now_ms - 6 * SLOT_MS, now_ms - 60 * SLOT_MS), strict=False)
        return [_made(one.id, start_ms, start_ms + 6 * SLOT_MS >= now_ms) for one, start_ms in begun]

    async def in_range(self, scope: Scope, start_ms: int, end_ms: int, **_: Any) -> list[Anomaly]:
        return [one for one in self._all() if one.start_ms < end_ms and one.end_ms > start_ms]

    async def get(self, scope: Scope, id_: str) -> Anomaly:
        for one in self._all():
            if one.id == id_:
                return one
        raise NotFound(f"cannot find anomaly {id_}")

    async def together(self, scope: Scope, anomaly: Anomaly) -> Together:
        others = self._registry.find(scope, SeriesQuery(limit=6))[2:]
        points = np.array([*range(80), 200, 190, 180, math.nan], dtype=float)
        changed = [
            Changed(one, place_of(one), 0.9 - at / 10, 0.8, (at - 1) * SLOT_MS, None, points)
            for at, one in enumerate(others)
        ]
        return Together(tuple(changed), 40, anomaly.start_ms - BEFORE * SLOT_MS, anomaly.end_ms)


class PretendAside:
    """A mute and how far the detector is."""

    def __init__(self, registry: SeriesRegistry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock

    async def active(self) -> list[Mute]:
        found = self._registry.find(Scope(), SeriesQuery(limit=3))[2:]
        return [Mute(one.id, "123456789012", "us-east-1", 0, "ann", self._clock.now_ms()) for one in found]

    async def last(self) -> Progress | None:
        now_ms = self._clock.now_ms()
        return Progress(len(self._registry), 3, 0, now_ms - 120_000, now_ms) if len(self._registry) else None


def pretend_anomalies(registry: SeriesRegistry, clock: Clock) -> AnomalyRoom:
    """The room, without stores."""
    found, aside = cast("Any", PretendFound(registry, clock)), cast("Any", PretendAside(registry, clock))
    return AnomalyRoom(registry, found, found, aside, aside, clock)


def _made(series: int, start_ms: int, open_: bool) -> Anomaly:
    number = BEFORE + 6
    points = [20 + 3 * math.sin(at / 9) + (60 if at >= BEFORE else 0) for at in range(number)]
    return Anomaly(
        series, start_ms, start_ms + 6 * SLOT_MS, "123456789012", "us-east-1", open_, 2.4, start_ms, Direction.ABOVE,
        points[-1], 14.0, 26.0, start_ms - BEFORE * SLOT_MS, tuple(points), (14.0,) * number, (26.0,) * number, 3,
    )  # fmt: skip
