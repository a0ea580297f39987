"""Classic Grafana JSON becomes a body; what has no counterpart is named with its reason."""

import itertools
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.reports.imports.document import read_document
from trimtab.reports.imports.model import Imported


def panel(title: str, kind: str = "timeseries", y: int = 0, **more: Any) -> dict[str, Any]:
    targets = [{"expr": "sum(rate(x[$__rate_interval]))", "legendFormat": "{{job}}", "refId": "A"}]
    place = {"x": 0, "y": y, "w": 12, "h": 8}
    return {"title": title, "type": kind, "gridPos": place, "targets": targets, **more}


def read(*panels: dict[str, Any], **more: Any) -> Imported:
    return read_document({"title": "Mine", "panels": list(panels), **more})


def only(found: Imported) -> Any:
    (widget,) = found.body["widgets"]
    return widget["properties"]


@pytest.mark.parametrize(
    ("kind", "view"),
    [
        ("timeseries", "timeSeries"),
        ("graph", "timeSeries"),
        ("stat", "singleValue"),
        ("gauge", "gauge"),
        ("bargauge", "bar"),
        ("piechart", "pie"),
        ("table", "table"),
    ],
)
def test_a_panel_keeps_its_view_and_its_query(kind: str, view: str) -> None:
    found = read(panel("a", kind))
    properties = only(found)
    assert (view, "a", ()) == (properties["view"], properties["title"], found.left)
    assert [{"query": "sum(rate(x[$__rate_interval]))", "label": "{{job}}"}] == [
        {key: one[key] for key in ("query", "label")} for one in properties["data"]["queries"]
    ]


def test_units_axes_stacking_and_thresholds_come_along() -> None:
    custom = {"stacking": {"mode": "normal"}, "thresholdsStyle": {"mode": "line"}}
    steps = [{"value": None}, {"value": 80}]
    defaults = {"unit": "percentunit", "min": 0, "max": 1, "custom": custom, "thresholds": {"steps": steps}}
    properties = only(read(panel("a", fieldConfig={"defaults": defaults})))
    assert "fraction" == properties["data"]["queries"][0]["unit"]
    assert {"left": {"min": 0, "max": 1}} == properties["yAxis"]
    assert properties["stacked"]
    assert [{"value": 80}] == properties["annotations"]["horizontal"]


def test_cloudwatch_queries_become_metrics() -> None:
    target = {
        "datasource": {"type": "cloudwatch"},
        "namespace": "AWS/EC2",
        "metricName": "CPUUtilization",
        "dimensions": {"InstanceId": ["i-1"]},
        "statistic": "Maximum",
    }
    (row,) = only(read(panel("a", targets=[target])))["metrics"]
    assert ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", {"stat": "Maximum"}] == row


def test_what_has_no_counterpart_is_listed() -> None:
    found = read(
        panel("news", "news"),
        panel("loki", targets=[{"datasource": {"type": "loki"}, "expr": "{a}", "refId": "A"}]),
        panel("html", "text", options={"mode": "html", "content": "<b>"}),
        panel("kept", transformations=[{"id": "merge"}], alert={}),
        links=[{"title": "docs"}],
    )
    assert ["kept"] == [one["properties"]["title"] for one in found.body["widgets"]]
    named = " ".join(f"{one.what}: {one.why}" for one in found.left)
    for word in ("news", "loki", "html", "merge", "docs"):
        assert word in named


def test_a_collapsed_row_is_opened_and_nothing_overlaps() -> None:
    first = {"type": "row", "title": "First", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "collapsed": True}
    second = {**first, "title": "Second", "gridPos": {"x": 0, "y": 1, "w": 24, "h": 1}}
    found = read(
        {**first, "panels": [panel("a", y=1), panel("b", y=9)]},
        {**second, "panels": [panel("c", y=2)]},
        panel("low", y=2, gridPos={"x": 12, "y": 2, "w": 12, "h": 2}),
    )
    widgets = found.body["widgets"]
    tops = {one["properties"].get("title") or one["properties"]["markdown"]: one["y"] for one in widgets}
    assert tops["## First"] < tops["a"] < tops["b"] < tops["## Second"] < tops["c"] < tops["low"]
    for one, other in itertools.combinations(widgets, 2):
        apart = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert apart or one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]


def test_variables_become_variables() -> None:
    listed = [
        {"type": "query", "name": "host", "query": "label_values(up, instance)", "includeAll": True},
        {"type": "datasource", "name": "ds"},
        {"type": "custom", "name": "env", "query": "dev,prod"},
    ]
    found = read(panel("$host"), templating={"list": listed})
    variables = {one["id"]: one for one in found.body["variables"]}
    assert {"host", "env"} == set(variables)
    assert "instance" == variables["host"]["populateFrom"]
    assert ["dev", "prod"] == [one["value"] for one in variables["env"]["values"]]
    assert "${host}" == only(found)["title"]
    assert ["variable “ds”"] == [one.what for one in found.left]


def test_the_range_comes_along() -> None:
    assert "-PT6H" == read(panel("a"), time={"from": "now-6h", "to": "now"}).body["start"]


@pytest.mark.parametrize("document", [{}, {"panels": 1}, {"panels": [1]}, {"panels": [{"type": "text", "options": 3}]}])
def test_what_is_no_dashboard_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="cannot import"):
        read_document(document)


def test_a_cloudwatch_body_is_taken_as_it_is() -> None:
    body = {"widgets": [{"type": "text", "properties": {"markdown": "a"}}], "nonsense": 1}
    found = read_document(body)
    assert ("CloudWatch", body) == (found.source, found.body)
    assert ["/nonsense"] == [one.what for one in found.left]
