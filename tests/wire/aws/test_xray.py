"""X-Ray as boto3 sees it: segments in, summaries, traces, graphs, groups, sampling and settings out."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
WAIT_S = 60


@pytest.fixture(scope="module")
def xray(server: LiveServer) -> Iterator[Any]:
    client = boto3.client(
        "xray",
        endpoint_url=server.url,
        region_name="eu-west-3",  # a region of their own: other tests' traces are elsewhere
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )
    yield client
    client.close()


def _ids(at: float, number: int) -> str:
    return f"1-{int(at):08x}-{number:024x}"


def _shop(at: float, number: int, *, fault: bool = False) -> list[dict[str, Any]]:
    trace = _ids(at, number)
    failed = {"fault": True} if fault else {}
    web = {
        "name": "web",
        "id": f"{number:015x}a",
        "trace_id": trace,
        "start_time": at,
        "end_time": at + 0.5,
        "origin": "AWS::EC2::Instance",
        "user": "ann",
        "annotations": {"tier": "gold", "items": 3, "trial": False},
        "http": {
            "request": {"method": "GET", "url": "http://web/cart", "user_agent": "curl/8", "client_ip": "10.0.0.9"},
            "response": {"status": 500 if fault else 200},
        },
        "subsegments": [
            {
                "name": "api",
                "id": f"{number:015x}b",
                "start_time": at + 0.1,
                "end_time": at + 0.4,
                "namespace": "remote",
                "http": {"request": {"url": "http://api/items", "method": "GET", "traced": True}},
                **failed,
            }
        ],
        **failed,
    }
    api = {
        "name": "api",
        "id": f"{number:015x}c",
        "trace_id": trace,
        "parent_id": f"{number:015x}b",
        "start_time": at + 0.15,
        "end_time": at + 0.35,
        "subsegments": [
            {
                "name": "DynamoDB",
                "id": f"{number:015x}d",
                "start_time": at + 0.2,
                "end_time": at + 0.3,
                "namespace": "aws",
                "aws": {"operation": "GetItem", "table_name": "items"},
            }
        ],
        **failed,
    }
    if fault:
        api["cause"] = {"exceptions": [{"id": "e" * 16, "type": "Boom", "message": "no items"}]}
    return [web, api]


@pytest.fixture(scope="module")
def put(xray: Any) -> float:
    """Five traces, one of them with a fault: when the first began."""
    at = float(int(time.time()) - 300)
    documents = [one for number in range(1, 6) for one in _shop(at + number, number, fault=number == 5)]
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(one) for one in documents])
    assert [] == answer["UnprocessedTraceSegments"]

    def readable() -> bool:
        return len(xray.get_trace_summaries(StartTime=at, EndTime=at + 60)["TraceSummaries"]) >= 5

    until(readable, "the traces are readable")
    return at


def test_summaries_tell_what_came(xray: Any, put: float) -> None:
    found = xray.get_trace_summaries(StartTime=put, EndTime=put + 60, FilterExpression='service("api") { fault }')
    (summary,) = found["TraceSummaries"]
    assert summary["Id"] == _ids(put + 5, 5)
    assert (True, False, False) == (summary["HasFault"], summary["HasError"], summary["IsPartial"])
    assert pytest.approx(0.5) == summary["Duration"] == summary["ResponseTime"]
    assert summary["Http"] == {
        "HttpURL": "http://web/cart",
        "HttpStatus": 500,
        "HttpMethod": "GET",
        "UserAgent": "curl/8",
        "ClientIp": "10.0.0.9",
    }
    values = {key: value[0]["AnnotationValue"] for key, value in summary["Annotations"].items()}
    assert {"tier": {"StringValue": "gold"}, "items": {"NumberValue": 3.0}, "trial": {"BooleanValue": False}} == values
    assert "ann" == summary["Users"][0]["UserName"]
    assert {"web", "api", "items"} == {one["Name"] for one in summary["ServiceIds"]}
    assert "web" == summary["EntryPoint"]["Name"]
    (cause,) = summary["FaultRootCauses"]
    assert ["web", "api"] == [one["Name"] for one in cause["Services"]]
    assert cause["ClientImpacting"]
    assert [{"Name": "Boom", "Message": "no items"}] == cause["Services"][1]["EntityPath"][0]["Exceptions"]


def test_pages_end_and_hold_each_trace_once(xray: Any, put: float) -> None:
    pages = xray.get_paginator("get_trace_summaries").paginate(StartTime=put, EndTime=put + 60)
    assert 5 == len({one["Id"] for page in pages for one in page["TraceSummaries"]})
    for kind in ("Event", "Service"):
        now = time.time()
        found = xray.get_trace_summaries(StartTime=put, EndTime=now + 60, TimeRangeType=kind)
        assert {_ids(put + n, n) for n in range(1, 6)} <= {one["Id"] for one in found["TraceSummaries"]}


def test_a_wrong_expression_points_at_the_character(xray: Any, put: float) -> None:
    with pytest.raises(ClientError) as problem:
        xray.get_trace_summaries(StartTime=put, EndTime=put + 60, FilterExpression="responsetime > x")
    assert "InvalidRequestException" == problem.value.response["Error"]["Code"]
    assert "character 16" in problem.value.response["Error"]["Message"]


def test_documents_come_back_as_they_were(xray: Any, put: float) -> None:
    wanted = {one["id"]: one for one in _shop(put + 5, 5, fault=True)}
    found = xray.batch_get_traces(TraceIds=[_ids(put + 5, 5), _ids(put, 99)])
    assert [_ids(put, 99)] == found["UnprocessedTraceIds"]
    (trace,) = found["Traces"]
    assert wanted == {one["Id"]: json.loads(one["Document"]) for one in trace["Segments"]}
    pages = xray.get_paginator("batch_get_traces").paginate(TraceIds=[_ids(put + n, n) for n in range(1, 6)])
    assert 5 == sum(len(page["Traces"]) for page in pages)


def test_what_is_not_taken_is_told_and_the_rest_is_kept(xray: Any) -> None:
    (good, _) = _shop(time.time() - 5, 77)
    answer = xray.put_trace_segments(
        TraceSegmentDocuments=[json.dumps(good | {"id": "xyz"}), "no json", json.dumps(good | {"name": "kept"})]
    )
    assert ["InvalidId", "ParseError"] == [one["ErrorCode"] for one in answer["UnprocessedTraceSegments"]]
    found = until(lambda: xray.batch_get_traces(TraceIds=[good["trace_id"]])["Traces"], "the trace is readable")
    assert "kept" == json.loads(found[0]["Segments"][0]["Document"])["name"]


def test_the_graph_of_a_range_and_of_a_trace(xray: Any, put: float) -> None:
    for answer in (
        xray.get_service_graph(StartTime=put, EndTime=put + 60),
        xray.get_trace_graph(TraceIds=[_ids(put + n, n) for n in range(1, 6)]),
    ):
        services = {(one["Name"], one.get("Type", "")): one for one in answer["Services"]}
        names = {one["ReferenceId"]: one["Name"] for one in answer["Services"]}
        web = services["web", "AWS::EC2::Instance"]
        assert web["Root"]
        assert {"api"} == {names[edge["ReferenceId"]] for edge in web["Edges"]}
        assert {"items"} == {names[edge["ReferenceId"]] for edge in services["api", ""]["Edges"]}
        assert "AWS::DynamoDB::Table" in {type_ for _, type_ in services}
        assert ["web"] == [names[edge["ReferenceId"]] for edge in services["web", "client"]["Edges"]]
        statistics = web["SummaryStatistics"]
        assert (5, 4, 1) == (
            statistics["TotalCount"],
            statistics["OkCount"],
            statistics["FaultStatistics"]["TotalCount"],
        )
        assert pytest.approx(2.5) == statistics["TotalResponseTime"]
        (histogram,) = web["ResponseTimeHistogram"]
        assert 5 == histogram["Count"]
        assert pytest.approx(0.5, rel=0.05) == histogram["Value"]


def test_statistics_over_time(xray: Any, put: float) -> None:
    start = int(put) // 60 * 60
    found = xray.get_time_series_service_statistics(
        StartTime=start,
        EndTime=start + 120,
        Period=60,
        EntitySelectorExpression='service("web")',
        ForecastStatistics=True,
    )["TimeSeriesServiceStatistics"]
    assert 5 == sum(one["ServiceSummaryStatistics"]["TotalCount"] for one in found)
    assert all("ServiceForecastStatistics" in one for one in found)
    edges = xray.get_time_series_service_statistics(StartTime=start, EndTime=start + 120, Period=300)
    assert 15 == sum(one["EdgeSummaryStatistics"]["TotalCount"] for one in edges["TimeSeriesServiceStatistics"])


def test_a_group_narrows_the_graph(xray: Any, put: float) -> None:
    made = xray.create_group(GroupName="faults", FilterExpression="fault", Tags=[{"Key": "team", "Value": "web"}])[
        "Group"
    ]
    assert ["Default", "faults"] == [one["GroupName"] for one in xray.get_groups()["Groups"]]
    graph = xray.get_service_graph(StartTime=put, EndTime=put + 60, GroupARN=made["GroupARN"])
    assert {1} == {
        one["SummaryStatistics"]["TotalCount"]
        for one in graph["Services"]
        if one["Name"] == "web"
        if "SummaryStatistics" in one
    }
    found = xray.get_trace_summaries(StartTime=put, EndTime=put + 60, FilterExpression='group.name = "faults"')
    assert 1 == len(found["TraceSummaries"])
    assert [{"Key": "team", "Value": "web"}] == xray.list_tags_for_resource(ResourceARN=made["GroupARN"])["Tags"]
    xray.tag_resource(ResourceARN=made["GroupARN"], Tags=[{"Key": "env", "Value": "test"}])
    xray.untag_resource(ResourceARN=made["GroupARN"], TagKeys=["team"])
    assert [{"Key": "env", "Value": "test"}] == xray.list_tags_for_resource(ResourceARN=made["GroupARN"])["Tags"]
    changed = xray.update_group(
        GroupName="faults", FilterExpression="error", InsightsConfiguration={"InsightsEnabled": True}
    )["Group"]
    assert ("error", True) == (changed["FilterExpression"], changed["InsightsConfiguration"]["InsightsEnabled"])
    with pytest.raises(ClientError, match="character 1"):
        xray.create_group(GroupName="wrong", FilterExpression="speed > 5")
    xray.delete_group(GroupName="faults")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        xray.get_group(GroupName="faults")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        xray.list_tags_for_resource(ResourceARN=made["GroupARN"])


def test_rules_targets_and_statistics_of_sampling(xray: Any) -> None:
    rule = {
        "RuleName": "cart",
        "ResourceARN": "*",
        "Priority": 10,
        "FixedRate": 0.1,
        "ReservoirSize": 5,
        "ServiceName": "web",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "GET",
        "URLPath": "/cart*",
        "Version": 1,
    }
    made = xray.create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]
    assert rule.items() <= made.items()
    names = [one["SamplingRule"]["RuleName"] for one in xray.get_sampling_rules()["SamplingRuleRecords"]]
    assert ["cart", "Default"] == names
    statistics = {
        "ClientID": "a" * 24,
        "Timestamp": time.time(),
        "RequestCount": 100,
        "SampledCount": 10,
        "BorrowCount": 1,
    }
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[statistics | {"RuleName": "cart"}, statistics | {"RuleName": "gone"}]
    )
    (target,) = answer["SamplingTargetDocuments"]
    assert ("cart", 0.1, 5, 10) == (
        target["RuleName"],
        target["FixedRate"],
        target["ReservoirQuota"],
        target["Interval"],
    )
    assert ["gone"] == [one["RuleName"] for one in answer["UnprocessedStatistics"]]
    (summary,) = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    assert ("cart", 100, 10, 1) == (
        summary["RuleName"],
        summary["RequestCount"],
        summary["SampledCount"],
        summary["BorrowCount"],
    )
    changed = xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": made["RuleARN"], "FixedRate": 0.5})
    assert 0.5 == changed["SamplingRuleRecord"]["SamplingRule"]["FixedRate"]
    xray.delete_sampling_rule(RuleName="cart")
    assert 1 == len(xray.get_sampling_rules()["SamplingRuleRecords"])


def test_what_a_daemon_proxies_needs_no_signature(server: LiveServer) -> None:
    answer = httpx.post(f"{server.url}/GetSamplingRules", json={})
    assert 200 == answer.status_code
    assert "Default" == answer.json()["SamplingRuleRecords"][-1]["SamplingRule"]["RuleName"]


def test_settings_are_kept(xray: Any) -> None:
    assert {"Type": "NONE", "Status": "ACTIVE"} == xray.get_encryption_config()["EncryptionConfig"]
    put_ = xray.put_encryption_config(Type="KMS", KeyId="alias/mine")["EncryptionConfig"]
    assert put_ == xray.get_encryption_config()["EncryptionConfig"]
    with pytest.raises(ClientError, match="KeyId"):
        xray.put_encryption_config(Type="KMS")
    (rule,) = xray.get_indexing_rules()["IndexingRules"]
    assert "Default" == rule["Name"]
    xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 5}})
    (rule,) = xray.get_indexing_rules()["IndexingRules"]
    assert 5 == rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"]
    xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    assert "CloudWatchLogs" == xray.get_trace_segment_destination()["Destination"]
    xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": time.time(), "SegmentsSentCount": 3}], Hostname="h1")


def test_insights_of_a_calm_place(xray: Any) -> None:
    now = time.time()
    found = xray.get_insight_summaries(GroupName="Default", StartTime=now - 3600, EndTime=now)
    assert [] == found["InsightSummaries"]
    nobody = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    for ask in (
        lambda: xray.get_insight(InsightId=nobody),
        lambda: xray.get_insight_events(InsightId=nobody),
        lambda: xray.get_insight_impact_graph(InsightId=nobody, StartTime=now - 3600, EndTime=now),
    ):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            ask()
