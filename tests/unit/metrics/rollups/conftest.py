"""The metrics room with a second reader, which uses rollups for everything that they can answer."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.unit.metrics import conftest as metrics
from tests.unit.metrics.conftest import START, Engine

from trimtab.base.clock import ManualClock
from trimtab.metrics.model import SAMPLE_ROW, MetricBatch
from trimtab.metrics.read import MetricReader
from trimtab.metrics.rollups import choice
from trimtab.metrics.rollups.build import RollupBuilder
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention

HOUR = 3_600_000
KEPT = Retention(tier_days=(16, 63, 455))  # rows of a minute outlive raw points, so they are written

__all__ = ["HOUR", "START", "Room", "samples"]


@dataclass
class Room(metrics.Room):
    """The room, its rollups and their reader."""

    rolled: MetricReader
    builder: RollupBuilder

    def roll(self) -> int:
        return self.builder.roll()


def samples(series: int, times: list[int], values: list[float]) -> MetricBatch:
    rows = np.empty(len(times), SAMPLE_ROW)
    rows["series"], rows["time"], rows["value"] = series, times, values
    return MetricBatch(samples=rows)


@pytest.fixture
def room(shared_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(choice, "CHEAP_SERIES_HOURS", 0)
    monkeypatch.setattr(choice, "EXACT_SERIES_HOURS", 0)
    shared_engine.clear()
    clock = ManualClock(START + 8 * HOUR)
    plain = metrics.make_room(shared_engine, clock)
    rolled = MetricReader(shared_engine, plain.registry, plain.log, RollupChoice(shared_engine, clock, KEPT))
    builder = RollupBuilder(shared_engine, clock, KEPT)
    return Room(
        plain.engine, plain.clock, plain.log, plain.registry, plain.ingest, plain.reader, rolled=rolled, builder=builder
    )
