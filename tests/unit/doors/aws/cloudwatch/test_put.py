"""PutMetricData's limits, the same by the fast and by the general path, in the service's words."""

import asyncio
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.doors.aws.cloudwatch.complaints import Complaints
from trimtab.doors.aws.cloudwatch.put import put_fast, put_metric_data
from trimtab.doors.aws.faults import AwsError, of_domain
from trimtab.doors.aws.wire.http import HttpRequest
from trimtab.doors.aws.wire.json import JsonCodec
from trimtab.doors.aws.wire.model import load_model
from trimtab.metrics.admission import SeriesLimits, SeriesRefused, TooManySeries

NOW_MS = 1_795_600_000_000
CODEC = JsonCodec(load_model("cloudwatch"), load_model("cloudwatch").operation("PutMetricData"))
DAY_S = 86_400


def general(world: Any, body: dict[str, Any], **context: Any) -> Any:
    request = CODEC.read(HttpRequest("POST", "/", b"/", b"", {}, b"", json.dumps(body).encode()))
    return asyncio.run(put_metric_data(world.rooms, request, world.context(**context)))


def fast(world: Any, body: dict[str, Any], **context: Any) -> Any:
    return asyncio.run(put_fast(world.rooms, json.dumps(body).encode(), world.context(**context)))


def body(*data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Namespace": "app", "MetricData": [{"MetricName": "m", **datum} for datum in data], **more}


def refusal(world: Any, request: dict[str, Any]) -> tuple[str, str]:
    """The error of the general path; the fast path must have declined."""
    assert fast(world, request) is None
    with pytest.raises(AwsError) as caught:
        general(world, request)
    assert world.ingest.batches == []
    return caught.value.code, str(caught.value)


D1 = "MetricData.member.1"
INVALID, MISSING, COMBINATION = "InvalidParameterValue", "MissingParameter", "InvalidParameterCombination"
DIMENSION = {"Name": "host", "Value": "a"}

REFUSED = [
    ({"Value": 2.0**360 * 1.01}, INVALID, f"The value {2.0**360 * 1.01!r} for parameter {D1}.Value is invalid."),
    ({"Value": -(2.0**361)}, INVALID, f"The value {-(2.0**361)!r} for parameter {D1}.Value is invalid."),
    ({"Value": "NaN"}, INVALID, f"The value NaN for parameter {D1}.Value is invalid."),
    ({"Value": "Infinity"}, INVALID, f"The value Infinity for parameter {D1}.Value is invalid."),
    ({"Values": [1.0, "-Infinity"]}, INVALID, f"The value -Infinity for parameter {D1}.Values.member.2 is invalid."),
    ({"Values": [0.0] * 151}, INVALID, f"The collection {D1}.Values must not have a size greater than 150."),
    ({"Values": []}, MISSING, f"The parameter {D1}.Values is required."),
    (
        {"Values": [1.0], "Counts": [1.0, 2.0]},
        INVALID,
        f"The parameters {D1}.Values and {D1}.Counts must be of the same size.",
    ),
    ({"Values": [1.0], "Counts": [0.0]}, INVALID, f"The value 0.0 for parameter {D1}.Counts.member.1 is invalid."),
    ({"Value": 1.0, "Counts": [1.0]}, COMBINATION, f"The parameter {D1}.Counts needs the parameter {D1}.Values."),
    (
        {"Value": 1.0, "Values": [1.0]},
        COMBINATION,
        f"The parameters {D1}.Value and {D1}.Values are mutually exclusive and you have specified both.",
    ),
    (
        {"Value": 1.0, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
        COMBINATION,
        f"The parameters {D1}.Value and {D1}.StatisticValues are mutually exclusive and you have specified both.",
    ),
    (
        {},
        COMBINATION,
        f"At least one of the parameters {D1}.Value, {D1}.Values and {D1}.StatisticValues must be specified.",
    ),
    (
        {"StatisticValues": {"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}},
        INVALID,
        f"The value 0.0 for parameter {D1}.StatisticValues.SampleCount is invalid.",
    ),
    (
        {"StatisticValues": {"SampleCount": 2, "Sum": 3, "Minimum": 2, "Maximum": 1}},
        INVALID,
        f"The parameter {D1}.StatisticValues.Minimum must be less than or equal to {D1}.StatisticValues.Maximum.",
    ),
    (
        {"StatisticValues": {"SampleCount": 2, "Sum": 3}},
        MISSING,
        f"The parameter {D1}.StatisticValues.Minimum is required.\n"
        f"The parameter {D1}.StatisticValues.Maximum is required.",
    ),
    (
        {"Value": 1.0, "Timestamp": NOW_MS / 1000 - 14 * DAY_S - 1},
        INVALID,
        f"The parameter {D1}.Timestamp must specify a time within the past two weeks.",
    ),
    (
        {"Value": 1.0, "Timestamp": NOW_MS / 1000 + 7201},
        INVALID,
        f"The parameter {D1}.Timestamp must specify a time no more than two hours in the future.",
    ),
    (
        {"Value": 1.0, "StorageResolution": 300},
        INVALID,
        f"The parameter {D1}.StorageResolution must be a value in the set [ 1, 60 ].",
    ),
    ({"Value": 1.0, "MetricName": ""}, MISSING, f"The parameter {D1}.MetricName is required."),
    (
        {"Value": 1.0, "MetricName": "m" * 256},
        INVALID,
        f"The parameter {D1}.MetricName must be shorter than 256 characters.",
    ),
    (
        {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": ""}]},
        MISSING,
        f"The parameter {D1}.Dimensions.member.1.Value is required.",
    ),
    (
        {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "v" * 1025}]},
        INVALID,
        f"The parameter {D1}.Dimensions.member.1.Value must be shorter than 1025 characters.",
    ),
    (
        {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "été"}]},
        INVALID,
        f"The value for parameter {D1}.Dimensions.member.1.Value contains non-ASCII characters.",
    ),
    (
        {"Value": 1.0, "Dimensions": [{"Name": ":a", "Value": "v"}]},
        INVALID,
        f"The value :a for parameter {D1}.Dimensions.member.1.Name is invalid.",
    ),
    (
        {"Value": 1.0, "Dimensions": [{"Name": f"d{number}", "Value": "v"} for number in range(31)]},
        INVALID,
        f"The collection {D1}.Dimensions must not have a size greater than 30.",
    ),
    (
        {"Value": 1.0, "Dimensions": [DIMENSION, DIMENSION]},
        INVALID,
        "No metric may specify the same dimension name twice.",
    ),
]


@pytest.mark.parametrize(("datum", "code", "message"), REFUSED)
def test_a_wrong_datum_is_refused_in_the_services_words(world: Any, datum: Any, code: str, message: str) -> None:
    assert refusal(world, body(datum)) == (code, message)


def test_a_wrong_unit_names_the_units(world: Any) -> None:
    code, message = refusal(world, body({"Value": 1.0, "Unit": "Parsecs"}))
    assert code == INVALID
    assert message.startswith(f"The parameter {D1}.Unit must be a value in the set [ Seconds, Microseconds, ")


@pytest.mark.parametrize("namespace", [":app", "AWS/EC2", "café", "tab\t", "   "])
def test_a_wrong_namespace_is_refused(world: Any, namespace: str) -> None:
    expected = (INVALID, f"The value {namespace} for parameter Namespace is invalid.")
    assert refusal(world, body({"Value": 1.0}, Namespace=namespace)) == expected


def test_what_is_missing_is_told_before_what_is_wrong(world: Any) -> None:
    assert refusal(world, body({"Value": 1.0, "Timestamp": 0}, Namespace="")) == (
        MISSING,
        "The parameter Namespace is required.",
    )
    assert refusal(world, {"Namespace": "app", "MetricData": []}) == (MISSING, "The parameter MetricData is required.")


def test_more_than_1000_metrics_are_refused(world: Any) -> None:
    assert refusal(world, body(*[{"Value": 1.0}] * 1001)) == (
        INVALID,
        "The collection MetricData must not have a size greater than 1000.",
    )
    assert fast(world, body(*[{"Value": 1.0}] * 1000)) == {}


def test_one_wrong_datum_refuses_the_whole_call_and_the_ledger_says_why(world: Any) -> None:
    refusal(world, body({"Value": 1.0}, {"Value": "NaN"}))
    assert world.ledger.taken == []
    assert world.ledger.refused == [
        (
            "cloudwatch",
            "app",
            "123456789012",
            "us-east-1",
            "The value NaN for parameter MetricData.member.n.Value is invalid.",
            world.ledger.refused[0][5],
            2,
        )
    ]
    assert "MetricData" in world.ledger.refused[0][5]


@pytest.mark.parametrize("path", [fast, general])
def test_every_shape_becomes_rows(world: Any, path: Any) -> None:
    at = NOW_MS / 1000 - 1.5
    path(
        world,
        body(
            {"Value": 1.5},
            {"Value": -2.0, "Timestamp": at, "Unit": "Count", "StorageResolution": 1},
            {"Values": [1.0, 2.0], "Counts": [3.0, 4.0], "Timestamp": at},
            {"Values": [5.0], "Counts": []},
            {"StatisticValues": {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}, "Timestamp": at},
        ),
    )
    assert [row[1:] for row in world.value_rows] == [
        (NOW_MS, 1.5, 1.0),
        (NOW_MS - 1500, -2.0, 1.0),
        (NOW_MS - 1500, 1.0, 3.0),
        (NOW_MS - 1500, 2.0, 4.0),
        (NOW_MS, 5.0, 1.0),
    ]
    assert [row[1:] for row in world.set_rows] == [(NOW_MS - 1500, 2.0, 3.0, 1.0, 2.0)]
    units = {world.registry.get(row[0]).identity.unit for row in world.value_rows}
    assert units == {"None", "Count"}
    assert world.ledger.taken == [("cloudwatch", "app", "123456789012", "us-east-1", 6, 0)]


def test_values_and_a_statistic_set_are_taken_together(world: Any) -> None:
    both = body({"Values": [1.0, 2.0], "StatisticValues": {"SampleCount": 2, "Sum": 9, "Minimum": 4, "Maximum": 5}})
    assert fast(world, both) is None
    general(world, both)
    assert [row[2:] for row in world.value_rows] == [(1.0, 1.0), (2.0, 1.0)]
    assert [row[2:] for row in world.set_rows] == [(2.0, 9.0, 4.0, 5.0)]


def test_both_paths_give_one_series_to_one_metric(world: Any) -> None:
    datum = {"Value": 1.0, "Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}], "Unit": "Count"}
    turned = {**datum, "Dimensions": datum["Dimensions"][::-1]}  # type: ignore[index]  # it is a list
    fast(world, body(datum))
    fast(world, body(turned))
    general(world, body(datum))
    assert len({row[0] for row in world.value_rows}) == 1


def test_an_invocation_counts_once(world: Any) -> None:
    for path in (fast, general):
        assert path(world, body({"Value": 1.0}), invocation_id="one") == {}
    assert len(world.value_rows) == 1
    assert len(world.ledger.taken) == 1
    fast(world, body({"Value": 1.0}), invocation_id="two")
    fast(world, body({"Value": 1.0}))
    assert len(world.value_rows) == 3


def entity(**changes: Any) -> dict[str, Any]:
    keys = {"Type": "Service", "Name": "shop", "Environment": "prod", **changes}
    return {"Entity": {"KeyAttributes": keys}, "MetricData": [{"MetricName": "m", "Value": 1.0}]}


def test_metrics_of_entities_are_taken(world: Any) -> None:
    request = {"Namespace": "app", "EntityMetricData": [entity()], "StrictEntityValidation": True}
    assert fast(world, request) is None
    general(world, request)
    assert len(world.value_rows) == 1


def test_a_wrong_entity_is_told_in_a_header_or_refused_where_strict(world: Any) -> None:
    context = world.context()
    request = {"Namespace": "app", "EntityMetricData": [entity(Type="Thing")], "StrictEntityValidation": False}
    asyncio.run(put_metric_data(world.rooms, request, context))
    assert context.answer_headers == {"X-Amzn-Failure-Message": "InvalidTypeValue"}
    assert len(world.value_rows) == 1
    with pytest.raises(AwsError, match="InvalidTypeValue"):
        general(world, {**request, "StrictEntityValidation": True})


def test_a_long_list_of_faults_is_cut(world: Any) -> None:
    complaints = Complaints()
    for number in range(1000):
        complaints.missing(str(number))
    with pytest.raises(AwsError) as caught:
        complaints.raise_any()
    assert str(caught.value).endswith("\n(900 more)")


NUMBERS = st.one_of(st.floats(), st.floats(-1e6, 1e6), st.integers(-5, 5))
TEXTS = st.text(st.sampled_from("ab:é/ \t"), max_size=4)
DATUMS = st.fixed_dictionaries(
    {"MetricName": TEXTS},
    optional={
        "Value": NUMBERS,
        "Values": st.lists(NUMBERS, max_size=3),
        "Counts": st.lists(NUMBERS, max_size=3),
        "Unit": st.sampled_from(["Count", "None", "Wrong"]),
        "StorageResolution": st.sampled_from([1, 60, 61]),
        "Timestamp": st.one_of(st.integers(NOW_MS // 1000 - 20 * DAY_S, NOW_MS // 1000 + DAY_S), NUMBERS),
        "Dimensions": st.lists(st.fixed_dictionaries({"Name": TEXTS, "Value": TEXTS}), max_size=2),
        "StatisticValues": st.fixed_dictionaries(
            {"SampleCount": NUMBERS, "Sum": NUMBERS, "Minimum": NUMBERS, "Maximum": NUMBERS}
        ),
    },
)


def words(value: Any) -> Any:
    """NaN and infinities as botocore sends them in JSON."""
    if isinstance(value, dict):
        return {key: words(item) for key, item in value.items()}
    if isinstance(value, list):
        return [words(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


@given(data=st.lists(DATUMS, min_size=1, max_size=3), namespace=TEXTS)
@settings(max_examples=examples(400), deadline=None)
def test_what_the_fast_path_takes_the_general_path_takes_alike(
    make_world: Any, data: list[dict[str, Any]], namespace: str
) -> None:
    request = words({"Namespace": namespace, "MetricData": data})
    one, other = make_world(), make_world()
    if fast(one, request) is None:
        assert one.ingest.batches == []
        return
    general(other, request)
    assert one.value_rows == other.value_rows
    assert one.set_rows == other.set_rows


def test_new_series_over_the_limit_of_the_account_refuse_the_whole_call(world: Any) -> None:
    world.registry = world.rooms.registry
    world.registry.admission.limits = SeriesLimits(per_account=2)
    request = body({"Value": 1.0}, {"MetricName": "n", "Value": 1.0}, {"MetricName": "o", "Value": 1.0})
    assert fast(world, request) is None
    with pytest.raises(TooManySeries) as caught:
        general(world, request)
    assert ("LimitExceeded", 0, []) == (of_domain(caught.value).code, len(world.registry), world.ingest.batches)
    general(world, body({"Value": 1.0}, {"MetricName": "n", "Value": 1.0}))
    assert 2 == len(world.registry)


def test_a_limit_below_that_of_cloudwatch_holds_here_too(world: Any) -> None:
    world.rooms.registry.admission.limits = SeriesLimits(labels=1)
    dimensions = [{"Name": name, "Value": "v"} for name in "ab"]
    request = body({"Value": 1.0}, {"Value": 1.0, "Dimensions": dimensions})
    assert fast(world, request) is None
    with pytest.raises(SeriesRefused):
        general(world, request)
    assert 0 == len(world.rooms.registry)
