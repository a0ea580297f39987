from typing import Any

import pytest

from trimtab.doors.aws.wire.constraints import Checker, Problem, coral, plain, plain_validation
from trimtab.doors.aws.wire.model import load_model

CONNECTION = "arn:aws:events:us-east-1:123456789012:connection/n/0a"


def problems(service: str, operation: str, request: dict[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    check = Checker().of(load_model(service).operation(operation).input_shape)
    assert check is not None
    check(request, (), found)
    return found


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "CreateLogGroup",
            {},
            "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "CreateLogGroup",
            {"logGroupName": "a" * 513},
            f"1 validation error detected: Value '{'a' * 513}' at 'logGroupName' failed to satisfy constraint: "
            "Member must have length less than or equal to 512",
        ),
        (
            "CreateLogGroup",
            {"logGroupName": "a b"},
            "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ),
        (
            "DescribeLogStreams",
            {"logGroupName": "a", "orderBy": "x", "limit": 51},
            "2 validation errors detected: Value 'x' at 'orderBy' failed to satisfy constraint: Member must satisfy "
            "enum value set: [LogStreamName, LastEventTime]; Value '51' at 'limit' failed to satisfy constraint: "
            "Member must have value less than or equal to 50",
        ),
        (
            "PutLogEvents",
            {"logGroupName": "a", "logStreamName": "b", "logEvents": [{"timestamp": 1}]},
            "1 validation error detected: Value null at 'logEvents.1.member.message' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "CreateLogGroup",
            {"logGroupName": " " * 513},
            f"2 validation errors detected: Value '{' ' * 513}' at 'logGroupName' failed to satisfy constraint: Member "
            f"must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value '{' ' * 513}' at 'logGroupName' "
            "failed to satisfy constraint: Member must have length less than or equal to 512",
        ),
    ],
)
def test_the_general_wording(operation: str, request_: dict[str, Any], message: str) -> None:
    error = coral(problems("logs", operation, request_))
    assert (error.code, str(error)) == ("ValidationError", message)


def test_values_are_named_in_the_order_of_the_service_where_it_is_not_the_models() -> None:
    asked = {"Name": "n", "ConnectionArn": CONNECTION, "InvocationEndpoint": "https://a.b", "HttpMethod": "X"}
    told = str(coral(problems("events", "CreateApiDestination", asked)))
    assert told.endswith("enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]")


def test_cloudwatchs_older_wording() -> None:
    metric = {"Namespace": "", "MetricName": "m" * 256, "Dimensions": [{"Name": "a"}], "Period": 0}
    found = problems("cloudwatch", "GetMetricStatistics", {**metric, "StartTime": 0, "EndTime": 1})
    error = plain(found)
    assert error.code == "MissingParameter"
    assert str(error).split("\n") == [
        "The parameter Namespace is required.",
        "The parameter Dimensions.member.1.Value is required.",
    ]
    error = plain([problem for problem in found if problem.path == ("MetricName",)])
    assert (error.code, str(error)) == (
        "InvalidParameterValue",
        "The parameter MetricName must be shorter than 256 characters.",
    )
    told = str(plain_validation(found))
    assert "The parameter Period must be greater than or equal to 1." in told


def test_a_collections_size() -> None:
    found = problems("cloudwatch", "ListMetrics", {"Dimensions": [{"Name": "a"}] * 11})
    assert str(plain(found)) == "The collection Dimensions must not have a size greater than 10."


def test_a_recursive_model_is_checked_at_every_depth() -> None:
    inner = {"And": [{"Dimensions": {"Key": "x" * 2000}}]}
    found = problems("ce", "GetCostAndUsage", {"Filter": {"Not": inner}})
    assert any(problem.path[:4] == ("Filter", "Not", "And", 1) for problem in found)


def test_nothing_is_wrong_with_a_good_request() -> None:
    assert problems("logs", "CreateLogGroup", {"logGroupName": "/aws/x", "tags": {"a": "b"}}) == []
