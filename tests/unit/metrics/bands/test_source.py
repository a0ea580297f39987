"""Bands come from the past of the stretch that they are for, by the detector's settings, from few reads."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.detectors.model import Settings, Target
from trimtab.detectors.room import DetectorRoom
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.bands.training import Learner
from trimtab.metrics.bands.zone import local_times
from trimtab.metrics.expressions.bands import BandRequest
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic
from trimtab.store.state.database import State

HOUR = 3_600_000
BEGIN = 1_764_028_800_000
AVERAGE = parse_statistic("Average")
SCOPE = Scope.of("1", "eu")


class Points:
    """A reader of one made-up series; counts its reads."""

    def __init__(self, times: np.ndarray, values: np.ndarray) -> None:
        self.times, self.values, self.reads = times, values, 0

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.reads += 1
        inside = (self.times >= start_ms) & (self.times < end_ms)
        return [StatSeries(self.times[inside], self.values[inside]) for _ in requests]


def asked(start_ms: int, end_ms: int, width: float = 3.0) -> BandRequest:
    stat = MetricStat("ns", "m", (), AVERAGE, 300)
    times = np.arange(start_ms, end_ms, 300_000)
    return BandRequest(stat, (), start_ms, end_ms, 300, times, np.zeros(len(times)), width)


def world(state: State, values: np.ndarray) -> tuple[TrainedBands, Points, DetectorRoom, ManualClock]:
    clock = ManualClock(BEGIN + len(values) * 300_000)
    registry = SeriesRegistry(None, clock)  # type: ignore[arg-type]  # nothing is loaded
    registry.add(Identity("1", "eu", "ns", "m", (), "None", Kind.GAUGE))
    points = Points(BEGIN + 300_000 * np.arange(len(values)), values)
    room = DetectorRoom.of(state, clock)
    reader: Any = points
    return TrainedBands(reader, registry, room.book, clock), points, room, clock


def noisy(days: int) -> np.ndarray:
    return 100 + np.random.default_rng(1).normal(0, 2, days * 288)


def test_a_band_of_the_past_does_not_know_what_came_later(state: State) -> None:
    values = noisy(4)
    changed = values.copy()
    changed[3 * 288 :] += 500
    at = BEGIN + 72 * HOUR
    bands = []
    for series in (values, changed):
        source, _, _, _ = world(state, series)
        [band] = asyncio.run(source.bands(SCOPE, [asked(at - 2 * HOUR, at)]))
        bands.append(band)
    assert np.array_equal(bands[0].upper, bands[1].upper)
    assert len(bands[0].times) == 24
    assert (bands[0].upper > 104).all()
    assert (bands[0].upper < 115).all()


def test_models_are_kept_so_that_the_next_question_reads_nothing(state: State) -> None:
    source, points, _, _ = world(state, noisy(3))
    at = BEGIN + 60 * HOUR
    asyncio.run(source.bands(SCOPE, [asked(at, at + HOUR)]))
    read = points.reads
    asyncio.run(source.bands(SCOPE, [asked(at, at + HOUR, 2.0)]))
    assert points.reads == read
    source.forget()
    asyncio.run(source.bands(SCOPE, [asked(at, at + HOUR)]))
    assert points.reads > read


def test_a_detector_excludes_what_its_owner_says(state: State) -> None:
    values = noisy(3)
    values[288 : 60 * 12] += 400
    source, _, room, clock = world(state, values)
    at = BEGIN + 60 * HOUR
    [followed] = asyncio.run(source.bands(SCOPE, [asked(at, at + HOUR)]))
    excluded = ((BEGIN + 24 * HOUR, at),)
    asyncio.run(room.store.put("1", "eu", Target("ns", "m", (), "Average"), Settings(excluded=excluded)))
    clock.advance(11)
    [kept] = asyncio.run(source.bands(SCOPE, [asked(at, at + HOUR)]))
    assert followed.lower.min() > 400
    assert kept.upper.max() < 115


def test_without_history_there_is_no_band(state: State) -> None:
    source, _, _, _ = world(state, noisy(1))
    [band] = asyncio.run(source.bands(SCOPE, [asked(BEGIN, BEGIN + HOUR)]))
    assert len(band.times) == 0


def test_a_percentage_has_no_limit_beyond_it_and_a_size_none_below_zero() -> None:
    times = BEGIN + 300_000 * np.arange(2 * 288)
    values = np.clip(98 + np.random.default_rng(2).normal(0, 3, len(times)), 0, 100)
    share = Learner(Settings(), "Percent", AVERAGE.family).learn(times, values)
    assert share is not None
    assert share.limits(times, times, 6.0)[0].max() <= 100
    small = Learner(Settings()).learn(times, 100 - values)
    assert small is not None
    assert small.limits(times, times, 6.0)[1].min() >= 0


def test_the_clock_of_a_place_moves_with_its_summer_time() -> None:
    march = np.array([1_774_746_000_000 - HOUR, 1_774_746_000_000, 1_774_746_000_000 + HOUR])  # 2026-03-29 01:00 UTC
    assert [1, 2, 2] == ((local_times(march, "Europe/Berlin") - march) // HOUR).tolist()
    assert local_times(march, "") is march
