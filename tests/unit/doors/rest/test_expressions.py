"""Expressions by REST: metric math, SEARCH and SQL over a range."""

from typing import Any

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.metrics.model import Identity

PATH = "/rest/v1/metrics/expressions"


def add(api: Api, name: str, **dimensions: str) -> None:
    api.registry.add(Identity("123456789012", "us-east-1", "fleet", name, tuple(sorted(dimensions.items()))))


def evaluate(api: Api, *queries: dict[str, Any], **more: Any) -> Any:
    return api.client.post(PATH, json={"queries": list(queries), **more})


def test_metrics_and_expressions_read_each_other(api: Api) -> None:
    add(api, "cpu", host="a")
    metric = {"id": "m", "namespace": "fleet", "name": "cpu", "dimensions": {"host": "a"}, "statistic": "Sum"}
    answer = evaluate(api, {**metric, "returned": False}, {"id": "e", "expression": "FILL(m, 2)"}, period=3600)
    assert answer.status_code == 200
    found = answer.json()
    (line,) = found["lines"]
    assert (line["id"], line["label"], line["period_s"]) == ("e", "e", 3600)
    assert found["start_ms"] % 3_600_000 == 0
    assert [value for _, value in line["points"]] == [1.5, 2.0, 2.0]
    ((_, (request,), start, _),) = api.reader.asked
    assert (request.statistic.text, request.period_s, start) == ("Sum", 3600, found["start_ms"])


def test_a_search_and_a_query_give_a_line_for_each_series(api: Api) -> None:
    add(api, "cpu", host="a")
    add(api, "cpu", host="b")
    search = {"id": "s", "expression": "SEARCH('{fleet,host} cpu', 'p90')", "label": "${PROP('Dim.host')}"}
    sql = {"id": "q", "expression": "SELECT MAX(cpu) FROM fleet GROUP BY host", "period": 60}
    lines = evaluate(api, search, sql, fresh=True).json()["lines"]
    assert [(line["id"], line["label"]) for line in lines] == [("s", "a"), ("s", "b"), ("q", "a"), ("q", "b")]
    assert lines[0]["properties"]["Stat"] == "p90"
    assert api.reader.waited == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"id": "e", "expression": "1 +"}, "Error in expression 'e': Invalid syntax at character 4"),
        ({"id": "e", "expression": "TIME_SERIES(1)", "period": 45}, "cannot use period 45"),
        ({"id": "e"}, "expected namespace and name, or an expression"),
        ({"id": "e", "expression": "m", "name": "cpu"}, "got a metric and an expression"),
        ({"id": "m", "namespace": "a", "name": "b", "statistic": "p101"}, "p101"),
        ({"id": "E", "expression": "m"}, "id"),
    ],
)
def test_what_is_wrong_is_said(api: Api, query: dict[str, Any], said: str) -> None:
    answer = evaluate(api, query)
    assert answer.status_code == 400
    assert said in answer.text
