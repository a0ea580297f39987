"""What rollups answer equals what raw points answer: late points, repeats, resets and gaps included."""

import uuid

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.metrics.conftest import START, run
from tests.unit.metrics.rollups.conftest import HOUR, Room, samples

from depth import examples
from trimtab.access.scope import EVERYTHING
from trimtab.metrics.model import SET_ROW, VALUE_ROW, HistogramPoint, Kind, MetricBatch
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

MERGED = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "Rate")
EXACT = (*MERGED, "Last")  # of one series: of several, any of those with a sample at the last time
ESTIMATED = ("p0", "p10", "p50", "p99.9", "p100", "tm90", "TM(10%:90%)", "wm95", "IQM", "tc90")


def asked_for(room: Room, *ids: int) -> None:
    """Percentiles and rates of the series are asked for, so that rollups keep what they come from."""
    requests = [StatRequest(ids, parse_statistic(name), 60) for name in ("p50", "Rate")]
    run(room.rolled.statistics(EVERYTHING, requests, START, START + 1))


def both(room: Room, ids: tuple[int, ...], names: tuple[str, ...], period: int, start: int, end: int) -> None:
    """The rollups' answers equal the raw ones (estimates within 1 %), and rollups were in fact read."""
    requests = [StatRequest(ids, parse_statistic(name), period) for name in names]
    exact = run(room.reader.statistics(EVERYTHING, requests, start, end))
    room.engine.queries.clear()
    rolled = run(room.rolled.statistics(EVERYTHING, requests, start, end))
    assert any("versions" in query for query in room.engine.queries)
    for name, raw, own in zip(names, exact, rolled, strict=True):
        assert raw.times.tolist() == own.times.tolist(), (name, period)
        tolerance = 1e-9 if name in EXACT else 0.01
        np.testing.assert_allclose(own.values, raw.values, rtol=tolerance, atol=1e-9, err_msg=f"{name} at {period}")


@pytest.mark.parametrize("period", [60, 900, 7200])
def test_gauges_equal_raw(room: Room, rng: np.random.Generator, period: int) -> None:
    ids = tuple(room.series(f"m{n}", Kind.GAUGE) for n in range(3))
    asked_for(room, *ids)
    times = np.arange(START, START + 5 * HOUR, 15_000)
    for series in ids:
        kept = times[rng.random(len(times)) < 0.9]
        run(room.ingest.write(samples(series, kept.tolist(), rng.lognormal(0, 5, len(kept)).tolist())))
    room.roll()
    both(room, ids, MERGED + ESTIMATED, period, START, START + 5 * HOUR)
    both(room, ids[:1], EXACT, period, START + 450_000, START + 4 * HOUR + 777_000)


@pytest.mark.parametrize("period", [300, 3600])
def test_a_matrix_of_gauges_equals_raw(room: Room, rng: np.random.Generator, period: int) -> None:
    ids = [room.series(f"m{n}", Kind.GAUGE) for n in range(4)]
    times = np.arange(START, START + 5 * HOUR, 15_000)
    for series, middle in zip(ids[:3], (-100.0, 0.0, 100.0), strict=True):
        kept = times[rng.random(len(times)) < 0.9]
        run(room.ingest.write(samples(series, kept.tolist(), rng.normal(middle, 5, len(kept)).tolist())))
    run(room.ingest.write(samples(ids[3], [START + 90 * 60_000], [1.0])))
    room.roll()
    for name in MERGED[:5]:
        asked = (EVERYTHING, ids, parse_statistic(name), START + 450_000, START + 4 * HOUR + 900_000, period)
        exact = run(room.reader.matrix(*asked))
        room.engine.queries.clear()
        rolled = run(room.rolled.matrix(*asked))
        assert any("versions" in query for query in room.engine.queries)
        np.testing.assert_allclose(rolled, exact, rtol=1e-9, atol=1e-9, err_msg=name)
        assert np.isnan(exact).any()
        assert not np.isnan(exact[:3]).any()


@pytest.mark.parametrize("period", [60, 300, 3600])
def test_counters_with_resets_and_gaps_equal_raw(room: Room, rng: np.random.Generator, period: int) -> None:
    ids = tuple(room.series(f"c{n}", Kind.COUNTER) for n in range(3))
    asked_for(room, *ids)
    for series in ids:
        times = np.arange(START, START + 6 * HOUR, 15_000)
        times = times[(times < START + 2 * HOUR - 600_000) | (times > START + 3 * HOUR + 60_000)]
        values = np.cumsum(rng.exponential(10, len(times)))
        for at in rng.integers(0, len(times), 5):
            values[at:] -= values[at] - 1
        run(room.ingest.write(samples(series, times.tolist(), values.tolist())))
    room.roll()
    both(room, ids, MERGED + ESTIMATED[:5], period, START, START + 6 * HOUR)
    both(room, ids[:1], EXACT, period, START + 3 * HOUR, START + 6 * HOUR - 100_000)


def test_rate_of_a_gauge_equals_raw(room: Room) -> None:
    series = room.series("g", Kind.GAUGE)
    asked_for(room, series)
    run(room.ingest.write(samples(series, [START + n * 60_000 for n in range(300)], [n % 7.0 for n in range(300)])))
    room.roll()
    both(room, (series,), ("Rate",), 300, START, START + 5 * HOUR)


@pytest.mark.parametrize("period", [60, 300, 3600])
def test_events_and_sets_equal_raw(room: Room, rng: np.random.Generator, period: int) -> None:
    series = room.series("e")
    asked_for(room, series)
    values = np.empty(2000, VALUE_ROW)
    values["series"] = series
    values["time"] = rng.integers(START, START + 4 * HOUR, 2000)
    values["value"] = rng.lognormal(0, 3, 2000) * rng.choice([1, 1, 1, 0], 2000)
    values["count"] = rng.integers(1, 5, 2000)
    sets = np.empty(3, SET_ROW)
    sets["series"], sets["time"] = series, [START + 5, START + HOUR + 5, START + 3 * HOUR]
    sets["count"], sets["sum"] = [1, 4, 10], [3, 8, 50]
    sets["minimum"], sets["maximum"] = [3, 2, 1], [3, 2, 9]  # the last one's samples cannot be told
    run(room.ingest.write(MetricBatch(values=values, sets=sets)))
    room.roll()
    both(room, (series,), (*MERGED[:-1], "Last", "p50", "p99"), period, START, START + 4 * HOUR)


@pytest.mark.parametrize("period", [60, 3600])
@pytest.mark.parametrize("cumulative", [True, False])
@pytest.mark.parametrize("exponential", [True, False])
def test_histograms_equal_raw(
    room: Room, rng: np.random.Generator, period: int, cumulative: bool, exponential: bool
) -> None:
    series = room.series("h", Kind.HISTOGRAM)
    points = list(_histograms(rng, series, cumulative, exponential))
    run(room.ingest.write(MetricBatch(histograms=tuple(points))))
    room.roll()
    end = START + 4 * HOUR
    both(
        room,
        (series,),
        ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "Rate", "p50", "p99"),
        period,
        START,
        end,
    )
    both(room, (series,), ("Sum", "SampleCount"), period, START + HOUR + 5 * 60_000, end - 100_000)


def _histograms(rng: np.random.Generator, series: int, cumulative: bool, exponential: bool):
    counts, total, begun = np.zeros(5, int), 0.0, START - 1000
    for time in range(START + 7_000, START + 4 * HOUR, 20_000):
        if START + HOUR < time < START + 2 * HOUR and rng.random() < 0.6:
            continue
        if rng.random() < 0.01:
            counts, total, begun = np.zeros(5, int), 0.0, time - 10_000
        more = rng.integers(0, 4, 5)
        counts, total = (counts + more, total + float(more.sum())) if cumulative else (more, float(more.sum()))
        shape = (
            {
                "exponential": True,
                "scale": 2,
                "positive_offset": 3,
                "positive": tuple(counts[:4].tolist()),
                "zero_count": int(counts[4]),
            }
            if exponential
            else {"bounds": (1.0, 2.0, 5.0, 10.0), "counts": tuple(counts.tolist())}
        )
        yield HistogramPoint(series, time, begun, cumulative, int(counts.sum()), total, 0.5, 20.0, **shape)


SERIES_TIMES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4 * 240 - 1), st.floats(0, 1e6), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=SERIES_TIMES, kind=st.sampled_from([Kind.GAUGE, Kind.COUNTER]), period=st.sampled_from([60, 300, 3600]))
@example(
    points=[(0, 0, 1.0, False), (0, 0, 2.0, True), (0, 239, 1.0, True), (0, 240, 0.5, False)],
    kind=Kind.COUNTER,
    period=60,
)
def test_late_and_repeated_samples_equal_raw(
    room: Room, points: list[tuple[int, int, float, bool]], kind: Kind, period: int
) -> None:
    room.engine.clear()
    unique = str(uuid.uuid4())  # the registry does not know that the engine was emptied
    ids = (room.series("a", kind, run=unique), room.series("b", kind, run=unique))
    for late in (False, True):
        for number, at, value, when in points:
            if when is late:
                run(room.ingest.write(samples(ids[number], [START + at * 15_000], [value])))
        if not late:
            room.roll()
    run(room.ingest.write(samples(ids[0], [START + 10 * 15_000], [1.5])))
    requests = [StatRequest(ids, parse_statistic(name), period) for name in MERGED]
    requests += [StatRequest((series,), parse_statistic("Last"), period) for series in ids]
    for redo in (False, True):
        if redo:
            room.clock.advance(3600)
            room.roll()
        exact = run(room.reader.statistics(EVERYTHING, requests, START, START + 4 * HOUR))
        rolled = run(room.rolled.statistics(EVERYTHING, requests, START, START + 4 * HOUR))
        for request, raw, own in zip(requests, exact, rolled, strict=True):
            assert raw.times.tolist() == own.times.tolist(), request
            np.testing.assert_allclose(own.values, raw.values, rtol=1e-9, atol=1e-6, err_msg=str(request))
