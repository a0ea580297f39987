"""Transformers and field indexes by boto3: fields of lines for queries, metric filters and subscriptions."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
CONFIG = [
    {"grok": {"match": "%{WORD:verb} %{NOTSPACE:path} %{NUMBER:ms}"}},
    {"typeConverter": {"entries": [{"key": "ms", "type": "integer"}]}},
    {"addKeys": {"entries": [{"key": "service.name", "value": "shop"}]}},
]


def client(url: str, service: str) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=url, **keys)


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return client(server.url, "logs")


@pytest.fixture
def group(logs: Any) -> Iterator[str]:
    name = f"/transformed/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    logs.delete_log_group(logGroupName=name)


def put(logs: Any, group: str, *lines: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def asked(logs: Any, group: str, query: str) -> list[dict[str, str]]:
    now = int(time.time())
    made = logs.start_query(logGroupName=group, startTime=now - 600, endTime=now + 60, queryString=query)
    done = until(
        lambda: (found := logs.get_query_results(queryId=made["queryId"]))["status"] == "Complete" and found, "it ran"
    )
    return [{one["field"]: one["value"] for one in row if one["field"] != "@ptr"} for row in done["results"]]


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return str(caught.value.response["Error"]["Code"])


def test_what_comes_in_is_transformed_for_queries_and_filters(server: LiveServer, logs: Any, group: str) -> None:
    assert refused(logs.get_transformer, logGroupIdentifier=group) == "ResourceNotFoundException"
    logs.put_transformer(logGroupIdentifier=group, transformerConfig=CONFIG)
    told = logs.get_transformer(logGroupIdentifier=group)
    assert (CONFIG, group) == (told["transformerConfig"], told["logGroupIdentifier"])
    measured = {"metricName": "ms", "metricNamespace": group.replace("/", "-"), "metricValue": "$.ms"}
    for name, seen in (("line", False), ("fields", True)):
        logs.put_metric_filter(
            logGroupName=group, filterName=name, filterPattern='{ $.service.name = "shop" }',
            metricTransformations=[{**measured, "metricName": name}], applyOnTransformedLogs=seen,
        )  # fmt: skip
    put(logs, group, "GET /cart 120", "GET / 30", "no line of this kind")
    rows = until(lambda: asked(logs, group, "stats sum(ms) as sum, count(*) as n by verb, service.name"), "it is read")
    assert [("GET", "shop", "150", "2")] == [
        (row["verb"], row["service.name"], row["sum"], row["n"]) for row in rows if "verb" in row
    ]
    failed = asked(logs, group, "filter ispresent(@transformationError) | fields @message, @transformationError")
    assert [("no line of this kind", "the text does not match the grok pattern")] == [
        tuple(row.values()) for row in failed
    ]
    assert "GET /cart 120" in [one["message"] for one in logs.filter_log_events(logGroupName=group)["events"]]
    cloudwatch, now = client(server.url, "cloudwatch"), datetime.now(UTC)
    window = {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=1), "Period": 3600}

    def summed(name: str) -> float:
        found = cloudwatch.get_metric_statistics(
            Namespace=measured["metricNamespace"], MetricName=name, Statistics=["Sum"], **window
        )
        return sum(one["Sum"] for one in found["Datapoints"])

    assert until(lambda: summed("fields"), "the filter measured") == 150.0
    assert summed("line") == 0.0
    logs.delete_transformer(logGroupIdentifier=group)
    assert refused(logs.delete_transformer, logGroupIdentifier=group) == "ResourceNotFoundException"
    put(logs, group, "GET /later 1")
    assert until(lambda: asked(logs, group, 'filter @message like "later"'), "it is read")
    assert [] == asked(logs, group, 'filter path = "/later"')


def test_a_transformer_is_tried_before_it_is_put(logs: Any, group: str) -> None:
    [good, bad] = logs.test_transformer(transformerConfig=CONFIG, logEventMessages=["GET /a 7", "?"])["transformedLogs"]
    made = {"verb": "GET", "path": "/a", "ms": 7, "service": {"name": "shop"}}
    assert (1, "GET /a 7", made) == (
        good["eventNumber"], good["eventMessage"], json.loads(good["transformedEventMessage"])
    )  # fmt: skip
    assert list(json.loads(bad["transformedEventMessage"])) == ["@transformationError"]
    with pytest.raises(ClientError, match="detected: Value at 'logGroupIdentifier' failed to satisfy"):
        logs.get_transformer(logGroupIdentifier="a*")
    wrong = {"logGroupIdentifier": group, "transformerConfig": CONFIG[1:]}
    assert refused(logs.put_transformer, **wrong) == "InvalidParameterException"


def test_a_groups_own_transformer_goes_before_the_accounts_and_dies_with_it(logs: Any) -> None:
    prefix = f"/account/{uuid.uuid4().hex[:12]}"
    mine, others = f"{prefix}/mine", f"{prefix}/others"
    policy = {"policyName": prefix[9:], "policyType": "TRANSFORMER_POLICY"}
    document = json.dumps([{"parseJSON": {}}])
    selected = f'LogGroupNamePrefix = "{prefix}"'
    assert refused(logs.put_account_policy, **policy, policyDocument="{}") == "InvalidParameterException"
    logs.put_account_policy(**policy, policyDocument=document, selectionCriteria=selected)
    [shown] = logs.describe_account_policies(**policy)["accountPolicies"]
    assert (document, selected) == (shown["policyDocument"], shown["selectionCriteria"])
    for name in (mine, others):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_transformer(logGroupIdentifier=mine, transformerConfig=[{"csv": {"columns": ["a"]}}])
    for name in (mine, others):
        put(logs, name, '{"b": "{}"}')
    assert [{"a": '{"b": "{}"}'}] == until(lambda: asked(logs, mine, "fields a"), "it is read")
    assert [{"b": "{}"}] == until(lambda: asked(logs, others, "fields b"), "it is read")
    logs.delete_account_policy(**policy)
    for name in (mine, others):
        logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=mine)
    assert refused(logs.get_transformer, logGroupIdentifier=mine) == "ResourceNotFoundException"
    logs.delete_log_group(logGroupName=mine)


def test_field_indexes_are_named_told_and_found_in_what_came(logs: Any, group: str) -> None:
    document = json.dumps({"Fields": ["requestId", "never"]})
    put_policy = {"logGroupIdentifier": group, "policyDocument": document}
    assert logs.put_index_policy(**put_policy)["indexPolicy"]["source"] == "LOG_GROUP"
    assert [document] == [
        one["policyDocument"] for one in logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"]
    ]
    put(logs, group, '{"requestId": "r"}', "no JSON")
    asked_for = {"logGroupIdentifiers": [group], "indexCategories": ["CUSTOM"]}
    seen = until(
        lambda: (found := logs.describe_field_indexes(**asked_for)["fieldIndexes"])[0].get("firstEventTime") and found,
        "the field came",
    )
    assert [("requestId", True), ("never", False)] == [(one["fieldIndexName"], "lastEventTime" in one) for one in seen]
    every = logs.describe_field_indexes(logGroupIdentifiers=[group])["fieldIndexes"]
    assert {"@logStream", "@aws.account"} <= {
        one["fieldIndexName"] for one in every if one["indexCategory"] == "DEFAULT"
    }
    named = logs.list_log_groups(fieldIndexNames=["requestId"], logGroupNamePattern=group[-12:])["logGroups"]
    assert [group] == [one["logGroupName"] for one in named]
    assert [] == logs.list_log_groups(fieldIndexNames=["other"], logGroupNamePattern=group[-12:])["logGroups"]
    assert refused(logs.put_index_policy, logGroupIdentifier=group, policyDocument='{"Fields": []}') == (
        "InvalidParameterException"
    )
    logs.delete_index_policy(logGroupIdentifier=group)
    assert [] == logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"]
