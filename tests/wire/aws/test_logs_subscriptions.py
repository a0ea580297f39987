"""Subscription filters and destinations by boto3 against a live server, and what AWS recorded of them."""

import base64
import gzip
import json
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.unit.notify.receiver import receiving

from live_server import LiveServer

pytestmark = pytest.mark.wire
ACCOUNT = "123456789012"
SNAPSHOT = Path(__file__).parents[4] / "shared/data/aws_snapshots/logs__test_logs_subscription_filters.snapshot.json.gz"
WAIT_S = 60


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return boto3.client(
        "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/sub/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def put(logs: Any, group: str, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def recorded(name: str) -> Any:
    if not SNAPSHOT.exists():
        pytest.skip("the recorded answers of AWS are not beside this checkout")
    found = json.loads(gzip.decompress(SNAPSHOT.read_bytes()))
    return next(one["recorded-content"] for title, one in found.items() if title.endswith(name))


def error_of(call: Any, **asked: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return {key: raised.value.response["Error"][key] for key in ("Code", "Message")}


def test_matching_events_arrive_at_a_url(logs: Any, group: str) -> None:
    with receiving() as receiver:
        logs.put_subscription_filter(
            logGroupName=group, filterName="hook", filterPattern="?ERROR ?WARN", destinationArn=receiver.url
        )
        put(logs, group, "ERROR a", "INFO b", "WARN c")
        until = time.monotonic() + WAIT_S
        while len(receiver.requests) < 2:
            assert time.monotonic() < until, "nothing arrived"
            time.sleep(0.05)
        documents = [
            json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))
            for _, _, body in receiver.requests
        ]
        assert ["CONTROL_MESSAGE", "DATA_MESSAGE"] == [one["messageType"] for one in documents]
        assert ["ERROR a", "WARN c"] == [one["message"] for one in documents[1]["logEvents"]]
        logs.delete_subscription_filter(logGroupName=group, filterName="hook")


def test_events_go_on_into_another_group(logs: Any, group: str) -> None:
    target = f"{group}/all"
    logs.create_log_group(logGroupName=target)
    logs.put_subscription_filter(
        logGroupName=group, filterName="copy", filterPattern="",
        destinationArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{target}",
    )  # fmt: skip
    put(logs, group, "one", "two")
    until = time.monotonic() + WAIT_S
    while not (found := logs.filter_log_events(logGroupName=target)["events"]):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    assert [("s", "one"), ("s", "two")] == [(one["logStreamName"], one["message"]) for one in found]


def test_filters_are_described_by_pages_changed_and_deleted(logs: Any, group: str) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    for name in ("a", "b"):
        logs.put_subscription_filter(logGroupName=group, filterName=name, filterPattern="", destinationArn=bus)
    error = error_of(
        logs.put_subscription_filter, logGroupName=group, filterName="c", filterPattern="", destinationArn=bus
    )
    assert "LimitExceededException" == error["Code"]
    pages = logs.get_paginator("describe_subscription_filters").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 1}
    )
    assert ["a", "b"] == [one["filterName"] for page in pages for one in page["subscriptionFilters"]]
    logs.put_subscription_filter(logGroupName=group, filterName="b", filterPattern="[]", destinationArn=bus)
    (found,) = logs.describe_subscription_filters(logGroupName=group, filterNamePrefix="b")["subscriptionFilters"]
    (expected,) = recorded("test_put_subscription_filter_update")["updated-filter"]["subscriptionFilters"]
    assert {**expected, "filterName": "b", "logGroupName": group, "destinationArn": bus, "creationTime": 0} == {
        **found, "creationTime": 0,
    }  # fmt: skip
    logs.delete_subscription_filter(logGroupName=group, filterName="b")
    gone = error_of(logs.delete_subscription_filter, logGroupName=group, filterName="b")
    assert "ResourceNotFoundException" == gone["Code"]
    logs.delete_log_group(logGroupName=group)
    error = error_of(logs.describe_subscription_filters, logGroupName=group)
    expected = recorded("test_describe_subscription_filters_log_group_not_found")["error-log-group-not-found"]
    assert expected["Error"] == error


def test_what_aws_alone_could_deliver_to_is_refused_as_aws_refuses_it(logs: Any, group: str) -> None:
    assert [] == logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    expected = recorded("test_put_subscription_filter_errors")
    asked = {"logGroupName": group, "filterName": "f", "filterPattern": ""}
    other = error_of(
        logs.put_subscription_filter, **asked, destinationArn="arn:aws:lambda:us-east-1:111111111111:function:f"
    )
    assert expected["error-lambda-not-found"]["Error"] == other
    stream = error_of(
        logs.put_subscription_filter, **asked, destinationArn=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    )
    assert expected["error-kinesis-not-found"]["Error"] == stream
    away = error_of(logs.put_subscription_filter, **asked, destinationArn="http://127.0.0.1:9/")
    assert "InvalidParameterException" == away["Code"]
    assert away["Message"].startswith("Could not deliver test message to specified destination.")


def test_destinations_are_kept(logs: Any) -> None:
    name = f"d-{uuid.uuid4().hex[:12]}"
    target = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    made = logs.put_destination(destinationName=name, targetArn=target, roleArn="arn:aws:iam::1:role/r")["destination"]
    assert made["arn"].endswith(f":destination:{name}")
    logs.put_destination_policy(destinationName=name, accessPolicy='{"Version": "2012-10-17"}')
    (found,) = logs.describe_destinations(DestinationNamePrefix=name)["destinations"]
    assert {**made, "accessPolicy": '{"Version": "2012-10-17"}'} == found
    logs.delete_destination(destinationName=name)
    assert [] == logs.describe_destinations(DestinationNamePrefix=name)["destinations"]
    assert "ResourceNotFoundException" == error_of(logs.delete_destination, destinationName=name)["Code"]
