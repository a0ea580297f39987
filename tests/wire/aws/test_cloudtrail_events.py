"""boto3 against LookupEvents and PutAuditEvents; changes made through trimtab are in its own audit."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer
from made_audit import record
from trimtab.accounts import event_reading
from trimtab.accounts.policy import allowed
from trimtab.base.clock import SystemClock
from trimtab.base.errors import AccessDenied
from trimtab.cloud.call_costs import Meter
from trimtab.cloud.call_limits import Pace
from trimtab.cloud.reading import Access, CloudReader

pytestmark = pytest.mark.wire
ACCOUNT = "123456789012"
CHANNEL = "arn:aws:cloudtrail:us-east-1:123456789012:channel/one"


def client(server: LiveServer, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}),
    )


def put(server: LiveServer, *records: Mapping[str, Any]) -> Any:
    entries = [{"id": str(number), "eventData": json.dumps(one)} for number, one in enumerate(records)]
    return client(server, "cloudtrail-data").put_audit_events(auditEvents=entries, channelArn=CHANNEL)


def lookup(server: LiveServer, key: str, value: str, **more: Any) -> list[dict[str, Any]]:
    pages = client(server, "cloudtrail").get_paginator("lookup_events")
    asked = pages.paginate(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], **more)
    return [event for page in asked for event in page["Events"]]


def test_events_that_were_put_are_found_once_with_every_member(server: LiveServer) -> None:
    now = SystemClock().now_ms()
    made = [record(now - n * 1000, f"put-{n}", eventName="RotateTheShields") for n in range(60)]
    answer = put(server, *made)
    assert ([one["eventID"] for one in answer["successful"]], answer["failed"]) == ([f"put-{n}" for n in range(60)], [])
    put(server, *made[:5])
    found = lookup(server, "EventName", "RotateTheShields")
    assert [event["EventId"] for event in found] == [f"put-{n}" for n in range(60)]
    assert json.loads(found[0]["CloudTrailEvent"]) == made[0]
    assert (found[0]["Username"], found[0]["ReadOnly"], found[0]["AccessKeyId"]) == ("alice", "false", "AKIA1")


def test_events_of_an_integration_keep_their_id(server: LiveServer) -> None:
    data = {
        "version": "1.0",
        "UID": "u-1",
        "eventSource": "hr.example.com",
        "eventName": "GrantRoom",
        "eventTime": "2025-11-25T12:00:00Z",
        "userIdentity": {"type": "person", "principalId": "carla", "details": {"floor": 3}},
        "requestParameters": {"roomName": "vault"},
    }
    text = json.dumps(data)
    good = {
        "id": "1",
        "eventData": text,
        "eventDataChecksum": base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
    }
    wrong = {"id": "2", "eventData": text, "eventDataChecksum": "AAAA"}
    data_client = client(server, "cloudtrail-data")
    first = data_client.put_audit_events(auditEvents=[good, wrong], channelArn=CHANNEL)
    again = data_client.put_audit_events(auditEvents=[good], channelArn=CHANNEL)
    assert first["successful"] == again["successful"]
    assert [(one["id"], one["errorCode"]) for one in first["failed"]] == [("2", "InvalidEventData")]
    (found,) = lookup(server, "Username", "carla", StartTime=1_764_000_000)
    assert (found["EventSource"], found["EventId"]) == ("hr.example.com", first["successful"][0]["eventID"])


def test_two_entries_of_one_id_are_refused(server: LiveServer) -> None:
    with pytest.raises(ClientError, match="DuplicatedAuditEventId"):
        client(server, "cloudtrail-data").put_audit_events(
            auditEvents=[{"id": "1", "eventData": "{}"}] * 2, channelArn=CHANNEL
        )


def failing(asked: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as problem:
        asked()
    return str(problem.value.response["Error"]["Code"])


def test_wrong_searches_have_cloudtrails_own_errors(server: LiveServer) -> None:
    trail = client(server, "cloudtrail")
    pair = {"AttributeKey": "EventName", "AttributeValue": "x"}
    assert failing(lambda: trail.lookup_events(LookupAttributes=[pair, pair])) == "InvalidLookupAttributesException"
    assert failing(lambda: trail.lookup_events(StartTime=20, EndTime=1)) == "InvalidTimeRangeException"
    assert failing(lambda: trail.lookup_events(NextToken="abc")) == "InvalidNextTokenException"


def test_a_change_by_an_aws_door_is_in_the_audit_when_it_is_answered(server: LiveServer) -> None:
    watch = client(server, "cloudwatch")
    watch.put_metric_alarm(
        AlarmName="audited", Namespace="a", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    watch.put_metric_data(Namespace="a", MetricData=[{"MetricName": "m", "Value": 1}])
    with pytest.raises(ClientError):
        watch.set_alarm_state(AlarmName="no-such-alarm-audited", StateValue="OK", StateReason="test")
    events = lookup(server, "EventSource", "monitoring.amazonaws.com")
    document = next(
        made
        for event in events
        if (made := json.loads(event["CloudTrailEvent"]))["eventName"] == "PutMetricAlarm"
        and made["requestParameters"]["alarmName"] == "audited"
    )
    assert document["userIdentity"]["userName"] == "local"
    assert document["userIdentity"]["accessKeyId"] == "AKIATEST"
    assert (document["sourceIPAddress"], document["awsRegion"]) == ("127.0.0.1", "us-east-1")
    assert "Boto3" in document["userAgent"] or "boto3" in document["userAgent"].lower()
    failed = [json.loads(event["CloudTrailEvent"]) for event in events if event["EventName"] == "SetAlarmState"]
    assert any("errorCode" in one and "no-such-alarm-audited" in str(one["requestParameters"]) for one in failed)
    assert "PutMetricData" not in {event["EventName"] for event in events}


def test_a_change_by_the_rest_api_hides_its_secrets(server: LiveServer) -> None:
    body = {"name": "audited", "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/verysecret"}
    httpx.post(f"{server.url}/rest/v1/channels", json=body)
    key = httpx.post(f"{server.url}/rest/v1/keys", json={"name": "audited", "kind": "token", "role": "read"})
    assert key.status_code < 300, key.text
    events = lookup(server, "EventSource", "rest.trimtab")
    texts = "".join(event["CloudTrailEvent"] for event in events)
    assert "verysecret" not in texts
    assert key.json()["secret"] not in texts
    names = {event["EventName"] for event in events}
    assert {"CreateKey", "MakeChannel"} & names, names


def test_a_change_by_a_page_and_one_that_failed_are_recorded(server: LiveServer) -> None:
    answer = httpx.post(f"{server.url}/alarms/act", data={"name": "no-such-alarm", "act": "disable"})
    missing = httpx.delete(f"{server.url}/rest/v1/dashboards/no-such-dashboard")
    assert (answer.status_code >= 400, missing.status_code) == (True, 404)
    pages = lookup(server, "EventSource", "pages.trimtab")
    assert any("no-such-alarm" in event["CloudTrailEvent"] for event in pages)
    deleted = [json.loads(e["CloudTrailEvent"]) for e in lookup(server, "EventSource", "rest.trimtab")]
    assert any(one.get("errorCode") == "not_found" and "no-such-dashboard" in str(one) for one in deleted)


def test_an_account_is_read_by_lookup_events(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `trimtab connect aws` does with an account's history, with the service here in AWS's place."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIATEST")
    now = SystemClock().now_ms()
    for first in (0, 60):  # a call takes 100 at most
        events = range(first, first + 60)
        put(server, *(record(now - n * 1000, f"history-{n}", eventName="RevokeTheShields") for n in events))
    reader = CloudReader(Access(endpoint=server.url), allowed(), Pace(SystemClock(), lambda _: None), Meter(), ACCOUNT)
    try:
        found = list(event_reading.read(reader, ACCOUNT, "us-east-1", now - 3_600_000, now + 60_000))
        with pytest.raises(AccessDenied, match="only reads AWS"):
            reader.call("cloudtrail", "us-east-1", "DeleteTrail", Name="main")
    finally:
        reader.close()
    ours = [one for one in found if one.name == "RevokeTheShields"]
    assert [f"history-{n}" for n in range(120)] == [one.id for one in ours]
    calls = reader.meter.take()
    assert calls["cloudtrail", "LookupEvents"].calls >= 3  # fifty events a page
    assert {"LookupEvents"} == {operation for (service, operation), one in calls.items() if one.calls}
