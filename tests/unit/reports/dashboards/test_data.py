"""What widgets show: lines of metrics and of PromQL, alarms, bands; one that fails leaves the others alone."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.metrics.expressions.evaluate import check
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Query, Result
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.promql.engine import RangeQuery
from trimtab.metrics.statistics import parse_statistic
from trimtab.reports.dashboards.data import Answer, Question, WidgetReader
from trimtab.reports.dashboards.lines import WidgetData
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AlarmView, Vector
from trimtab.reports.dashboards.timing import Span

NOW = ManualClock().now_ms() // 60_000 * 60_000
SPAN = Span(NOW - 3_600_000, NOW)
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"


class Evaluator:
    """Two points for each query; an expression that names FAIL fails once it is evaluated."""

    def __init__(self) -> None:
        self.calls: list[list[EvaluationJob]] = []

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        self.calls.append(list(jobs))
        return [[result for query in job.queries for result in _results(query, job)] for job in jobs]


def _results(query: Query, job: EvaluationJob) -> list[Result]:
    if isinstance(query.source, str) and "FAIL" in query.source:
        raise InvalidInput("cannot evaluate: FAIL")
    step = 60_000
    times = np.array([job.end_ms - 2 * step, job.end_ms - step], np.int64)
    count = 2 if isinstance(query.source, str) and "BAND" in query.source else 1
    return [Result(query.id, query.id, times, np.array([1.0, 2.0]) - at, {}, 60) for at in range(count)]


class Finder:
    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        return []


class PromQL:
    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int, int]] = []
        self.calls = 0

    async def vectors(self, scope: Scope, asked: Sequence[RangeQuery]) -> list[Sequence[Vector] | TrimtabError]:
        self.calls += 1
        return [self._one(one) for one in asked]

    def _one(self, one: RangeQuery) -> Sequence[Vector] | TrimtabError:
        self.asked.append((one.text, one.start_ms, one.end_ms, one.step_ms))
        if one.text == "bad(":
            return InvalidInput("1:5: parse error")
        times = np.arange(one.start_ms, one.end_ms + 1, one.step_ms, dtype=np.int64)
        going = Vector({"__name__": "up", "job": "a"}, times, np.ones(len(times)))
        ended = Vector({"job": "old"}, times[:-1], np.ones(len(times) - 1))
        return [going, ended]


class Alarms:
    async def shown(self, scope: Scope, arns: Sequence[str]) -> list[AlarmView]:
        source = MetricStat("Shop", "Latency", (), parse_statistic("Average"), 60)
        view = AlarmView(
            ARN, "slow", "ALARM", NOW, "why", queries=(Query("m1", source, 60),), threshold=5.0, comparison=">"
        )
        return [view] if ARN in arns else []


class Reader:
    def __init__(self) -> None:
        self.evaluator, self.promql = Evaluator(), PromQL()
        clock = ManualClock()
        self.reader = WidgetReader(self.evaluator, check, Finder(), clock, self.promql, Alarms())

    def read(self, *widgets: tuple[str, dict[str, Any]], scope: Scope = EVERYTHING) -> list[Answer]:
        made = [Widget(at, kind, 0, 0, 6, 6, properties) for at, (kind, properties) in enumerate(widgets)]
        return asyncio.run(self.reader.read(scope, [Question(one, SPAN) for one in made]))

    def one(self, kind: str, **properties: Any) -> WidgetData:
        (answer,) = self.read((kind, properties))
        assert isinstance(answer, WidgetData), answer
        return answer


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_the_widgets_of_a_page_are_read_at_once(reader: Reader) -> None:
    widgets = [("metric", {"metrics": [["N", name]]}) for name in "abc"]
    assert 3 == len(reader.read(*widgets))
    assert [3] == [len(call) for call in reader.evaluator.calls]
    reader.read(*[("chart", {"data": {"queries": [{"query": name}, {"query": "up"}]}}) for name in "abc"])
    assert (1, 6) == (reader.promql.calls, len(reader.promql.asked))


def test_one_that_is_wrong_leaves_the_others_alone(reader: Reader) -> None:
    fine, wrong, later, prom = reader.read(
        ("metric", {"metrics": [["N", "a"]]}),
        ("metric", {"metrics": [[{"expression": "SUM("}]]}),
        ("metric", {"metrics": [[{"expression": "SEARCH('FAIL', 'Sum')"}]]}),
        ("chart", {"data": {"queries": [{"query": "bad("}]}}),
    )
    assert isinstance(fine, WidgetData)
    assert all(isinstance(one, TrimtabError) for one in (wrong, later, prom))


def test_the_edges_of_a_band_are_named(reader: Reader) -> None:
    rows = [["N", "a", {"id": "m1"}], [{"expression": "ANOMALY_DETECTION_BAND(m1)", "id": "e1", "label": "usual"}]]
    lines = reader.one("metric", metrics=rows).lines
    assert ["m1", "usual, upper edge", "usual, lower edge"] == [line.label for line in lines]
    assert ["", "e1", "e1"] == [line.edge for line in lines]


def test_promql_is_asked_on_the_clock(reader: Reader) -> None:
    data = reader.one("chart", data={"queries": [{"query": "rate(x[$__rate_interval])", "label": "{{job}}"}]})
    assert [("rate(x[240s])", SPAN.start_ms, NOW, 60_000)] == reader.promql.asked
    assert ["a", "old"] == [line.label for line in data.lines]


@pytest.mark.parametrize("view", ["bar", "table", "pie", "gauge", "singleValue"])
def test_a_value_of_now_asks_for_no_history_and_shows_nothing_that_ended(reader: Reader, view: str) -> None:
    data = reader.one("chart", view=view, data={"queries": [{"query": "up"}]})
    assert [("up", NOW, NOW, 60_000)] == reader.promql.asked
    assert ["up{job=a}"] == [line.label for line in data.lines]
    reader.one("chart", view=view, sparkline=True, data={"queries": [{"query": "up"}]})
    assert SPAN.start_ms == reader.promql.asked[-1][1]


def test_an_alarm_brings_its_metric_and_its_threshold(reader: Reader) -> None:
    data = reader.one("metric", annotations={"alarms": [ARN]})
    assert ["m1"] == [line.label for line in data.lines]
    assert [(5.0, "slow >")] == [(one.low, one.label) for one in data.annotations.across]
    assert ["slow"] == [alarm.name for alarm in reader.one("alarm", alarms=[ARN, "gone"]).alarms]


def test_an_account_that_the_viewer_may_not_see_is_refused(reader: Reader) -> None:
    rows = [["N", "a", {"accountId": "2" * 12}]]
    (answer,) = reader.read(("metric", {"metrics": rows}), scope=Scope(frozenset(("1" * 12,))))
    assert isinstance(answer, AccessDenied)


def test_a_widget_in_one_region_reads_that_region_only(reader: Reader) -> None:
    asked: list[Scope] = []
    evaluate = reader.evaluator.evaluate_many

    async def noted(scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        asked.append(scope)
        return await evaluate(scope, jobs)

    cast("Any", reader.evaluator).evaluate_many = noted
    reader.one("metric", metrics=[["N", "a"]], region="eu-west-1")
    assert [frozenset(("eu-west-1",))] == [scope.regions for scope in asked]
