"""boto3's CloudWatch Logs, its paginators and the AWS command line against a live server."""

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
SNAPSHOTS = Path(__file__).parents[4] / "shared/data/aws_snapshots"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return boto3.client(
        "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def group(logs: Any) -> str:
    """A group with an empty stream `s`."""
    name = f"/test/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def now() -> int:
    return int(time.time() * 1000)


def put(logs: Any, group: str, *events: tuple[int, str], stream: str = "s", **more: Any) -> Any:
    given = [{"timestamp": at, "message": text} for at, text in events]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=given, **more)


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def recorded(file: str, test: str, part: str) -> Any:
    """What AWS answered, from the recordings beside the repository."""
    path = SNAPSHOTS / f"logs__test_logs_{file}.snapshot.json.gz"
    if not path.exists():
        pytest.skip("the recorded answers of AWS are not on this machine")
    tests = json.loads(gzip.decompress(path.read_bytes()))
    (found,) = (value for name, value in tests.items() if name.endswith(f"::{test}"))
    return found["recorded-content"][part]


def test_events_come_back_from_both_ends_and_the_tokens_end(logs: Any, group: str) -> None:
    start = now() - 60_000
    put(logs, group, *((start + n // 2, f"line {n}") for n in range(10)))
    given = {"logGroupName": group, "logStreamName": "s"}
    first = logs.get_log_events(**given, startFromHead=True, limit=4)
    assert texts(first) == [f"line {n}" for n in range(4)]
    second = logs.get_log_events(**given, startFromHead=True, limit=10, nextToken=first["nextForwardToken"])
    assert texts(second) == [f"line {n}" for n in range(4, 10)]
    end = logs.get_log_events(**given, startFromHead=True, nextToken=second["nextForwardToken"])
    assert (texts(end), end["nextForwardToken"]) == ([], second["nextForwardToken"])
    newest = logs.get_log_events(**given, limit=3)
    assert texts(newest) == ["line 7", "line 8", "line 9"]
    older = logs.get_log_events(**given, limit=3, nextToken=newest["nextBackwardToken"])
    assert texts(older) == ["line 4", "line 5", "line 6"]
    back = logs.get_log_events(**given, limit=100, nextToken=end["nextBackwardToken"])
    assert texts(back) == [f"line {n}" for n in range(10)]
    put(logs, group, (start + 100, "later"))
    more = logs.get_log_events(**given, startFromHead=True, nextToken=end["nextForwardToken"])
    assert texts(more) == ["later"]


def test_filtered_events_come_by_boto3s_paginator_across_streams(logs: Any, group: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="t")
    start = now() - 60_000
    put(logs, group, *((start + n, f"ERROR number {n}" if n % 2 else f"ok {n}") for n in range(20)))
    put(logs, group, (start + 5, "ERROR in t"), stream="t")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="ERROR", PaginationConfig={"PageSize": 3}
    )
    found = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in found] == [
        *(f"ERROR number {n}" for n in (1, 3, 5)), "ERROR in t", *(f"ERROR number {n}" for n in range(7, 20, 2)),
    ]  # fmt: skip
    assert len({event["eventId"] for event in found}) == len(found)
    one = logs.filter_log_events(logGroupName=group, logStreamNames=["t"])
    assert texts(one) == ["ERROR in t"]
    assert "nextToken" not in one
    given = {"logGroupName": group, "startTime": start + 18, "endTime": start + 19}
    assert texts(logs.filter_log_events(**given)) == ["ok 18", "ERROR number 19"]
    assert texts(logs.filter_log_events(logGroupName=group, filterPattern='"number 1" -19 -13', limit=2)) == [
        "ERROR number 1", "ERROR number 11",
    ]  # fmt: skip


def test_what_is_too_old_or_too_new_is_left_out_and_told(logs: Any, group: str) -> None:
    at = now()
    answer = put(logs, group, (at - 15 * 24 * HOUR_MS, "too old"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert recorded("events", "test_put_log_events_too_old", "response-too-old").keys() == answer.keys()
    answer = put(logs, group, (at, "taken"), (at + 3 * HOUR_MS, "too new"))
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    answer = put(logs, group, (at - 30 * HOUR_MS, "expired"), (at - 10 * HOUR_MS, "kept"), sequenceToken="any")
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert texts(logs.filter_log_events(logGroupName=group)) == ["kept", "taken"]
    logs.delete_retention_policy(logGroupName=group)
    assert "rejectedLogEventsInfo" not in put(logs, group, (at - 30 * HOUR_MS, "not expired any more"))


def test_a_wrong_batch_is_refused_whole(logs: Any, group: str) -> None:
    at = now()
    for events, message in (
        (((at, "b"), (at - 1, "a")), "chronological order"),
        (((at - 25 * HOUR_MS, "a"), (at, "b")), "cannot span more than 24 hours"),
        (((at, "x" * ((1 << 20) - 25)),), "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ):
        with pytest.raises(ClientError, match=message) as caught:
            put(logs, group, *events)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    put(logs, group, (at, "x" * ((1 << 20) - 26)))
    assert [len(text) for text in texts(logs.filter_log_events(logGroupName=group))] == [(1 << 20) - 26]


def test_a_request_that_the_sdk_sends_again_is_kept_once(logs: Any, group: str) -> None:
    def same(params: Any, **_: Any) -> None:
        params["headers"]["amz-sdk-invocation-id"] = invocation

    invocation = str(uuid.uuid4())
    logs.meta.events.register("before-call.logs.PutLogEvents", same, unique_id="same")
    logs.meta.events.register("before-send.logs.PutLogEvents", lambda request, **_: request.headers.__setitem__(
        "amz-sdk-invocation-id", invocation), unique_id="same-sent")  # fmt: skip
    at = now()
    try:
        put(logs, group, (at, "once"))
        put(logs, group, (at, "once"))
    finally:
        logs.meta.events.unregister("before-call.logs.PutLogEvents", unique_id="same")
        logs.meta.events.unregister("before-send.logs.PutLogEvents", unique_id="same-sent")
    assert texts(logs.filter_log_events(logGroupName=group)) == ["once"]


def test_groups_are_described_page_by_page_and_errors_are_those_of_aws(logs: Any) -> None:
    stem = f"/Pages-{uuid.uuid4().hex[:8]}"
    for n in range(5):
        logs.create_log_group(logGroupName=f"{stem}/{n}", tags={"n": str(n)}, kmsKeyId="arn:aws:kms:x:1:key/k")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=stem, PaginationConfig={"PageSize": 2}
    )
    found = [group for page in pages for group in page["logGroups"]]
    assert [group["logGroupName"] for group in found] == [f"{stem}/{n}" for n in range(5)]
    part = logs.describe_log_groups(logGroupNamePattern=stem[1:], limit=1)
    expected = recorded("groups", "test_describe_log_groups_with_pattern", "describe-log-groups-pattern")
    assert expected["logGroups"][0].keys() <= part["logGroups"][0].keys()
    assert part["logGroups"][0]["arn"] == part["logGroups"][0]["logGroupArn"] + ":*"
    assert part["nextToken"]
    assert logs.describe_log_groups(logGroupNamePattern=stem[1:].lower())["logGroups"] == []
    tagged = logs.list_log_groups(logGroupNamePattern=f"^{stem[:10]}", logGroupTags=[{"key": "n", "values": ["3"]}])
    assert [group["logGroupName"] for group in tagged["logGroups"]] == [f"{stem}/3"]
    logs.disassociate_kms_key(logGroupName=f"{stem}/0")
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=f"{stem}/0")["logGroups"][0]
    wanted = recorded("groups", "test_create_log_group_duplicate_error", "error-duplicate-log-group")["Error"]
    assert refusal(logs.create_log_group, logGroupName=f"{stem}/0") == (wanted["Code"], wanted["Message"])
    wanted = recorded("groups", "test_describe_log_groups_prefix_and_pattern_error", "error-prefix-and-pattern")[
        "Error"
    ]
    got = refusal(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    assert got == (wanted["Code"], wanted["Message"])
    code, message = refusal(logs.put_retention_policy, logGroupName=f"{stem}/0", retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "enum value set: [1, 3, 5, 7," in message


def test_streams_are_described_in_both_orders_and_errors_are_those_of_aws(logs: Any, group: str) -> None:
    for name in ("a", "b"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    sent = now()
    put(logs, group, (sent - 5000, "x"), stream="b")
    put(logs, group, (sent - 9000, "x"), stream="a")
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 2}
    )
    found = [stream for page in pages for stream in page["logStreams"]]
    assert [stream["logStreamName"] for stream in found] == ["b", "a", "s"]
    assert found[0]["lastEventTimestamp"] <= found[0]["lastIngestionTime"]
    named = logs.describe_log_streams(logGroupName=group, descending=True, limit=2)
    assert [stream["logStreamName"] for stream in named["logStreams"]] == ["s", "b"]
    rest = logs.describe_log_streams(logGroupName=group, descending=True, nextToken=named["nextToken"])
    assert [stream["logStreamName"] for stream in rest["logStreams"]] == ["a"]
    plain = recorded("streams", "test_log_stream_arn_format", "describe-log-streams-with-arn")["logStreams"][0]
    (shown,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="s")["logStreams"]
    assert shown.keys() == plain.keys()
    assert shown["arn"].endswith(f":log-group:{group}:log-stream:s")
    wanted = recorded("streams", "test_create_log_stream_duplicate_error", "error-duplicate-log-stream")["Error"]
    got = refusal(logs.create_log_stream, logGroupName=group, logStreamName="s")
    assert got == (wanted["Code"], wanted["Message"])
    code, _ = refusal(logs.describe_log_streams, logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="s")
    assert code == "InvalidParameterException"


def test_tags_are_the_same_by_both_families_of_operations(logs: Any) -> None:
    name = f"tags-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name, tags={"env": "testing1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    logs.tag_log_group(logGroupName=name, tags={"test1": "val1", "test3": "val3"})
    of_test = "test_tag_resource_api"
    tags = logs.list_tags_log_group(logGroupName=name)["tags"]
    assert tags == recorded("groups", of_test, "list-tags-log-group-after-tag-log-group")["tags"]
    logs.untag_log_group(logGroupName=name, tags=["test1", "test3"])
    logs.untag_resource(resourceArn=arn, tagKeys=["env"])
    tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == recorded("groups", of_test, "list-tags-for-resource-after-untag")["tags"]
    many = {f"k{n}": "v" for n in range(50)}
    assert refusal(logs.tag_log_group, logGroupName=name, tags=many)[0] == "InvalidParameterException"
    assert refusal(logs.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTagsException"


def test_what_is_deleted_is_gone_and_can_be_made_again_empty(logs: Any, group: str) -> None:
    put(logs, group, (now(), "old"))
    logs.delete_log_stream(logGroupName=group, logStreamName="s")
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert refusal(logs.get_log_events, logGroupName=group, logStreamName="s") == missing
    assert texts(logs.filter_log_events(logGroupName=group)) == []
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    assert texts(logs.get_log_events(logGroupName=group, logStreamName="s")) == []
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=True)
    assert refusal(logs.delete_log_group, logGroupName=group)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)
    missing = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refusal(logs.filter_log_events, logGroupName=group) == missing


def test_a_token_that_nobody_gave_is_refused_as_aws_does(logs: Any, group: str) -> None:
    wanted = recorded("filter_events", "test_filter_log_events_unknown_token", "invalid-token")["Error"]
    for call, more in ((logs.filter_log_events, {}), (logs.get_log_events, {"logStreamName": "s"})):
        got = refusal(call, logGroupName=group, nextToken="invalid", **more)
        assert got == (wanted["Code"], wanted["Message"])


def test_the_command_line_puts_filters_and_tails(server: LiveServer, logs: Any, group: str) -> None:
    def aws(*arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("aws")), "logs", *arguments, "--endpoint-url", server.url]
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
        return subprocess.run(command, env=os.environ | keys, check=True, capture_output=True, text=True).stdout

    given = ("--log-group-name", group)
    event = f"timestamp={now()},message=hello"
    aws("put-log-events", *given, "--log-stream-name", "s", "--log-events", event)
    assert texts(json.loads(aws("filter-log-events", *given, "--output", "json"))) == ["hello"]
