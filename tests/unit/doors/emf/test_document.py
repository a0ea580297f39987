import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.doors.emf.document import MAX_METRICS, MAX_VALUES, MOST_POINTS, Point, read_document

NOW = 1_764_000_000_000
DAY = 86_400_000


def directive(**changes: Any) -> dict[str, Any]:
    metrics = [{"Name": "latency", "Unit": "Milliseconds"}]
    return {"Namespace": "App", "Dimensions": [["service"]], "Metrics": metrics} | changes


def document(*directives: Any, root: dict[str, Any] | None = None, time: Any = NOW) -> bytes:
    meta = {"Timestamp": time, "CloudWatchMetrics": list(directives)}
    return json.dumps({"_aws": meta, "service": "api", "latency": 12.5, **(root or {})}).encode()


def read(line: bytes) -> tuple[list[Point], list[str]]:
    points, refused = read_document(line, NOW)
    return points, [item.reason for item in refused]


def test_a_metric_has_a_point_for_each_dimension_set() -> None:
    line = document(directive(Dimensions=[["service"], ["service", "zone"], []]), root={"zone": "a"})
    points, refused = read(line)
    assert [] == refused
    service, zone = ("service", "api"), ("zone", "a")
    assert [(service,), (service, zone), ()] == [point.dimensions for point in points]
    assert Point("App", "latency", "Milliseconds", (service,), NOW, ((12.5, 1.0),)) == points[0]


@pytest.mark.parametrize("sets", [None, []])
def test_without_dimension_sets_a_metric_has_no_dimensions(sets: Any) -> None:
    (point,), _ = read(document(directive(Dimensions=sets)))
    assert () == point.dimensions


@pytest.mark.parametrize(
    ("sent", "values", "statistics"),
    [
        (3, ((3.0, 1.0),), None),
        ([1, 2, 2], ((1.0, 1.0), (2.0, 1.0), (2.0, 1.0)), None),
        ({"Values": [1, 5], "Counts": [3, 2]}, ((1.0, 3.0), (5.0, 2.0)), None),
        ({"Values": [1, 5]}, ((1.0, 1.0), (5.0, 1.0)), None),
        ({"Min": 1, "Max": 9, "Sum": 20, "Count": 4}, (), (4.0, 20.0, 1.0, 9.0)),
    ],
)
def test_a_value_is_a_number_an_array_or_what_the_exporter_writes(sent: Any, values: Any, statistics: Any) -> None:
    (point,), refused = read(document(directive(), root={"latency": sent}))
    assert ([], values, statistics) == (refused, point.values, point.statistics)


def test_a_document_may_measure_nothing() -> None:
    assert ([], []) == read(document())
    assert ([], []) == read(json.dumps({"_aws": {"Timestamp": NOW}}).encode())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"plain text", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"_aws": ' + b"9" * 5000, "not JSON"),
        (b'{"_aws": {}, "service": "\\ud800"}', "not JSON"),
        (b"[]", "no _aws object"),
        (b'{"message": "a log line"}', "no _aws object"),
        (document(directive(), time="now"), "not a number of milliseconds"),
        (document(directive(), time=True), "not a number of milliseconds"),
        (document(directive(), time=NOW // 1000), "not between"),
        (document(directive(), time=NOW - 15 * DAY), "not between"),
        (document(directive(), time=NOW + DAY), "not between"),
        (json.dumps({"_aws": {"Timestamp": NOW, "CloudWatchMetrics": {}}}).encode(), "not an array"),
    ],
)
def test_a_document_that_says_nothing_is_refused_whole(line: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_document(line, NOW)


@pytest.mark.parametrize(
    ("changes", "root", "reason"),
    [
        ({"Namespace": ""}, {}, "Namespace"),
        ({"Namespace": "x" * 256}, {}, "Namespace"),
        ({"Metrics": [{"Name": "latency"}] * (MAX_METRICS + 1)}, {}, "at most 100 definitions"),
        ({"Metrics": "latency"}, {}, "at most 100 definitions"),
        ({"Metrics": [{"Unit": "Count"}]}, {}, "has no Name"),
        ({"Metrics": [{"Name": ""}]}, {}, "Name is not text"),
        ({"Metrics": [{"Name": "latency", "Unit": "Parsecs"}]}, {}, "none of CloudWatch's"),
        ({"Metrics": [{"Name": "latency", "StorageResolution": 5}]}, {}, "neither 1 nor 60"),
        ({"Dimensions": [[f"d{at}" for at in range(31)]]}, {}, "more than 30 keys"),
        ({"Dimensions": ["service"]}, {}, "not an array of arrays"),
        ({"Dimensions": [["missing"]]}, {}, "not a member of the root"),
        ({"Dimensions": [["latency"]]}, {}, "not a member of the root"),
        ({}, {"service": "x" * 1025}, "1 to 1024 characters"),
        ({}, {"latency": "12"}, "not a member of the root with a number"),
        ({}, {"latency": None}, "not a member of the root with a number"),
        ({}, {"latency": True}, "not a member of the root with a number"),
        ({}, {"latency": [1] * (MAX_VALUES + 1)}, "more than 100 values"),
        ({}, {"latency": 2.0**361}, "at most 2"),
        ({}, {"latency": 10**400}, "at most 2"),
        ({"Namespace": 10**400}, {}, "Namespace"),
        ({}, {"latency": {"Values": [1], "Counts": []}}, "same length"),
        ({}, {"latency": {"Values": [1], "Counts": [0]}}, "above zero"),
        ({}, {"latency": {"Min": 2, "Max": 1, "Sum": 3, "Count": 2}}, "cannot be"),
        ({}, {"latency": {"nested": 1}}, "not a member of the root with a number"),
    ],
)
def test_a_part_that_is_wrong_is_refused_alone(changes: dict[str, Any], root: dict[str, Any], reason: str) -> None:
    good = {"Namespace": "Good", "Dimensions": [[]], "Metrics": [{"Name": "fine"}]}
    points, refused = read(document(directive(**changes), good, root={"fine": 1, **root}))
    assert ["fine"] == [point.name for point in points]
    assert 1 == len(refused)
    assert reason in refused[0]


def test_repeated_dimension_sets_cannot_multiply_a_document() -> None:
    with pytest.raises(InvalidInput, match="more than"):
        read_document(document(directive(Dimensions=[[]] * (MOST_POINTS + 1))), NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)


@given(namespace=JSON, dimensions=JSON, metrics=JSON, latency=JSON, service=JSON)
def test_whatever_a_document_holds_is_taken_or_refused(
    namespace: Any, dimensions: Any, metrics: Any, latency: Any, service: Any
) -> None:
    described = directive(Namespace=namespace, Dimensions=dimensions, Metrics=metrics)
    line = document(described, directive(), root={"latency": latency, "service": service})
    try:
        points, _ = read_document(line, NOW)
    except InvalidInput:
        return
    for point in points:
        assert all(math.isfinite(value) and count > 0 for value, count in point.values)
