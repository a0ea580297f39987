"""boto3's Contributor Insights over log events, and rules in metric math."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.doors.aws.conftest import World

from boto_in_process import client
from gates import open_gate
from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import ManualClock, SystemClock, to_datetime
from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.service import build
from trimtab.doors.aws.cloudwatch.tags import EveryTagged, named_exist
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.wiring.insight_rules import RuleMetrics

NOW = 1_764_072_000_000
WHERE = ("123456789012", "us-east-1")
RULE = json.dumps(
    {"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["/api"], "LogFormat": "JSON",
     "Contribution": {"Keys": ["$.ip"], "ValueOf": "$.bytes"}, "AggregateOn": "Sum"}
)  # fmt: skip
EVENTS = [(0, "a", 5), (1, "a", 7), (30, "b", 3), (90, "b", 40), (130, "c", 1)]


@pytest.fixture
def api(engine: Telemetry, state: State, tmp_path: Path) -> Iterator[Any]:
    """CloudWatch's client over a log of five events."""
    engine.command("TRUNCATE TABLE log_events")
    clock = ManualClock(NOW + 600_000)
    log = IngestLog(tmp_path / "log", engine, SystemClock())
    log.open()
    logs = LogsRoom.of(engine, state, log, clock, open_gate())
    asyncio.run(_fill(logs))
    world, contributors = World(clock=clock), logs.contributors
    evaluator = Evaluator(world.reader, world.registry, clock, NoBands(), rules=RuleMetrics(contributors))
    tags = AlarmTags(state)
    tagged = EveryTagged(tags, (named_exist(contributors.store.get, "insight-rule"),))
    rooms = replace(world.rooms, contributors=contributors, evaluator=evaluator, tagged=tagged)
    yield client(build(rooms), clock, "us-east-1")
    log.close()


async def _fill(logs: LogsRoom) -> None:
    group, (stream,) = await logs.groups.ensure(*WHERE, "/api", ["s"])
    events = [LogEvent(NOW + 1000 * at, json.dumps({"ip": ip, "bytes": size})) for at, ip, size in EVENTS]
    await logs.ingest.write([LogBatch(group, stream, events)])
    assert await logs.reader.fresh(8)


def ask(api: Any, **more: Any) -> Any:
    span = {"StartTime": to_datetime(NOW), "EndTime": to_datetime(NOW + 180_000), "Period": 60}
    return api.get_insight_rule_report(**{"RuleName": "bytes", **span, **more})


def test_a_rule_is_put_reported_and_deleted(api: Any) -> None:
    api.put_insight_rule(RuleName="bytes", RuleDefinition=RULE, Tags=[{"Key": "team", "Value": "web"}])
    found = ask(api, Metrics=["UniqueContributors", "Sum", "Average"], MaxContributorCount=2)
    assert (["$.ip"], "Sum", 56.0, 3) == (
        found["KeyLabels"], found["AggregationStatistic"], found["AggregateValue"], found["ApproximateUniqueCount"]
    )  # fmt: skip
    assert [(one["Keys"], one["ApproximateAggregateValue"]) for one in found["Contributors"]] == [
        (["b"], 43.0), (["a"], 12.0)
    ]  # fmt: skip
    assert [one["ApproximateValue"] for one in found["Contributors"][0]["Datapoints"]] == [3.0, 40.0]
    shown = [(one["UniqueContributors"], one["Sum"], one["Average"]) for one in found["MetricDatapoints"]]
    assert shown == [(2.0, 15.0, 5.0), (1.0, 40.0, 40.0), (1.0, 1.0, 1.0)]
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:insight-rule/bytes"
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "web"}]
    assert api.delete_insight_rules(RuleNames=["bytes"])["Failures"] == []
    with pytest.raises(ClientError, match="does not exist") as missing:
        ask(api)
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_report_has_a_point_for_every_period_that_it_touches(api: Any) -> None:
    counted = {**json.loads(RULE), "AggregateOn": "Count", "Contribution": {"Keys": ["$.ip"]}}
    api.put_insight_rule(RuleName="bytes", RuleDefinition=json.dumps(counted))
    metrics = ["UniqueContributors", "Sum", "Maximum"]
    within = {"StartTime": to_datetime(NOW - 90_000), "EndTime": to_datetime(NOW + 90_001), "Period": 60}
    found = ask(api, **within, Metrics=metrics)
    assert "SampleCount" == found["AggregationStatistic"]
    shown = [[one.get(name) for name in ("Timestamp", *metrics)] for one in found["MetricDatapoints"]]
    assert [
        [to_datetime(NOW - 120_000), 0.0, 0.0, None],
        [to_datetime(NOW - 60_000), 0.0, 0.0, None],
        [to_datetime(NOW), 2.0, 3.0, 1.0],
        [to_datetime(NOW + 60_000), 1.0, 1.0, 1.0],
    ] == shown


def test_rules_are_listed_by_pages_and_switched(api: Any) -> None:
    for name in ("c", "a", "b"):
        api.put_insight_rule(RuleName=name, RuleDefinition=RULE, RuleState="DISABLED")
    first = api.describe_insight_rules(MaxResults=2)
    assert [(one["Name"], one["State"]) for one in first["InsightRules"]] == [("a", "DISABLED"), ("b", "DISABLED")]
    assert {"CloudWatchLogRule/1"} == {one["Schema"] for one in first["InsightRules"]}
    assert [one["Name"] for one in api.describe_insight_rules(NextToken=first["NextToken"])["InsightRules"]] == ["c"]
    failures = api.enable_insight_rules(RuleNames=["a", "x"])["Failures"]
    assert [(one["FailureResource"], one["ExceptionType"]) for one in failures] == [("x", "ResourceNotFoundException")]
    assert [one["State"] for one in api.describe_insight_rules()["InsightRules"]] == ["ENABLED", "DISABLED", "DISABLED"]
    api.disable_insight_rules(RuleNames=["a"])
    assert api.describe_insight_rules()["InsightRules"][0]["State"] == "DISABLED"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("put_insight_rule", {"RuleName": "r", "RuleDefinition": "{}"}),
        ("put_insight_rule", {"RuleName": "r", "RuleDefinition": RULE, "RuleState": "ON"}),
        ("get_insight_rule_report", {"OrderBy": "Minimum"}),
        ("get_insight_rule_report", {"Metrics": ["p99"]}),
        ("get_insight_rule_report", {"MaxContributorCount": 101}),
        ("get_insight_rule_report", {"Period": 90}),
    ],
)
def test_what_is_wrong_has_the_documented_code(api: Any, call: str, arguments: dict[str, Any]) -> None:
    api.put_insight_rule(RuleName="bytes", RuleDefinition=RULE)
    with pytest.raises(ClientError) as wrong:
        ask(api, **arguments) if call.startswith("get") else getattr(api, call)(**arguments)
    assert wrong.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_metric_math_reads_rules(api: Any) -> None:
    api.put_insight_rule(RuleName="bytes", RuleDefinition=RULE)
    queries = [
        {"Id": "e1", "Expression": "INSIGHT_RULE_METRIC('bytes', 'Sum')", "Period": 60},
        {"Id": "e2", "Expression": "e1 / INSIGHT_RULE_METRIC('bytes', 'UniqueContributors')", "Period": 60},
        {"Id": "e3", "Expression": "INSIGHT_RULE_METRIC('absent', 'Sum')", "Period": 60},
    ]
    found = api.get_metric_data(
        MetricDataQueries=queries, StartTime=to_datetime(NOW), EndTime=to_datetime(NOW + 180_000),
        ScanBy="TimestampAscending",
    )["MetricDataResults"]  # fmt: skip
    assert [one["Values"] for one in found] == [[15.0, 40.0, 1.0], [7.5, 40.0, 1.0], []]
    with pytest.raises(ClientError, match="expected one of UniqueContributors"):
        api.get_metric_data(
            MetricDataQueries=[{"Id": "e1", "Expression": "INSIGHT_RULE_METRIC('bytes', 'p99')"}],
            StartTime=to_datetime(NOW), EndTime=to_datetime(NOW + 180_000),
        )  # fmt: skip
