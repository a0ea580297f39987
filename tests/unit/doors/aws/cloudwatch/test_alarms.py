"""Operations on alarms: what is refused with which code, what is found, and what an update keeps."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.doors.aws.cloudwatch.conftest import AlarmWorld

NAMESPACE = "ops"
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
METRIC: dict[str, Any] = {
    "Namespace": NAMESPACE,
    "MetricName": "load",
    "Period": 60,
    "Statistic": "Average",
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STAT = {"Metric": {"Namespace": NAMESPACE, "MetricName": "load"}, "Period": 60, "Stat": "Average"}
JUDGED = {name: METRIC[name] for name in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
OUTSIDE = "LessThanLowerOrGreaterThanUpperThreshold"
PROMQL = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}
LOG: dict[str, Any] = {
    "AlarmName": "errors",
    "ScheduledQueryConfiguration": {
        "QueryString": "filter @message like /ERROR/",
        "LogGroupIdentifiers": ["app"],
        "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/query",
        "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
        "AggregationExpression": "count(*)",
    },
    "QueryResultsToEvaluate": 3,
    "QueryResultsToAlarm": 2,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def client(alarm_world: AlarmWorld, serve: Any, make_client: Any) -> Any:
    return make_client(serve(alarm_world.gateway))


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**METRIC, **changes}.items() if name not in names}


def refused(operation: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        operation(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (without("Namespace"), "Namespace"),
        (without("Period"), "Period"),
        (without("Statistic"), "Statistic"),
        (without(ExtendedStatistic="p99"), "Statistic"),
        (without("Statistic", ExtendedStatistic="p101"), "ExtendedStatistic"),
        (without("ComparisonOperator"), "ComparisonOperator"),
        (without("EvaluationPeriods"), "EvaluationPeriods"),
        (without("Threshold"), "Threshold"),
        (without("MetricName", "Namespace", "Statistic", "Period"), "MetricName"),
        (without(Period=45), "Period must be 10, 20, 30 or a multiple of 60"),
        (without(Period=3600, EvaluationPeriods=169), "seven days"),
        (without(Period=1800, EvaluationPeriods=49), "a day"),
        (without(DatapointsToAlarm=2), "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),
        (without(TreatMissingData="never"), "TreatMissingData"),
        (without(EvaluateLowSampleCountPercentile="maybe"), "EvaluateLowSampleCountPercentile"),
        (without(AlarmActions=["pager"]), "arn"),
        (without(AlarmActions=[TOPIC, TOPIC]), "duplicates"),
        (without(ComparisonOperator=OUTSIDE), "ThresholdMetricId"),
        (without(EvaluationInterval=60), "EvaluationInterval"),
        (without(EvaluationWindow={"WallClockWindow": {"Timezone": "Mars"}}), "Timezone"),
        (without(Period=600, EvaluationWindow={"WallClockWindow": {}}), "WallClockWindow"),
        ({**JUDGED, "Metrics": [{"Id": "m1", "MetricStat": STAT}, {"Id": "m2", "MetricStat": STAT}]}, "ReturnData"),
        ({**JUDGED, "Metrics": [{"Id": "m1", "MetricStat": {**STAT, "Metric": {"Namespace": "N"}}}]}, "MetricName"),
        ({**JUDGED, "Metrics": [{"Id": "e1", "Expression": "m9 * 2", "Period": 60}]}, "m9"),
        ({**JUDGED, "Metrics": [{"Id": "e1", "Expression": "SEARCH('x', 'Sum', 60)", "Period": 60}]}, "SEARCH"),
        ({**JUDGED, "Metrics": [{"Id": "m1", "MetricStat": STAT}], "Namespace": "N"}, "mutually exclusive"),
        ({**PROMQL, "Threshold": 1.0}, "mutually exclusive"),
        ({**PROMQL, "EvaluationInterval": 45}, "EvaluationInterval"),
        ({"EvaluationCriteria": PROMQL["EvaluationCriteria"]}, "EvaluationInterval"),
        ({**PROMQL, "EvaluationCriteria": {"PromQLCriteria": {"Query": "up ==="}}}, "parse error"),
        ({**PROMQL, "EvaluationCriteria": {"PromQLCriteria": {"Query": "up[5m]"}}}, "instant vector"),
    ],
)
def test_an_alarm_that_makes_no_sense_is_refused(client: Any, form: dict[str, Any], says: str) -> None:
    code, message = refused(client.put_metric_alarm, AlarmName="a", **form)
    assert code in ("ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterCombination")
    assert says in message
    assert client.describe_alarms()["MetricAlarms"] == []


def test_an_update_keeps_the_state_and_replaces_the_definition(client: Any, alarm_world: AlarmWorld) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    client.put_metric_alarm(AlarmName="a", **METRIC, Tags=tags, AlarmDescription="first", AlarmActions=[TOPIC])
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="by hand", StateReasonData='{"x":1}')
    alarm_world.clock.advance(1)
    client.put_metric_alarm(AlarmName="a", **{**METRIC, "Threshold": 7}, Tags=[{"Key": "team", "Value": "b"}])
    [found] = client.describe_alarms()["MetricAlarms"]
    assert (found["StateValue"], found["StateReason"], found["StateReasonData"]) == ("ALARM", "by hand", '{"x":1}')
    assert (found["Threshold"], found["AlarmActions"]) == (7.0, [])
    assert "AlarmDescription" not in found
    assert found["AlarmConfigurationUpdatedTimestamp"] > found["StateUpdatedTimestamp"]
    assert client.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == tags


def test_alarms_are_found_by_every_filter_and_in_pages(client: Any) -> None:
    for name in ("a-1", "a-2", "b-1"):
        client.put_metric_alarm(AlarmName=name, **METRIC, AlarmActions=[TOPIC] if name == "a-2" else [])
    client.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a-1) OR ALARM(b-1)")
    client.set_alarm_state(AlarmName="b-1", StateValue="OK", StateReason="x")

    def names(**request: Any) -> list[str]:
        answer = client.describe_alarms(**request)
        return [one["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for one in answer[kind]]

    assert names() == ["a-1", "a-2", "b-1"]
    assert names(AlarmTypes=["CompositeAlarm", "MetricAlarm"]) == ["a-1", "a-2", "b-1", "c"]
    assert names(AlarmNamePrefix="a-") == ["a-1", "a-2"]
    assert names(AlarmNames=["b-1", "none"]) == ["b-1"]
    assert names(StateValue="OK") == ["b-1"]
    assert names(ActionPrefix="arn:aws:sns") == ["a-2"]
    assert names(ChildrenOfAlarmName="c") == ["a-1", "b-1"]
    assert names(ParentsOfAlarmName="a-1") == ["c"]
    pages = client.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 1})
    assert [one["AlarmName"] for page in pages for one in page["MetricAlarms"]] == ["a-1", "a-2", "b-1"]
    assert refused(client.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")[0] == "ValidationError"
    assert refused(client.describe_alarms, NextToken="nonsense")[0] == "InvalidNextToken"


def test_what_does_not_exist_is_said(client: Any) -> None:
    assert refused(client.set_alarm_state, AlarmName="a", StateValue="OK", StateReason="x") == ("ResourceNotFound", "")
    states = "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    assert states in refused(client.set_alarm_state, AlarmName="a", StateValue="INVALID", StateReason="x")[1]
    assert refused(client.delete_alarms, AlarmNames=["a"])[0] == "ResourceNotFound"
    assert refused(client.get_alarm_mute_rule, AlarmMuteRuleName="a")[0] == "ResourceNotFoundException"
    assert refused(client.describe_alarm_contributors, AlarmName="a")[0] == "ResourceNotFoundException"
    client.enable_alarm_actions(AlarmNames=["a"])  # passed over, as on AWS
    client.delete_alarm_mute_rule(AlarmMuteRuleName="a")


def test_a_state_by_hand_needs_data_that_are_json(client: Any) -> None:
    client.put_metric_alarm(AlarmName="a", **METRIC)
    told = {"AlarmName": "a", "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}
    assert refused(client.set_alarm_state, **told)[0] in ("InvalidFormat", "InvalidFormatFault")


def test_a_composite_alarm_needs_its_children(client: Any) -> None:
    code, message = refused(client.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(a)")
    assert (code, "alarms [a]" in message) == ("ValidationError", True)
    assert refused(client.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(")[0] == "ValidationError"
    client.put_metric_alarm(AlarmName="a", **METRIC)
    more = {"ActionsSuppressor": "a", "ActionsSuppressorWaitPeriod": 60}
    assert refused(client.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(a)", **more)[0] == "ValidationError"
    client.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)")
    code, message = refused(client.delete_alarms, AlarmNames=["a"])
    assert (code, "depending on it" in message) == ("ValidationError", True)
    client.delete_alarms(AlarmNames=["a", "c"])
    assert client.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])["MetricAlarms"] == []


def test_alarms_in_a_cycle_are_not_evaluated(client: Any) -> None:
    client.put_metric_alarm(AlarmName="a", **METRIC)
    client.put_composite_alarm(AlarmName="c1", AlarmRule="ALARM(a)")
    client.put_composite_alarm(AlarmName="c2", AlarmRule="ALARM(c1)")
    client.put_composite_alarm(AlarmName="c1", AlarmRule="ALARM(a) OR ALARM(c2)")
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    found = client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [one["StateValue"] for one in found] == ["OK", "OK"]
    client.put_composite_alarm(AlarmName="c1", AlarmRule="ALARM(a)")  # the cycle is broken: both go on
    found = client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [one["StateValue"] for one in found] == ["ALARM", "ALARM"]


def test_a_log_alarm_is_kept_and_described(client: Any) -> None:
    client.put_log_alarm(**LOG)
    client.get_waiter("log_alarm_exists").wait(
        AlarmNames=["errors"], AlarmTypes=["LogAlarm"], WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    [found] = client.describe_alarms(AlarmTypes=["LogAlarm"])["LogAlarms"]
    assert found["StateValue"] == "INSUFFICIENT_DATA"
    assert found["ScheduledQueryConfiguration"]["QueryString"] == "filter @message like /ERROR/"
    assert refused(client.put_log_alarm, **{**LOG, "QueryResultsToAlarm": 4})[0] == "ValidationError"
    assert refused(client.put_log_alarm, **{**LOG, "QueryResultsToEvaluate": 101})[0] == "ValidationError"
    assert refused(client.put_log_alarm, **{**LOG, "ActionLogLineCount": 5})[0] == "ValidationError"


def test_alarms_on_a_metric_are_those_of_exactly_it(client: Any) -> None:
    client.put_metric_alarm(AlarmName="plain", **METRIC)
    host = [{"Name": "Host", "Value": "a"}]
    client.put_metric_alarm(AlarmName="host", **METRIC, Dimensions=host)
    client.put_metric_alarm(AlarmName="math", **JUDGED, Metrics=[{"Id": "m1", "MetricStat": STAT}])

    def names(**request: Any) -> list[str]:
        answer = client.describe_alarms_for_metric(Namespace=NAMESPACE, MetricName="load", **request)
        return [one["AlarmName"] for one in answer["MetricAlarms"]]

    assert names() == ["plain"]
    assert names(Dimensions=host) == ["host"]
    assert names(Statistic="Sum") == []
    assert names(Period=60, Statistic="Average") == ["plain"]


def test_mute_rules_are_listed_with_what_they_do_now(client: Any) -> None:
    client.put_metric_alarm(AlarmName="a", **METRIC)
    daily = {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT1H", "Timezone": "Europe/Berlin"}}
    past = {"Schedule": {"Expression": "at(2020-01-01T00:00)", "Duration": "PT1H"}}
    client.put_alarm_mute_rule(Name="daily", Rule=daily, MuteTargets={"AlarmNames": ["a"]})
    client.put_alarm_mute_rule(Name="past", Rule=past, MuteTargets={"AlarmNames": ["b"]})
    found = client.get_alarm_mute_rule(AlarmMuteRuleName="daily")
    assert (found["Status"], found["MuteType"], found["Rule"]) == ("SCHEDULED", "RECURRING", daily)

    def names(**request: Any) -> list[str]:
        answer = client.list_alarm_mute_rules(**request)
        return [one["AlarmMuteRuleArn"].rpartition(":")[2] for one in answer["AlarmMuteRuleSummaries"]]

    assert names() == ["daily", "past"]
    assert names(Statuses=["EXPIRED"]) == ["past"]
    assert names(AlarmName="a") == ["daily"]
    assert names(MaxRecords=1) == ["daily"]
    client.delete_alarm_mute_rule(AlarmMuteRuleName="past")
    assert names() == ["daily"]


def test_tags_go_with_notifications_where_asked(client: Any, alarm_world: AlarmWorld) -> None:
    tags = [{"Key": key, "Value": key.upper()} for key in ("team", "env", "secret")]
    propagation = {"AlarmTagsPropagation": {"Enabled": True, "ExcludedTagKeys": ["secret"]}}
    client.put_metric_alarm(AlarmName="a", **METRIC, Tags=tags, ActionConfiguration=propagation)
    client.put_metric_alarm(AlarmName="b", **METRIC, Tags=tags)
    for name in ("a", "b"):
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="x")
    told = {message["AlarmName"]: message.get("Tags") for message in alarm_world.messages()}
    assert told == {"a": {"team": "TEAM", "env": "ENV"}, "b": None}


def test_a_definition_too_long_for_history_is_left_out_whole(client: Any) -> None:
    expression = " + ".join(["m1"] * 400)
    metrics = [
        {"Id": "m1", "MetricStat": STAT, "ReturnData": False},
        *({"Id": f"e{number}", "Expression": expression, "ReturnData": number == 0} for number in range(3)),
    ]
    client.put_metric_alarm(AlarmName="long", **JUDGED, Metrics=metrics)
    [item] = client.describe_alarm_history(AlarmName="long")["AlarmHistoryItems"]
    assert json.loads(item["HistoryData"])["createdAlarm"] == {"alarmName": "long", "truncated": True}
