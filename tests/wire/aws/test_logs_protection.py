"""Data protection by boto3 against live servers: masked on every read, unmasked for admins only, counted, told."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
IDENTIFIERS = [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in ("EmailAddress", "CreditCardNumber")]


def client(url: str, service: str = "logs", key: str = "a", secret: str = "b") -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return client(server.url)


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/protected/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def policy(name: str, findings: str = "") -> str:
    destination = {"CloudWatchLogs": {"LogGroup": findings}} if findings else {}
    audit = {"DataIdentifier": IDENTIFIERS, "Operation": {"Audit": {"FindingsDestination": destination}}}
    mask = {"DataIdentifier": IDENTIFIERS, "Operation": {"Deidentify": {"MaskConfig": {}}}}
    return json.dumps({"Name": name, "Version": "2021-06-01", "Statement": [audit, mask]})


def put(logs: Any, group: str, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def queried(logs: Any, group: str, text: str) -> list[dict[str, str]]:
    now = int(time.time())
    asked = logs.start_query(logGroupName=group, startTime=now - 600, endTime=now + 60, queryString=text)
    while (answer := logs.get_query_results(queryId=asked["queryId"]))["status"] in ("Running", "Scheduled"):
        time.sleep(0.05)
    assert answer["status"] == "Complete"
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


def test_every_read_is_masked_and_admins_may_unmask(server: LiveServer, logs: Any, group: str) -> None:
    document = policy("p")
    answer = logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=document)
    assert document == answer["policyDocument"]
    assert document == logs.get_data_protection_policy(logGroupIdentifier=group)["policyDocument"]
    (told,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert "ACTIVATED" == told["dataProtectionStatus"]
    plain = json.dumps({"user": "ann@example.com", "card": "4111 1111 1111 1111", "n": 1})
    masked = json.dumps({"user": "*" * 15, "card": "*" * 19, "n": 1})
    put(logs, group, plain)
    (event,) = logs.get_log_events(logGroupName=group, logStreamName="s")["events"]
    assert masked == event["message"]
    (event,) = logs.filter_log_events(logGroupName=group, filterPattern="{ $.n = 1 }")["events"]
    assert masked == event["message"]
    assert not logs.filter_log_events(logGroupName=group, filterPattern="ann")["events"]
    (event,) = logs.filter_log_events(logGroupName=group, unmask=True)["events"]
    assert plain == event["message"]
    (event,) = logs.get_log_events(logGroupName=group, logStreamName="s", unmask=True)["events"]
    assert plain == event["message"]
    (row,) = queried(logs, group, "fields @message, user, unmask(@message), unmask(user)")
    assert (masked, "*" * 15) == (row["@message"], row["user"])
    assert (plain, "ann@example.com") == (row["unmask(@message)"], row["unmask(user)"])
    (row,) = queried(logs, group, "fields card | unmask card")
    assert "4111 1111 1111 1111" == row["card"]
    shown = httpx.get(f"{server.url}/logs.json", params={"group": group, "range": "1h"}).json()
    assert [masked] == [one["message"] for one in shown["events"]]
    assert "example.com" not in httpx.get(f"{server.url}/rest/v1/logs/patterns", params={"group": group}).text
    logs.delete_data_protection_policy(logGroupIdentifier=group)
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier=group)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_data_protection_policy(logGroupIdentifier=group)


def test_findings_are_counted_and_told(server: LiveServer, logs: Any, group: str) -> None:
    findings = f"{group}/findings"
    with pytest.raises(ClientError, match="there is no such log group"):
        logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=policy("told", findings))
    logs.create_log_group(logGroupName=findings)
    logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=policy("told", findings))
    put(logs, group, "to a@example.com, b@example.com", "nothing")
    (event,) = logs.filter_log_events(logGroupName=findings)["events"]
    report = json.loads(event["message"])
    detections = [{"start": 3, "end": 16}, {"start": 18, "end": 31}]
    assert [{"name": "EmailAddress", "count": 2, "detections": detections}] == report["dataIdentifiers"]
    assert report["resourceArn"].endswith(f":log-group:{group}:*")
    now = datetime.now(UTC)
    counted = client(server.url, "cloudwatch").get_metric_statistics(
        Namespace="AWS/Logs", MetricName="LogEventsWithFindings", Period=600, Statistics=["Sum"],
        Dimensions=[{"Name": "LogGroupName", "Value": group}, {"Name": "PolicyName", "Value": "told"}],
        StartTime=now - timedelta(minutes=20), EndTime=now + timedelta(minutes=20),
    )  # fmt: skip
    assert 1 == sum(point["Sum"] for point in counted["Datapoints"])


def test_policies_of_the_account_hold_for_every_group(server: LiveServer) -> None:
    logs = boto3.client(
        "logs", endpoint_url=server.url, region_name="eu-north-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    asked = {"policyName": "all", "policyType": "DATA_PROTECTION_POLICY"}
    made = logs.put_account_policy(**asked, policyDocument=policy("all"), scope="ALL")["accountPolicy"]
    assert ("all", "ALL") == (made["policyName"], made["scope"])
    (found,) = logs.describe_account_policies(policyType=asked["policyType"])["accountPolicies"]
    assert made == found
    name = f"/account/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    (told,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert ["ACCOUNT_DATA_PROTECTION"] == told["inheritedProperties"]
    put(logs, name, "ann@example.com")
    assert ["*" * 15] == [one["message"] for one in logs.filter_log_events(logGroupName=name)["events"]]
    logs.delete_account_policy(**asked)
    assert [] == logs.describe_account_policies(policyType=asked["policyType"])["accountPolicies"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_account_policy(**asked)
