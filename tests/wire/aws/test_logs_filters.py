"""Metric filters by boto3 against a live server: put, tested, described, deleted, and metrics that really come."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire


def client(server: LiveServer, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return client(server, "logs")


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/filters/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def put_filter(logs: Any, group: str, name: str, pattern: str, **made: Any) -> None:
    logs.put_metric_filter(
        logGroupName=group,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[{"metricNamespace": "Filters", "metricValue": "1", **made}],
    )


def put(logs: Any, group: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def test_events_become_metrics(server: LiveServer, logs: Any, group: str) -> None:
    metric = f"Slow-{group[-6:]}"
    put_filter(
        logs, group, "slow", "{ $.ms > 100 && $.path = * }",
        metricName=metric, metricValue="$.ms", dimensions={"Path": "$.path"}, unit="Milliseconds",
    )  # fmt: skip
    slow = [json.dumps({"ms": ms, "path": "/a"}) for ms in (50, 150, 250)]
    put(logs, group, *slow)
    now = datetime.now(UTC)
    answer = client(server, "cloudwatch").get_metric_statistics(
        Namespace="Filters",
        MetricName=metric,
        Dimensions=[{"Name": "Path", "Value": "/a"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum", "SampleCount"],
        Unit="Milliseconds",
    )
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 400
    assert sum(point["SampleCount"] for point in answer["Datapoints"]) == 2


def test_filters_are_described_by_pages_by_group_by_metric_and_deleted(logs: Any, group: str) -> None:
    metric = f"M-{group[-6:]}"
    put_filter(logs, group, "a", " ", metricName=metric, defaultValue=0)
    put_filter(logs, group, "b", "pattern", metricName="Other")
    pages = logs.get_paginator("describe_metric_filters").paginate(logGroupName=group, PaginationConfig={"PageSize": 1})
    assert [one["filterName"] for page in pages for one in page["metricFilters"]] == ["a", "b"]
    (one,) = logs.describe_metric_filters(metricName=metric, metricNamespace="Filters")["metricFilters"]
    assert one.pop("creationTime") > 0
    assert one == {  # as AWS answers (aws_snapshots: test_put_metric_filter_basic)
        "applyOnTransformedLogs": False,
        "filterName": "a",
        "filterPattern": " ",
        "logGroupName": group,
        "metricTransformations": [
            {"defaultValue": 0.0, "metricName": metric, "metricNamespace": "Filters", "metricValue": "1"}
        ],
    }
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 2
    logs.delete_metric_filter(logGroupName=group, filterName="a")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_metric_filter(logGroupName=group, filterName="a")
    logs.delete_log_group(logGroupName=group)
    assert logs.describe_metric_filters(metricName="Other", metricNamespace="Filters")["metricFilters"] == []


def test_a_pattern_is_tried_on_messages(logs: Any) -> None:
    line = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    matches = logs.test_metric_filter(
        filterPattern="[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        logEventMessages=["nothing", line],
    )["matches"]
    assert [(match["eventNumber"], match["eventMessage"]) for match in matches] == [(2, line)]
    assert matches[0]["extractedValues"] == {  # the example of the User Guide
        "$bytes": "1534",
        "$status_code": "404",
        "$request": "GET /index.html HTTP/1.0",
        "$timestamp": "10/Oct/2000:13:25:15 -0700",
        "$username": "frank",
        "$user": "Prod",
        "$ip": "127.0.0.1",
    }
    with pytest.raises(ClientError, match="at character 3"):
        logs.test_metric_filter(filterPattern="{ a = 1 }", logEventMessages=["x"])


def test_events_are_filtered_by_json_fields_and_expressions(logs: Any, group: str) -> None:
    put(logs, group, '{"code": 404}', '{"code": 200}', "GET /a 404", "POST /b 200")

    def found(pattern: str) -> list[str]:
        events = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        return [event["message"] for event in events]

    assert found("{ $.code >= 400 }") == ['{"code": 404}']
    assert found("[method, path, code = 2*]") == ["POST /b 200"]
    assert found("%^(GET|PUT) %") == ["GET /a 404"]
