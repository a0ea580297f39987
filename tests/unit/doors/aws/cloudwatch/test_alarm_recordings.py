"""Alarms answer as AWS was recorded to: the same members, defaults, reasons, notifications and error codes."""

from typing import Any

import pytest
from tests.unit.doors.aws.cloudwatch.conftest import AlarmWorld
from tests.unit.doors.aws.cloudwatch.recorded import assert_like, recorded

PROTOCOLS = ("query", "json", "smithy-rpc-v2-cbor")
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
ABOVE = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
SIMPLE = {"Namespace": "recorded/ns", "Statistic": "Sum", "Period": 60, "Threshold": 30, **ABOVE}
_ONLY_IN_EVENTS = {"actions", "NewStateReasonData", "OldStateReason", "OldStateReasonData", "OldStateTime"}


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, alarm_world: AlarmWorld, serve: Any, make_client: Any) -> Any:
    return make_client(serve(alarm_world.gateway), protocol=request.param)


def test_describe_alarms_converts_date_format_correctly(client: Any) -> None:
    expected = recorded("test_describe_alarms_converts_date_format_correctly")
    client.put_metric_alarm(AlarmName="a", MetricName="m", **SIMPLE)
    assert_like(expected["describe-alarms"], client.describe_alarms(AlarmNames=["a"]))


def test_store_tags(client: Any) -> None:
    expected = recorded("test_store_tags")
    put = client.put_metric_alarm(AlarmName="a", MetricName="store_tags", **SIMPLE)
    assert_like(expected["put_metric_alarm"], put)
    described = client.describe_alarms(AlarmNames=["a"])
    assert_like(expected["describe_alarms"], described)
    arn = described["MetricAlarms"][0]["AlarmArn"]
    assert_like(expected["list_tags_for_resource_empty "], client.list_tags_for_resource(ResourceARN=arn))
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "tag1", "Value": "foo"}, {"Key": "tag2", "Value": "bar"}])
    assert_like(expected["list_tags_for_resource"], client.list_tags_for_resource(ResourceARN=arn))
    client.untag_resource(ResourceARN=arn, TagKeys=["tag1"])
    assert_like(expected["list_tags_for_resource_post_untag"], client.list_tags_for_resource(ResourceARN=arn))


def test_put_metric_alarm_escape_character(client: Any) -> None:
    expected = recorded("test_put_metric_alarm_escape_character")
    other = "arn:aws:sns:us-east-1:111122223333:MyTopic"
    form = {**SIMPLE, "Period": 600, "Threshold": 1, "ActionsEnabled": True}
    client.put_metric_alarm(AlarmName="a", MetricName="m", AlarmDescription="<", AlarmActions=[other], **form)
    described = client.describe_alarms(AlarmNames=["a"])
    assert_like(expected["describe-alarms-escaped-character"], described)
    assert described["MetricAlarms"][0]["AlarmDescription"] == "<"


def test_trigger_composite_alarm(client: Any, alarm_world: AlarmWorld) -> None:
    expected = recorded("test_trigger_composite_alarm")
    arns = []
    for name in ("alarm-1", "alarm-2"):
        client.put_metric_alarm(AlarmName=name, MetricName="CPUUtilization", **SIMPLE)
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="resetting")
        arns.append(client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"])
    put = client.put_composite_alarm(
        AlarmName="both",
        AlarmDescription="composite alarm description",
        AlarmRule=f'ALARM("{arns[0]}") OR ALARM("{arns[1]}")',
        OKActions=[TOPIC],
        AlarmActions=[TOPIC],
    )
    assert_like(expected["put-composite-alarm"], put)
    steps = {
        "composite-alarm-in-alarm-when-alarm-1-is-in-alarm": [("alarm-1", "ALARM")],
        "composite-alarm-in-ok-when-alarm-1-is-back-to-ok": [("alarm-1", "OK")],
        "composite-alarm-in-alarm-when-alarm-2-is-in-alarm": [("alarm-2", "ALARM")],
        "composite-alarm-in-ok-when-alarm-2-is-back-to-ok": [("alarm-2", "OK")],
        "composite-alarm-is-triggered-by-alarm-1-and-then-unchanged-by-alarm-2": [
            ("alarm-1", "ALARM"),
            ("alarm-2", "ALARM"),
        ],
    }
    for step, states in steps.items():
        for name, state in states:
            client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="trigger")
        [found] = client.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        assert_like(expected[step], found, step)


def test_enable_disable_alarm_actions(client: Any, alarm_world: AlarmWorld) -> None:
    expected = recorded("test_enable_disable_alarm_actions")
    client.put_metric_alarm(
        AlarmName="a",
        AlarmDescription="testing cloudwatch alarms",
        MetricName="my-metric101",
        Namespace="recorded/ns",
        Period=10,
        Threshold=2,
        Dimensions=[{"Name": "InstanceId", "Value": "abc"}],
        Unit="Seconds",
        Statistic="Average",
        OKActions=[TOPIC],
        AlarmActions=[TOPIC],
        EvaluationPeriods=2,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )

    def described(key: str) -> None:
        assert_like(expected[key], client.describe_alarms(AlarmNames=["a"]), key)

    described("describe_alarm")
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="testing alarm")
    described("alarm-state-describe")
    [told] = alarm_world.messages()
    message = {name: value for name, value in told.items() if name not in _ONLY_IN_EVENTS}
    message.pop("ActionExecutedAfterMuteWindow")  # added after this one was recorded; the next test has it
    assert_like(expected["alarm-state-sqs-msg"], message)
    client.disable_alarm_actions(AlarmNames=["a"])
    client.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="testing OK state")
    described("describe_alarm_disabled")
    described("ok-state-action-disabled-describe")
    assert alarm_world.messages()[-1]["actions"] == []
    client.enable_alarm_actions(AlarmNames=["a"])
    described("describe_alarm_enabled")


def test_delete_alarm(client: Any) -> None:
    expected = recorded("test_delete_alarm")
    client.put_metric_alarm(AlarmName="a", MetricName="metric1", **SIMPLE)
    assert_like(expected["describe-alarm"], client.describe_alarms(AlarmNames=["a"]))
    assert_like(expected["delete-alarm"], client.delete_alarms(AlarmNames=["a"]))
    assert_like(expected["describe-after-delete"], client.describe_alarms(AlarmNames=["a"]))


def test_put_metric_alarm(client: Any, alarm_world: AlarmWorld) -> None:
    expected = recorded("test_put_metric_alarm")
    dimensions = [{"Name": "InstanceId", "Value": "abc"}]
    client.put_metric_alarm(
        AlarmName="a",
        AlarmDescription="testing cloudwatch alarms",
        MetricName="my-metric1",
        Namespace="recorded/ns",
        ActionsEnabled=True,
        Period=10,
        Threshold=21,
        Dimensions=dimensions,
        Unit="Seconds",
        Statistic="Average",
        OKActions=[TOPIC],
        AlarmActions=[TOPIC],
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    assert_like(expected["describe-alarm"], client.describe_alarms(AlarmNames=["a"]))
    at = alarm_world.clock.now_ms() / 1000
    datum = {"MetricName": "my-metric1", "Dimensions": dimensions, "Unit": "Seconds", "Timestamp": at}
    data = [{**datum, "Value": value} for value in (21, 22)]
    client.put_metric_data(Namespace="recorded/ns", MetricData=data)
    alarm_world.advance(20)
    [told] = alarm_world.messages()
    message = {name: value for name, value in told.items() if name not in _ONLY_IN_EVENTS}
    assert_like(expected["alarm-triggered-sqs-msg"], message)
    history = client.describe_alarm_history(AlarmName="a", HistoryItemType="StateUpdate")
    assert_like(expected["describe-alarm-history"], history)
    on_metric = client.describe_alarms_for_metric(
        MetricName="my-metric1", Namespace="recorded/ns", Dimensions=dimensions, Statistic="Average"
    )
    assert_like(expected["describe-alarms-for-metric"], on_metric)
