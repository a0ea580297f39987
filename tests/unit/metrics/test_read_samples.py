"""Gauges, and counters read as increases."""

import math

import numpy as np
import pandas as pd
import pytest
from tests.unit.metrics.conftest import START, Room, as_dict, ask, run

from trimtab.access.scope import EVERYTHING
from trimtab.metrics.model import SAMPLE_ROW, Kind, MetricBatch
from trimtab.metrics.read import LatestPoint, StatRequest
from trimtab.metrics.statistics import parse_statistic


def put(room: Room, series: int, points: list[tuple[int, float]]) -> None:
    """Points are (seconds after START, value)."""
    rows = np.array([(series, START + at * 1000, value) for at, value in points], SAMPLE_ROW)
    run(room.ingest.write(MetricBatch(samples=rows)))


def test_gauges_equal_pandas_and_negative_ones_have_percentiles(room: Room, rng: np.random.Generator) -> None:
    series = room.series(kind=Kind.GAUGE)
    frame = pd.DataFrame({"at": range(0, 600, 10), "value": rng.normal(0, 5, 60)})
    put(room, series, list(frame.itertuples(index=False, name=None)))
    grouped = frame.groupby(frame["at"] // 60 * 60.0)["value"]
    names = ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "p90", "Last"]
    expected = [
        grouped.count(), grouped.sum(), grouped.mean(), grouped.min(), grouped.max(), grouped.quantile(0.9),
        grouped.last(),
    ]  # fmt: skip
    for answer, wanted in zip(ask(room, series, *names), expected, strict=True):
        assert wanted.to_dict() == pytest.approx(answer, rel=1e-12)


def test_a_repeated_sample_replaces(room: Room) -> None:
    series = room.series(kind=Kind.GAUGE)
    for value in (1.0, 7.0, 3.0):
        put(room, series, [(5, value)])
    assert [{0.0: 1.0}, {0.0: 3.0}, {0.0: 3.0}, {0.0: 3.0}] == ask(room, series, "SampleCount", "Sum", "p50", "Last")
    raw = run(room.reader.raw(EVERYTHING, series, START, START + 60_000))
    assert ([START + 5000], [3.0], [1.0]) == (raw.times.tolist(), raw.values.tolist(), raw.counts.tolist())


def test_stale_markers_are_no_samples(room: Room) -> None:
    gauge, counter = room.series("g", Kind.GAUGE), room.series("c", Kind.COUNTER)
    for series in (gauge, counter):
        put(room, series, [(0, 1.0), (10, math.nan), (20, 4.0)])
    assert [{0.0: 2.0}, {0.0: 4.0}] == ask(room, gauge, "SampleCount", "Last")
    assert [{0.0: 3.0}, {0.0: 3.0}] == ask(room, counter, "Sum", "p50")


def test_counters_are_read_as_increases(room: Room) -> None:
    series = room.series(kind=Kind.COUNTER)
    put(room, series, [(-30, 100.0), (0, 110.0), (30, 130.0), (60, 130.0), (90, 5.0), (120, 6.0)])
    names = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "Rate", "Last", "p100")
    assert [
        {0.0: 30.0, 60.0: 5.0, 120.0: 1.0},
        {0.0: 2.0, 60.0: 2.0, 120.0: 1.0},
        {0.0: 15.0, 60.0: 2.5, 120.0: 1.0},
        {0.0: 10.0, 60.0: 0.0, 120.0: 1.0},
        {0.0: 20.0, 60.0: 5.0, 120.0: 1.0},
        {0.0: 0.5, 60.0: 5 / 60, 120.0: 1 / 60},
        {0.0: 130.0, 60.0: 5.0, 120.0: 6.0},
        {0.0: 20.0, 60.0: 5.0, 120.0: 1.0},
    ] == ask(room, series, *names)


def test_the_first_sample_of_a_counter_is_no_increase(room: Room) -> None:
    series = room.series(kind=Kind.COUNTER)
    put(room, series, [(-301, 7.0), (0, 50.0), (10, 51.0)])
    assert [{0.0: 1.0}] == ask(room, series, "Sum")
    assert [{0.0: 44.0}] == ask(room, series, "Sum", period=300)  # Two periods back reach the predecessor.


def test_counters_of_several_series_keep_apart(room: Room) -> None:
    ids = tuple(room.series(kind=Kind.COUNTER, host=host) for host in "ab")
    put(room, ids[0], [(-10, 1000.0), (0, 1001.0)])
    put(room, ids[1], [(-10, 1.0), (0, 5.0)])
    assert [{0.0: 5.0}, {0.0: 4.0}] == ask(room, ids, "Sum", "Maximum")


def test_a_gauge_that_is_a_counter_in_truth_has_a_rate(room: Room) -> None:
    series = room.series(kind=Kind.GAUGE)
    put(room, series, [(-10, 10.0), (0, 40.0), (30, 70.0)])
    assert [{0.0: 1.0}] == ask(room, series, "Rate")


def test_kinds_merge_in_one_request(room: Room) -> None:
    gauge, counter = room.series("x", Kind.GAUGE), room.series("x", Kind.COUNTER)
    put(room, gauge, [(0, 5.0)])
    put(room, counter, [(-1, 1.0), (1, 3.0)])
    assert [{0.0: 7.0}, {0.0: 5.0}, {0.0: 3.5}, {0.0: 3.0}] == ask(
        room, (gauge, counter), "Sum", "Maximum", "p50", "Last"
    )


def test_samples_across_days_are_read_whole(room: Room) -> None:
    series = room.series(kind=Kind.COUNTER)
    day = 86_400
    put(room, series, [(at, float(at)) for at in range(0, 3 * day, 3600)])
    request = StatRequest((series,), parse_statistic("Sum"), day)
    answer = run(room.reader.statistics(EVERYTHING, [request], START, START + 3 * day * 1000))[0]
    assert 3 * day - 3600 == sum(as_dict(answer).values())


def test_latest_of_many_is_one_query(room: Room) -> None:
    gauge, counter, silent = room.series("g", Kind.GAUGE), room.series("c", Kind.COUNTER), room.series("s", Kind.GAUGE)
    put(room, gauge, [(0, 1.0), (10, 2.0), (5, 9.0)])
    put(room, counter, [(3, 8.0)])
    put(room, silent, [(-100, 1.0)])
    room.engine.queries.clear()
    assert {gauge: LatestPoint(START + 10_000, 2.0), counter: LatestPoint(START + 3000, 8.0)} == run(
        room.reader.latest(EVERYTHING, [gauge, counter, silent, 77], START)
    )
    assert 1 == len(room.engine.queries)
