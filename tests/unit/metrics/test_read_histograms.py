"""Histograms read back: what each point added, and estimates from its buckets."""

import math

import numpy as np
import pytest
from tests.unit.metrics.conftest import START, Room, ask, run

from trimtab.access.scope import EVERYTHING
from trimtab.base.records import replace
from trimtab.metrics.model import VALUE_ROW, HistogramPoint, Kind, MetricBatch
from trimtab.metrics.read import LatestPoint

NAN = math.nan


def explicit(
    series: int, at: int, counts: tuple[int, ...], total: float, *, since: int = 0, cumulative: bool = True,
    low: float = NAN, high: float = NAN, bounds: tuple[float, ...] = (1.0, 2.0, 4.0),
) -> HistogramPoint:  # fmt: skip
    """`at` and `since` in seconds after START."""
    start, time = START + since * 1000, START + at * 1000
    return HistogramPoint(series, time, start, cumulative, sum(counts), total, low, high, bounds, counts)


def exponential(
    series: int, at: int, scale: int, positive: tuple[int, ...], offset: int = 0, *, since: int = 0, zero: int = 0,
    negative: tuple[int, ...] = (), cumulative: bool = True,
) -> HistogramPoint:  # fmt: skip
    count = sum(positive) + sum(negative) + zero
    return HistogramPoint(
        series, START + at * 1000, START + since * 1000, cumulative, count, 0.0, NAN, NAN,
        exponential=True, scale=scale, zero_count=zero, positive_offset=offset, positive=positive, negative=negative,
    )  # fmt: skip


def put(room: Room, *points: HistogramPoint) -> int:
    run(room.ingest.write(MetricBatch(histograms=points)))
    return points[0].series


@pytest.fixture
def series(room: Room) -> int:
    return room.series(kind=Kind.HISTOGRAM)


def test_deltas_are_taken_as_they_are(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, 0, (1, 2, 1, 0), 6.0, cumulative=False, low=0.5, high=3.0),
        explicit(series, 30, (0, 0, 0, 2), 20.0, since=0, cumulative=False, low=8.0, high=12.0),
        explicit(series, 60, (1, 0, 0, 0), 1.0, since=30, cumulative=False, low=1.0, high=1.0),
    )
    names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "Rate")
    assert [
        {0.0: 6.0, 60.0: 1.0}, {0.0: 26.0, 60.0: 1.0}, {0.0: 26 / 6, 60.0: 1.0}, {0.0: 0.5, 60.0: 1.0},
        {0.0: 12.0, 60.0: 1.0}, {0.0: 0.1, 60.0: 1 / 60},
    ] == ask(room, series, *names)  # fmt: skip


def test_cumulative_points_are_differenced(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, -30, (5, 5, 5, 5), 50.0, since=-9000),
        explicit(series, 0, (5, 7, 5, 5), 53.0, since=-9000),
        explicit(series, 60, (5, 7, 9, 5), 65.0, since=-9000),
    )
    assert [{0.0: 2.0, 60.0: 4.0}, {0.0: 3.0, 60.0: 12.0}, {0.0: 1.5, 60.0: 3.0}] == ask(
        room, series, "SampleCount", "Sum", "p50"
    )
    assert [{}] == ask(room, series, "Last")
    assert [{}] == ask(room, series, "tm90")


def test_a_restart_counts_from_zero(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, -10, (9, 9, 9, 9), 99.0, since=-9000),
        explicit(series, 10, (9, 9, 9, 9), 99.0, since=5),
        explicit(series, 70, (0, 1, 0, 0), 1.5, since=5),
    )
    assert [{0.0: 36.0, 60.0: 1.0}] == ask(room, series, "SampleCount")


def test_the_first_point_counts_only_when_it_began_in_what_was_read(room: Room, series: int) -> None:
    other = room.series("other", Kind.HISTOGRAM)
    put(room, explicit(series, 10, (1, 0, 0, 0), 1.0, since=-60))
    put(room, explicit(other, 10, (1, 0, 0, 0), 1.0, since=-9000), explicit(other, 20, (1, 1, 0, 0), 3.0, since=-9000))
    assert [{0.0: 1.0}] == ask(room, series, "SampleCount")
    assert [{0.0: 1.0}, {0.0: 2.0}] == ask(room, other, "SampleCount", "Sum")


def test_a_repeated_point_replaces(room: Room, series: int) -> None:
    point = explicit(series, 0, (1, 0, 0, 0), 1.0, cumulative=False)
    put(room, point)
    put(room, replace(point, count=3, counts=(3, 0, 0, 0)))
    assert [{0.0: 3.0}] == ask(room, series, "SampleCount")


def test_a_point_that_added_nothing_is_no_data(room: Room, series: int) -> None:
    put(room, *(explicit(series, at, (1, 1, 0, 0), 3.0, since=-9000) for at in (-10, 10)))
    assert [{}, {}, {}] == ask(room, series, "SampleCount", "Average", "p90")


def test_extremes_of_cumulative_points_are_exact_when_they_moved_and_estimates_else(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, -10, (1, 0, 1, 0), 3.0, since=-9000, low=0.5, high=2.5),
        explicit(series, 10, (1, 1, 2, 0), 8.0, since=-9000, low=0.5, high=3.5),
        explicit(series, 70, (2, 1, 2, 0), 8.4, since=-9000, low=0.4, high=3.5),
        explicit(series, 130, (2, 1, 2, 1), 20.0, since=-9000, low=0.4, high=3.5),
    )
    low, high = ask(room, series, "Minimum", "Maximum")
    assert {0.0: 1.0, 60.0: 0.4, 120.0: 4.0} == low
    assert {0.0: 3.5, 60.0: 1.0, 120.0: 3.5} == high


def test_exponential_points_are_differenced_at_the_coarser_scale(room: Room, series: int) -> None:
    put(
        room,
        exponential(series, -10, 1, (1, 1, 1, 1), since=-9000),  # Two buckets each in (1, 2] and (2, 4].
        exponential(series, 10, 0, (2, 6, 1), since=-9000, zero=1),  # Merged, and 4, 1 and a zero added.
    )
    assert [{0.0: 6.0}, {0.0: 2 * 2**0.5}, {0.0: 8.0}, {0.0: 0.0}] == [
        {key: pytest.approx(value) for key, value in answer.items()}
        for answer in ask(room, series, "SampleCount", "p50", "p100", "Minimum")
    ]


def test_negative_exponential_buckets_mirror(room: Room, series: int) -> None:
    put(room, exponential(series, 10, 0, (), negative=(0, 4), cumulative=False))
    assert [{0.0: pytest.approx(-4.0)}, {0.0: pytest.approx(-(2**1.5))}, {0.0: pytest.approx(-2.0)}] == ask(
        room, series, "p0", "p50", "p100"
    )


def test_a_change_of_layout_starts_anew(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, -10, (5, 5, 5, 5), 50.0, since=-9000),
        explicit(series, 10, (30, 5), 70.0, since=-9000, bounds=(10.0,)),
        explicit(series, 20, (31, 5), 75.0, since=-9000, bounds=(10.0,)),
    )
    assert [{0.0: 1.0}, {0.0: 5.0}] == ask(room, series, "SampleCount", "Sum")


def test_a_restart_with_another_layout_counts(room: Room, series: int) -> None:
    put(
        room,
        explicit(series, -10, (5, 5, 5, 5), 50.0, since=-9000),
        explicit(series, 10, (30, 5), 70.0, since=5, bounds=(10.0,)),
    )
    assert [{0.0: 35.0}, {0.0: 10.0}] == ask(room, series, "SampleCount", "p100")


def test_histograms_of_count_and_sum_alone_have_no_percentiles(room: Room, series: int) -> None:
    put(room, replace(explicit(series, 10, (), 6.0, cumulative=False, bounds=()), count=3))
    assert [{0.0: 3.0}, {0.0: 2.0}, {}, {}] == ask(room, series, "SampleCount", "Average", "p50", "Maximum")


def test_exponential_runs_that_move_are_aligned(room: Room, series: int) -> None:
    put(
        room,
        exponential(series, -10, 0, (1, 2), 3, since=-9000, negative=(1,)),
        exponential(series, 10, 0, (4, 1, 2, 5), 2, since=-9000, negative=(1, 2)),
    )
    counts = [4.0, 5.0, 2.0]  # (4, 8] from nothing, (32, 64] from nothing, and (-4, -2].
    assert [{0.0: sum(counts)}, {0.0: -4.0}, {0.0: 64.0}] == ask(room, series, "SampleCount", "Minimum", "p100")


def test_several_series_and_raw_values_merge(room: Room, series: int) -> None:
    other, values = room.series("o", Kind.HISTOGRAM), room.series("v")
    put(room, explicit(series, 0, (2, 0, 0, 0), 1.0, cumulative=False))
    put(room, explicit(other, 0, (0, 0, 0, 2), 18.0, cumulative=False))
    run(room.ingest.write(MetricBatch(values=np.array([(values, START, 3.0, 4.0)], VALUE_ROW))))
    assert [{0.0: 8.0}, {0.0: 31.0}, {0.0: 3.0}, {0.0: 0.5}] == ask(
        room, (series, other, values), "SampleCount", "Sum", "p50", "p12.5"
    )
    assert [{0.0: 4.0}] == ask(room, (series, other), "p99")
    room.engine.queries.clear()
    ask(room, series, "Sum", "p50", "p90", "Maximum")
    assert 1 == len(room.engine.queries)


def test_raw_and_latest_are_means(room: Room, series: int) -> None:
    put(room, explicit(series, 5, (1, 3, 0, 0), 6.0))
    raw = run(room.reader.raw(EVERYTHING, series, START, START + 60_000))
    assert ([START + 5000], [1.5], [4.0]) == (raw.times.tolist(), raw.values.tolist(), raw.counts.tolist())
    assert {series: LatestPoint(START + 5000, 1.5)} == run(room.reader.latest(EVERYTHING, [series], START))
