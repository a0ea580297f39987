"""What is wrong with a body is said in CloudWatch's words, by JSON pointer."""

import json
from typing import Any

import pytest

from trimtab.reports.dashboards.validate import NOT_JSON, check_body, check_document, errors, refusal


def metric(**properties: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"metrics": [["a", "b"]], "region": "us-east-1", **properties}}


def faults(*widgets: Any, strict: bool = True, **members: Any) -> list[tuple[str, str]]:
    found = check_document({"widgets": list(widgets), **members}, strict=strict)
    return [(one.path, one.text) for one in errors(found)]


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 100_000])
def test_what_is_no_object_is_no_body(text: str) -> None:
    assert [NOT_JSON] == [one.text for one in check_body(text)]


def test_a_body_of_every_kind_is_fine() -> None:
    assert [] == faults(
        metric(view="gauge", yAxis={"left": {"min": 0, "max": 1}}),
        {"type": "text", "properties": {"markdown": "# a"}},
        {"type": "log", "properties": {"query": "fields @message", "region": "us-east-1"}},
        {"type": "alarm", "properties": {"alarms": []}},
        {"type": "explorer", "properties": {"metrics": [{"metricName": "a", "resourceType": "b", "stat": "Sum"}]}},
        {"type": "chart", "properties": {"data": {"queries": [{"query": "up"}]}}},
        {"type": "custom", "properties": {"endpoint": "arn"}},
        start="-PT3H",
        end="P0D",
        periodOverride="inherit",
    )


@pytest.mark.parametrize(
    ("widget", "path", "text"),
    [
        ({}, "/widgets/0", "Should have required property 'type'"),
        ({"type": "x", "properties": {}}, "/widgets/0/type", "one of the allowed values"),
        (metric(period="60"), "/widgets/0/properties/period", "Should be integer"),
        (metric(period=0), "/widgets/0/properties/period", "Should be >= 1"),
        (metric(view="lines"), "/widgets/0/properties/view", "one of the allowed values"),
        (metric(view="gauge"), "/widgets/0/properties/yAxis", "min and max"),
        (metric(metrics=[["a"]]), "/widgets/0/properties/metrics/0", "Should NOT have fewer than 2 items"),
        (metric(metrics=[["a", "b", "c"]]), "/widgets/0/properties/metrics/0", "Should NOT have more than 2 items"),
        (metric(metrics=[["a", "b", 1]]), "/widgets/0/properties/metrics/0/2", "Invalid metric field type"),
        (metric(metrics=[[{}, "a", "b"]]), "/widgets/0/properties/metrics/0/0", "must be the last element"),
        (metric(metrics=[["a", "b"], [".", ".", ".", "x"]]), "/widgets/0/properties/metrics/1/2", "points"),
        (metric(metrics=[["a", "b", {"color": "red"}]]), "/widgets/0/properties/metrics/0/2/color", "pattern"),
        (metric(start="yesterday"), "/widgets/0/properties/start", "ISO 8601"),
        (metric(end="-PT1H"), "/widgets/0/properties", "Should have required property 'start'"),
        (
            metric(annotations={"vertical": [{"value": "now"}]}),
            "/widgets/0/properties/annotations/vertical/0/value",
            'Should match format "date-time"',
        ),
        ({"type": "text", "properties": {}}, "/widgets/0/properties", "Should have required property 'markdown'"),
    ],
)
def test_a_fault_is_named_by_its_place(widget: dict[str, Any], path: str, text: str) -> None:
    assert any(at == path and text in told for at, told in faults(widget)), faults(widget)


def test_a_metric_widget_needs_a_region_unless_it_is_our_own() -> None:
    widget = {"type": "metric", "properties": {"metrics": [["a", "b"]]}}
    assert ("/widgets/0/properties", "Should have required property 'region'") in faults(widget)
    assert [] == faults(widget, strict=False)
    assert [] == faults({"type": "metric", "properties": {"region": "r", "annotations": {"alarms": ["arn"]}}})


def test_unknown_properties_are_warned_of_only() -> None:
    (message,) = check_document({"widgets": [], "nonsense": 1})
    assert (False, "/nonsense") == (message.error, message.path)


def test_variables_are_checked() -> None:
    base = {"type": "pattern", "pattern": "$a", "inputType": "select", "id": "a"}
    assert ("/variables/0", "Should have required property 'values'") in faults(variables=[base])
    listed = {**base, "values": [{"value": "x"}]}
    assert [] == faults(variables=[listed])
    assert ("/variables/1/id", "Duplicated variable id: a") in faults(variables=[listed, listed])


def test_a_refusal_counts_its_faults() -> None:
    messages = check_document({"widgets": [{"type": "text", "properties": {}}]})
    assert refusal(messages).startswith("The dashboard body is invalid, there is 1 validation error:\n[")
    assert "/widgets/0/properties" == json.loads(refusal(messages).split(":\n", 1)[1])[0]["dataPath"]
