"""Raw values and statistic sets read back: equal to pandas on the same input."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.metrics.conftest import END, START, Room, as_dict, ask, run

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.errors import InvalidInput
from trimtab.metrics.buckets import bucket_end, bucket_start
from trimtab.metrics.model import SET_ROW, VALUE_ROW, MetricBatch
from trimtab.metrics.read import StatRequest
from trimtab.metrics.statistics import parse_statistic


def put(room: Room, series: int, points: list[tuple[int, float, float]]) -> None:
    rows = np.array([(series, START + at, value, count) for at, value, count in points], VALUE_ROW)
    run(room.ingest.write(MetricBatch(values=rows)))


def put_sets(room: Room, series: int, sets: list[tuple[int, float, float, float, float]]) -> None:
    rows = np.array([(series, START + at, *rest) for at, *rest in sets], SET_ROW)
    run(room.ingest.write(MetricBatch(sets=rows)))


def test_every_statistic_equals_pandas(room: Room, rng: np.random.Generator) -> None:
    series = room.series()
    frame = pd.DataFrame({"at": rng.integers(0, 600_000, 3000), "value": rng.lognormal(0, 2, 3000).round(2)})
    frame["count"] = rng.integers(1, 4, 3000)
    put(room, series, list(frame.itertuples(index=False, name=None)))
    spread = frame.loc[frame.index.repeat(frame["count"])]
    grouped = spread.groupby(spread["at"] // 60_000 * 60.0)["value"]
    expected = {
        "SampleCount": grouped.count(),
        "Sum": grouped.sum(),
        "Average": grouped.mean(),
        "Minimum": grouped.min(),
        "Maximum": grouped.max(),
        "p0": grouped.min(),
        "p99.9": grouped.quantile(0.999),
        "p50": grouped.median(),
        "tm90": grouped.apply(lambda v: v.sort_values()[: len(v) - len(v) // 10].mean()),
        "PR(1:5)": grouped.apply(lambda v: 100 * v.between(1, 5, inclusive="right").mean()),
        "WM(1:5)": grouped.apply(lambda v: v.clip(1, 5).mean()),
        "TC(:2)": grouped.apply(lambda v: (v <= 2).sum()),
        "Rate": grouped.sum() / 60,
    }
    for name, answer in zip(expected, ask(room, series, *expected), strict=True):
        assert expected[name].to_dict() == pytest.approx(answer, rel=1e-12), name


def test_periods_are_aligned_to_the_epoch_and_half_open(room: Room) -> None:
    series = room.series()
    put(room, series, [(-1, 100.0, 1), (0, 1.0, 1), (59_999, 2.0, 1), (60_000, 4.0, 1), (600_000, 100.0, 1)])
    assert [{0.0: 3.0, 60.0: 4.0}, {0.0: 7.0}] == [
        ask(room, series, "Sum", period=60)[0],
        ask(room, series, "Sum", period=600)[0],
    ]
    seven = ask(room, series, "Sum", period=7 * 86_400)[0]
    assert [bucket_start(START, 7 * 86_400)] == [START + second * 1000 for second in seven]
    assert (START, START + 60_000, START) == (
        bucket_start(START + 1, 60), bucket_end(START + 1, 60), bucket_end(START, 60),
    )  # fmt: skip


def test_identical_rows_all_count(room: Room) -> None:
    series = room.series()
    for _ in range(3):
        put(room, series, [(5, 2.0, 1)])
    assert [{0.0: 6.0}] == ask(room, series, "Sum")


def test_sets_join_values_in_simple_statistics(room: Room) -> None:
    series = room.series()
    put(room, series, [(5, 10.0, 2)])
    put_sets(room, series, [(7, 4.0, 8.0, 1.0, 3.0), (60_001, 2.0, 6.0, 2.0, 4.0), (8, 0.0, 0.0, 0.0, 0.0)])
    assert [
        {0.0: 6.0, 60.0: 2.0}, {0.0: 28.0, 60.0: 6.0}, {0.0: 1.0, 60.0: 2.0}, {0.0: 10.0, 60.0: 4.0},
        {0.0: 2.0, 60.0: 3.0},
    ] == ask(room, series, "SampleCount", "Sum", "Minimum", "Maximum", "Last")  # fmt: skip
    assert 28 / 6 == pytest.approx(ask(room, series, "Average")[0][0.0])


def test_sets_answer_percentiles_only_where_their_samples_are_known(room: Room) -> None:
    series = room.series()
    put(room, series, [(1, 1.0, 1), (60_000, 1.0, 1), (120_000, 1.0, 1)])
    put_sets(room, series, [(2, 3.0, 15.0, 5.0, 5.0), (60_001, 1.0, 9.0, 9.0, 9.0), (120_001, 2.0, 6.0, 2.0, 4.0)])
    assert [{0.0: 5.0, 60.0: 5.0}, {0.0: 4.0, 60.0: 2.0}] == ask(room, series, "p50", "TC(0:9)")


def test_counts_of_zero_are_no_samples(room: Room) -> None:
    series = room.series()
    put(room, series, [(1, 1.0, 0.0), (60_000, 1.0, 0.0), (60_001, 5.0, 1.0)])
    assert [{60.0: 5.0}, {60.0: 5.0}] == ask(room, series, "Minimum", "p0")


def test_a_request_merges_its_series(room: Room) -> None:
    one, two, three = (room.series(host=host) for host in "abc")
    put(room, one, [(0, 1.0, 1), (60_000, 8.0, 1)])
    put(room, two, [(1, 2.0, 1)])
    put_sets(room, three, [(2, 2.0, 12.0, 6.0, 6.0)])
    both = ask(room, (one, two), "Sum", "p100", "Last")
    assert [{0.0: 3.0, 60.0: 8.0}, {0.0: 2.0, 60.0: 8.0}, {0.0: 2.0, 60.0: 8.0}] == both
    # Overlapping sets of series share what was read.
    requests = [
        StatRequest(ids, parse_statistic(name), 60)
        for ids in ((one,), (one, two), (three, two), (three, two, one))
        for name in ("Average", "p50", "SampleCount")
    ]
    answers = [as_dict(answer) for answer in run(room.reader.statistics(EVERYTHING, requests, START, END))]
    assert [1.0, 1.0, 1.0, 1.5, 1.5, 2.0, 14 / 3, 6.0, 3.0, 3.75, 4.0, 4.0] == [answer[0.0] for answer in answers]


def test_many_requests_are_one_query_a_table_and_period(room: Room) -> None:
    ids = [room.series(host=str(at)) for at in range(100)]
    for series in ids[:3]:
        put(room, series, [(series % 1000, 1.0, 1)])
    requests = [
        StatRequest((series,), parse_statistic(name), period)
        for series in ids
        for name in ("Sum", "Average", "p50", "p90", "tm90")
        for period in (60, 300)
    ]
    room.engine.queries.clear()
    answers = run(room.reader.statistics(EVERYTHING, requests, START, END))
    assert 1000 == len(answers)
    assert 30 == sum(len(answer.times) > 0 for answer in answers)
    assert 4 == len(room.engine.queries)


def test_more_series_than_a_query_takes_are_read_in_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.metrics.fetches.IDS_A_QUERY", 2)
    ids = tuple(room.series(host=str(at)) for at in range(5))
    for number, series in enumerate(ids):
        put(room, series, [(0, float(number), 1), (60_000 * number, 10.0, 1)])
    assert [{0.0: 5.0 + 1, 60.0: 1, 120.0: 1, 180.0: 1, 240.0: 1}] == ask(room, ids, "SampleCount")
    assert [10.0, {0.0: 2.5}] == [ask(room, ids, "Maximum")[0][0.0], {0.0: ask(room, ids, "p50")[0][0.0]}]


def test_scope_hides_what_it_does_not_cover(room: Room) -> None:
    mine, other = room.series(team="a"), room.series(team="b")
    put(room, mine, [(0, 1.0, 1)])
    put(room, other, [(0, 5.0, 1)])
    request = StatRequest((mine, other), parse_statistic("Sum"), 60)
    for scope, expected in (
        (Scope.of("1", "eu"), {0.0: 6.0}),
        (Scope(rows=(RowRule("team", frozenset("a")),)), {0.0: 1.0}),
        (Scope.of("2", "eu"), {}),
        (Scope.of("1", "us"), {}),
    ):
        assert expected == as_dict(run(room.reader.statistics(scope, [request], START, END))[0])
        assert bool(expected) == bool(len(run(room.reader.raw(scope, mine, START, END)).times))
        assert bool(expected) == (mine in run(room.reader.latest(scope, [mine], START)))


def test_raw_points_come_as_they_were_written(room: Room) -> None:
    series = room.series()
    put(room, series, [(5, 2.0, 3), (5, 1.0, 1), (-1, 9.0, 1), (600_000, 9.0, 1)])
    put_sets(room, series, [(7, 4.0, 8.0, 1.0, 3.0)])
    raw = run(room.reader.raw(EVERYTHING, series, START, END))
    assert ([5, 5, 7], [1.0, 2.0, 2.0], [1.0, 3.0, 4.0]) == (
        (raw.times - START).tolist(), raw.values.tolist(), raw.counts.tolist(),
    )  # fmt: skip


def test_nothing_asked_or_known_is_nothing_answered(room: Room) -> None:
    series = room.series()
    put(room, series, [(0, 1.0, 1)])
    assert [] == run(room.reader.statistics(EVERYTHING, [], START, END))
    assert [{}, {}] == [ask(room, (), "Sum")[0], ask(room, 12345, "p50")[0]]
    request = StatRequest((series,), parse_statistic("Sum"), 60)
    assert {} == as_dict(run(room.reader.statistics(EVERYTHING, [request], END, START))[0])
    assert {} == as_dict(run(room.reader.statistics(EVERYTHING, [request], END, END + 60_000))[0])
    with pytest.raises(InvalidInput, match="period of 0 s"):
        ask(room, series, "Sum", period=0)


def test_fresh_waits_for_the_log(room: Room) -> None:
    assert run(room.reader.fresh(0.5))


@pytest.mark.parametrize("name", ["Sum", "p50", "Last"])
def test_periods_may_begin_where_the_reader_says(room: Room, name: str) -> None:
    series, minute = room.series(), 60_000
    begin = START + 2 * minute
    put(room, series, [(2 * minute + number * minute, 1.0, 1) for number in range(10)])
    request = StatRequest((series,), parse_statistic(name), 300, begin)
    (found,) = run(room.reader.statistics(EVERYTHING, [request], begin, begin + 10 * minute))
    assert [begin, begin + 5 * minute] == found.times.tolist()
    assert [{0.0: 3.0, 300.0: 5.0}] == ask(room, series, "Sum", period=300)
