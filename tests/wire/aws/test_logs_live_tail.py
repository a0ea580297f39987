"""boto3's own StartLiveTail against a live server: only the host prefix is turned off."""

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
        yield boto3.client(
            "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
            config=Config(read_timeout=60, retries={"max_attempts": 0}),
        )  # fmt: skip


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/tail/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    for stream in ("web-1", "db-1"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
    return name


def arn(logs: Any, group: str) -> str:
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return str(found["logGroupArn"])


def put(logs: Any, group: str, stream: str, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_a_tail_starts_and_shows_what_comes(logs: Any, group: str) -> None:
    asked = {"logGroupIdentifiers": [arn(logs, group)], "logEventFilterPattern": "ERROR"}
    stream = logs.start_live_tail(**asked)["responseStream"]
    events = iter(stream)
    started = next(events)["sessionStart"]
    assert asked == {name: started[name] for name in asked}
    assert started["sessionId"]
    put(logs, group, "web-1", "fine", "ERROR one")
    put(logs, group, "db-1", "ERROR two")
    results: list[dict[str, Any]] = []
    for event in events:  # an update a second, also an empty one
        update = event["sessionUpdate"]
        assert update["sessionMetadata"] == {"sampled": False}
        results += update["sessionResults"]
        if len(results) >= 2:
            break
    stream.close()
    assert [("web-1", "ERROR one"), ("db-1", "ERROR two")] == [
        (one["logStreamName"], one["message"]) for one in results
    ]
    assert results[0]["logGroupIdentifier"].endswith(f":{group}")
    assert results[0]["ingestionTime"] >= results[0]["timestamp"] - 5_000


def test_streams_are_chosen_by_prefix_while_many_write(logs: Any, group: str) -> None:
    stream = logs.start_live_tail(logGroupIdentifiers=[arn(logs, group)], logStreamNamePrefixes=["web"])[
        "responseStream"
    ]
    events = iter(stream)
    next(events)
    writers = [threading.Thread(target=put, args=(logs, group, name, *["x"] * 300)) for name in ("web-1", "db-1") * 3]
    for writer in writers:
        writer.start()
    seen, sampled = 0, False
    for event in events:
        update = event["sessionUpdate"]
        assert {"web-1"} >= {one["logStreamName"] for one in update["sessionResults"]}
        assert len(update["sessionResults"]) <= 500
        seen += len(update["sessionResults"])
        sampled = sampled or update["sessionMetadata"]["sampled"]
        if seen == 900 or (sampled and seen >= 500):
            break
    stream.close()
    for writer in writers:
        writer.join()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"logGroupIdentifiers": ["arn:aws:logs:us-east-1:123456789012:log-group:none"]}, "ResourceNotFoundException"),
        ({"logGroupIdentifiers": ["a-name"]}, "InvalidParameterException"),
        ({"logStreamNames": ["a"], "logStreamNamePrefixes": ["a"]}, "InvalidParameterException"),
        ({"logEventFilterPattern": "{ $.a = "}, "InvalidParameterException"),
    ],
)
def test_wrong_requests_are_errors_and_no_streams(logs: Any, group: str, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        logs.start_live_tail(**{"logGroupIdentifiers": [arn(logs, group)], **asked})
    assert code == raised.value.response["Error"]["Code"]
