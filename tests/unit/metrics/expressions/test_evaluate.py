"""The evaluator: what it reads, bands, alarms' rules, labels and limits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.language.expression_notation import Loaded

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.metrics.expressions.bands import Band, BandRequest, NoBands
from trimtab.metrics.expressions.evaluate import Evaluator, check
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Query
from trimtab.metrics.insights.parser import parse
from trimtab.metrics.insights.plan import make_groups
from trimtab.metrics.statistics import parse_statistic


def stat(name: str, period_s: int = 60, statistic: str = "Average") -> MetricStat:
    return MetricStat("test", name, (), parse_statistic(statistic), period_s)


@pytest.fixture
def loaded() -> Loaded:
    world = Loaded()
    for text, values in {"a": "1 2 3", "b": "10 20 30", "ns|c{host=x}": "5 5 5", "ns|c{host=y}": "7 7 7"}.items():
        world.add(text, values)
    return world


class Bands:
    """A band of the width around the mean of what it is given."""

    def __init__(self) -> None:
        self.asked: list[BandRequest] = []

    async def bands(self, scope: Scope, requests: Sequence[BandRequest]) -> list[Band]:
        self.asked += requests
        return [
            Band(
                one.times,
                np.full(len(one.times), one.values.mean() + one.width),
                one.values.mean() - one.width + 0 * one.values,
            )
            for one in requests
        ]


def results(
    loaded: Loaded, queries: Sequence[Query], bands: Any = None, **more: Any
) -> list[tuple[str, str, list[float]]]:
    evaluator = Evaluator(loaded, loaded.registry, loaded.clock, bands or NoBands())
    found = asyncio.run(evaluator.evaluate(EVERYTHING, queries, loaded.start_ms, loaded.end_ms))
    return [(one.query_id, one.label, one.values.tolist()) for one in found]


def test_all_metrics_of_all_jobs_over_one_range_are_one_read(loaded: Loaded) -> None:
    jobs = [
        EvaluationJob(
            [
                Query("m", stat(name), returned=False),
                Query("e", f"m * {at}"),
                Query("s", "SEARCH('{ns,host}', 'Sum', 60)"),
            ],
            loaded.start_ms,
            loaded.end_ms,
        )
        for at, name in enumerate(["a", "b", "a", "b", "a"], 1)
    ]
    evaluator = Evaluator(loaded, loaded.registry, loaded.clock, NoBands())
    found = asyncio.run(evaluator.evaluate_many(EVERYTHING, jobs))
    assert loaded.calls == 1
    assert [job[0].values.tolist() for job in found] == [[1, 2, 3], [20, 40, 60], [3, 6, 9], [40, 80, 120], [5, 10, 15]]
    assert {len(job) for job in found} == {3}


def test_a_new_series_is_seen_by_the_next_evaluation(loaded: Loaded) -> None:
    evaluator = Evaluator(loaded, loaded.registry, loaded.clock, NoBands())
    for expected in ([], [4.0]):
        found = asyncio.run(evaluator.evaluate(EVERYTHING, [Query("m", stat("later"))], loaded.start_ms, loaded.end_ms))
        assert found[0].values.tolist() == expected
        loaded.add("later", "4")


def test_a_query_that_only_feeds_nothing_is_not_read(loaded: Loaded) -> None:
    assert results(loaded, [Query("m", stat("a"), returned=False), Query("e", "TIME_SERIES(1)")]) == [
        ("e", "e", [1, 1, 1])
    ]
    assert loaded.calls == 0


def test_a_band_is_upper_then_lower_around_a_metric_or_an_expression(loaded: Loaded) -> None:
    bands = Bands()
    queries = [
        Query("m", stat("a"), returned=False),
        Query("e", "m * 2", returned=False),
        Query("b1", "ANOMALY_DETECTION_BAND(m)"),
        Query("b2", "LAST(ANOMALY_DETECTION_BAND(e, 1 + 2))"),
    ]
    assert results(loaded, queries, bands) == [
        ("b1", "a upper", [4, 4, 4]),
        ("b1", "a lower", [0, 0, 0]),
        ("b2", "b2", [1, 1, 1]),
    ]
    first, second = bands.asked
    assert (first.stat, first.queries, first.width, first.period_s) == (stat("a"), (), 2.0, 60)
    assert second.stat is None
    assert [(one.id, one.returned) for one in second.queries] == [("m", False), ("e", True)]
    assert (second.width, second.values.tolist()) == (3.0, [2, 4, 6])


def test_without_anomaly_detection_bands_are_refused(loaded: Loaded) -> None:
    with pytest.raises(InvalidInput, match="anomaly detection is not available here"):
        results(loaded, [Query("m", stat("a")), Query("b", "ANOMALY_DETECTION_BAND(m)")])


def test_periods_that_differ_meet_at_the_times_of_both(loaded: Loaded) -> None:
    queries = [
        Query("m", stat("a"), returned=False),
        Query("slow", stat("b", 120, "Sum"), returned=False),
        Query("e", "m + slow"),
    ]
    assert results(loaded, queries) == [("e", "e", [31, 2, 33])]


def test_what_an_alarm_refuses() -> None:
    def refused(*queries: Query) -> str:
        with pytest.raises(InvalidInput) as caught:
            check(queries, alarm=True)
        return str(caught.value)

    m = Query("m", stat("a"), returned=False)
    check([m, Query("e", "m > 1")], alarm=True)
    check([Query("q", "SELECT AVG(a) FROM test", 60)], alarm=True)
    check([Query("q", "SELECT AVG(a) FROM test GROUP BY host ORDER BY MAX() DESC", 60)], alarm=True)
    check([Query("m", stat("a")), Query("band", "ANOMALY_DETECTION_BAND(m)")], alarm=True)
    assert refused(Query("e", "SUM(SEARCH('a', 'Sum', 60))")) == "SEARCH is not supported on Metric Alarms"
    several = "Metrics expression that return multi time series are only allowed for MetricsInsights expression"
    assert several in refused(m, Query("e", "METRICS() * 2"))
    assert several in refused(Query("q", "SELECT AVG(a) FROM test GROUP BY host", 60))
    many = [Query(f"m{at}", stat("a"), returned=False) for at in range(11)]
    assert "cannot watch 11 metrics: an alarm may have at most 10" in refused(*many, Query("e", "SUM(METRICS())"))


def test_lists_have_limits() -> None:
    with pytest.raises(LimitExceeded, match="expected at most 500"):
        check([Query(f"m{at}", stat("a")) for at in range(501)])
    with pytest.raises(InvalidInput, match="are not unique"):
        check([Query("m", stat("a")), Query("m", stat("b"))])
    with pytest.raises(InvalidInput, match="not matching the expected pattern"):
        check([Query("M", stat("a"))])


def test_a_matrix_too_large_to_hold_is_refused(loaded: Loaded) -> None:
    evaluator = Evaluator(loaded, loaded.registry, loaded.clock, NoBands())
    queries = [Query("m", stat("a", 1)), Query("e", "FILL(m, 0)")]
    with pytest.raises(LimitExceeded, match="try a longer period or a shorter range"):
        asyncio.run(evaluator.evaluate(EVERYTHING, queries, 0, 10**11))


def test_chains_of_queries_may_be_as_long_as_a_request(loaded: Loaded) -> None:
    queries = [Query("e0", stat("a"), returned=False)]
    queries += [Query(f"e{at}", f"e{at - 1} + 1", returned=at == 499) for at in range(1, 500)]
    assert results(loaded, queries) == [("e499", "e499", [500, 501, 502])]


def test_tags_of_resources_group_and_filter(loaded: Loaded) -> None:
    class Tags:
        def tags_of(self, resource: str) -> dict[str, str]:
            return {"team": "search"} if resource == "" else {}

    groups = make_groups(loaded.registry, Tags(), EVERYTHING, parse("SELECT SUM(c) FROM ns GROUP BY tag.team"), None)
    assert [(group.label, len(group.series)) for group in groups] == [("search", 2)]
    none = parse("SELECT SUM(c) FROM ns WHERE tag.team != 'search'")
    assert make_groups(loaded.registry, Tags(), EVERYTHING, none, None) == []


def test_a_start_is_rounded_to_the_minute_or_the_shorter_period(loaded: Loaded) -> None:
    evaluator = Evaluator(loaded, loaded.registry, loaded.clock, NoBands())
    start = loaded.start_ms + 34_000
    for period_s, expected in ((60, [0, 60, 120]), (10, [60, 120])):
        found = asyncio.run(evaluator.evaluate(EVERYTHING, [Query("m", stat("a", period_s))], start, loaded.end_ms))
        assert ((found[0].times - loaded.start_ms) // 1000).tolist() == expected
