"""Export tasks, scheduled queries, lookup tables, resource policies and keys by boto3 against a live server."""

import gzip
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
ROLE = "arn:aws:iam::123456789012:role/r"
WAIT_S = 60


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return boto3.client(
        "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/records/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="web/1")
    now = int(time.time() * 1000) - 5_000
    events = [{"timestamp": now + at, "message": json.dumps({"host": f"h{at}"})} for at in range(2)]
    logs.put_log_events(logGroupName=name, logStreamName="web/1", logEvents=events)
    return name


def awaited(found: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT_S
    while not (answer := found()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)
    return answer


def code_of(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return str(raised.value.response["Error"]["Code"])


def test_events_are_exported_into_a_folder(server: LiveServer, logs: Any, group: str) -> None:
    now = int(time.time() * 1000)
    logs.filter_log_events(logGroupName=group)  # waits until the engine has them
    asked = {"logGroupName": group, "fromTime": now - 60_000, "to": now, "destination": "bucket"}
    task = logs.create_export_task(**asked, taskName="t")["taskId"]

    def done() -> Any:
        (found,) = logs.describe_export_tasks(taskId=task)["exportTasks"]
        return found if found["status"]["code"] not in ("PENDING", "RUNNING") else None

    assert "COMPLETED" == awaited(done)["status"]["code"]
    file = server.data_dir / "exports" / "bucket" / "exportedlogs" / task / "web-1" / "000000.gz"
    assert ['{"host": "h0"}', '{"host": "h1"}'] == [
        line.split(" ", 1)[1] for line in gzip.decompress(file.read_bytes()).decode().splitlines()
    ]
    assert "InvalidOperationException" == code_of(logs.cancel_export_task, taskId=task)
    assert "ResourceNotFoundException" == code_of(logs.cancel_export_task, taskId="none")
    assert "InvalidParameterException" == code_of(logs.create_export_task, **{**asked, "destination": "../up"})


def test_a_query_runs_by_its_schedule(logs: Any, group: str) -> None:
    name = f"q-{uuid.uuid4().hex[:12]}"
    asked: dict[str, Any] = {
        "queryLanguage": "CWLI", "queryString": "fields host | sort host", "logGroupIdentifiers": [group],
        "scheduleExpression": "cron(* * * * ? *)", "executionRoleArn": ROLE, "startTimeOffset": 600,
    }  # fmt: skip
    logs.filter_log_events(logGroupName=group)
    made = logs.create_scheduled_query(
        **{**asked, "scheduleExpression": "rate(1 minute)"}, name=name, scheduleStartTime=int(time.time() * 1000) + 500
    )
    history = {"identifier": name, "startTime": 0, "endTime": int(time.time()) + 600}

    def complete() -> Any:
        runs = logs.get_scheduled_query_history(**history)["triggerHistory"]
        return [run for run in runs if run["executionStatus"] == "Complete"]

    run = awaited(complete)[-1]
    rows = logs.get_query_results(queryId=run["queryId"])
    assert "Complete" == rows["status"]
    assert ["h0", "h1"] == [cell["value"] for row in rows["results"] for cell in row if cell["field"] == "host"]
    logs.update_scheduled_query(**{**asked, "state": "DISABLED"}, identifier=made["scheduledQueryArn"])
    found = logs.get_scheduled_query(identifier=name)
    assert ("DISABLED", asked["scheduleExpression"], [group]) == (
        found["state"], found["scheduleExpression"], found["logGroupIdentifiers"],
    )  # fmt: skip
    listed = logs.get_paginator("list_scheduled_queries").paginate(PaginationConfig={"PageSize": 1})
    (mine,) = [one for page in listed for one in page["scheduledQueries"] if one["name"] == name]
    assert "Complete" == mine["lastExecutionStatus"]
    assert "ConflictException" == code_of(logs.create_scheduled_query, **asked, name=name)
    wrong = {**asked, "name": "w", "scheduleExpression": "often"}
    assert "ValidationException" == code_of(logs.create_scheduled_query, **wrong)
    assert "ValidationException" == code_of(logs.create_scheduled_query, **{**wrong, "queryString": "nonsense |"})
    logs.delete_scheduled_query(identifier=name)
    assert "ResourceNotFoundException" == code_of(logs.get_scheduled_query, identifier=name)


def test_queries_look_values_up_in_tables(logs: Any, group: str) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    arn = logs.create_lookup_table(lookupTableName=name, tableBody="host,team\nh0,search\n")["lookupTableArn"]
    assert "ResourceAlreadyExistsException" == code_of(
        logs.create_lookup_table, lookupTableName=name, tableBody="host\nx\n"
    )
    now = int(time.time())
    query = logs.start_query(
        logGroupName=group, startTime=now - 600, endTime=now + 60,
        queryString=f"fields host | lookup {name} host OUTPUT team | sort host",
    )["queryId"]  # fmt: skip
    answer = awaited(lambda: (one := logs.get_query_results(queryId=query))["status"] == "Complete" and one)
    rows = [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]
    assert [{"host": "h0", "team": "search"}, {"host": "h1"}] == rows
    logs.update_lookup_table(lookupTableArn=arn, tableBody="host,team\nh1,ads\n")
    found = logs.get_lookup_table(lookupTableArn=arn)
    assert ("host,team\nh1,ads\n", 17) == (found["tableBody"], found["sizeBytes"])
    (told,) = logs.describe_lookup_tables(lookupTableNamePrefix=name)["lookupTables"]
    assert (["host", "team"], 1) == (told["tableFields"], told["recordsCount"])
    logs.delete_lookup_table(lookupTableArn=arn)
    assert "ResourceNotFoundException" == code_of(logs.get_lookup_table, lookupTableArn=arn)


def test_resource_policies_and_keys_are_kept(logs: Any, group: str) -> None:
    name, document = f"p-{uuid.uuid4().hex[:8]}", '{"Version": "2012-10-17", "Statement": []}'
    made = logs.put_resource_policy(policyName=name, policyDocument=document)["resourcePolicy"]
    assert (name, document, "ACCOUNT") == (made["policyName"], made["policyDocument"], made["policyScope"])
    (read,) = [one for one in logs.describe_resource_policies()["resourcePolicies"] if one["policyName"] == name]
    assert {**made, "policyDocument": '{"Version":"2012-10-17","Statement":[]}'} == read
    assert "revisionId" not in made  # as recorded: those of resources have one
    of = {"resourceArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}", "policyDocument": document}
    revised = logs.put_resource_policy(**of)
    logs.put_resource_policy(**of)
    stale = {**of, "expectedRevisionId": revised["revisionId"]}
    assert "OperationAbortedException" == code_of(logs.put_resource_policy, **stale)
    logs.delete_resource_policy(policyName=name)
    with pytest.raises(
        logs.exceptions.ResourceNotFoundException, match=rf"Policy with name \[{name}\] does not exist\.$"
    ):
        logs.delete_resource_policy(policyName=name)
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    logs.associate_kms_key(logGroupName=group, kmsKeyId=key)
    assert [key] == [one["kmsKeyId"] for one in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]]
    logs.disassociate_kms_key(logGroupName=group)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert "kmsKeyId" not in found
