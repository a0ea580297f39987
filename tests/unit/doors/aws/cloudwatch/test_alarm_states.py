"""boto3, its waiters and the aws command line drive alarms through their states; the test moves the clock."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from botocore.waiter import WaiterModel, create_waiter_with_client
from tests.unit.doors.aws.cloudwatch.conftest import AlarmWorld

TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
NAMESPACE = "states"
ABOVE_5 = {"Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
AT_ONCE = {"Delay": 0, "MaxAttempts": 2}


@pytest.fixture
def url(alarm_world: AlarmWorld, serve: Any) -> str:
    return str(serve(alarm_world.gateway))


@pytest.fixture
def client(url: str, make_client: Any) -> Any:
    return make_client(url)


def send(client: Any, world: AlarmWorld, name: str, value: float) -> None:
    client.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[{"MetricName": name, "Value": value, "Timestamp": world.clock.now_ms() / 1000}],
    )


def test_boto3s_waiters_see_alarms_that_exist_and_no_others(client: Any) -> None:
    form = {"Namespace": NAMESPACE, "MetricName": "load", "Period": 60, "Statistic": "Sum", "EvaluationPeriods": 1}
    for name, more in (("alarm_exists", {}), ("composite_alarm_exists", {"AlarmTypes": ["CompositeAlarm"]})):
        waiter = client.get_waiter(name)
        with pytest.raises(WaiterError):
            waiter.wait(AlarmNames=[f"a {name}"], WaiterConfig=AT_ONCE, **more)
    client.put_metric_alarm(AlarmName="a alarm_exists", **form, **ABOVE_5)
    client.put_composite_alarm(AlarmName="a composite_alarm_exists", AlarmRule='ALARM("a alarm_exists")')
    client.get_waiter("alarm_exists").wait(AlarmNames=["a alarm_exists"], WaiterConfig=AT_ONCE)
    client.get_waiter("composite_alarm_exists").wait(
        AlarmNames=["a composite_alarm_exists"], AlarmTypes=["CompositeAlarm"], WaiterConfig=AT_ONCE
    )
    rule = {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT1H"}}
    client.put_alarm_mute_rule(Name="nightly", Rule=rule, MuteTargets={"AlarmNames": ["a alarm_exists"]})
    client.get_waiter("alarm_mute_rule_exists").wait(AlarmMuteRuleName="nightly", WaiterConfig=AT_ONCE)


def test_a_waiter_for_states_meets_each_of_them(client: Any, alarm_world: AlarmWorld) -> None:
    """OK with the first data, ALARM while the metric is high, OK, and at last without data again."""
    client.put_metric_alarm(
        AlarmName="load",
        Namespace=NAMESPACE,
        MetricName="load",
        Period=60,
        Statistic="Average",
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        AlarmActions=[TOPIC],
        **ABOVE_5,
    )
    values = [1, 1, 9, 9, 9, 1, 1] + [None] * 6
    at = iter(range(len(values)))

    def minute() -> None:
        number = next(at)
        if values[number] is not None:
            send(client, alarm_world, "load", values[number])
        alarm_world.advance(60)

    for state in ("OK", "ALARM", "OK", "INSUFFICIENT_DATA"):
        waiter = _waiter_for(client, state, minute)
        waiter.wait(AlarmNames=["load"])
    history = client.describe_alarm_history(AlarmName="load", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [
        'Alarm "load" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        f"Successfully executed action {TOPIC}",
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]
    assert [message["actions"] for message in alarm_world.messages()] == [[], [TOPIC], [], []]


def _waiter_for(client: Any, state: str, tick: Any) -> Any:
    """A waiter of botocore's kind that polls until an alarm is in a state; a minute goes by between its polls."""
    told = {"argument": "MetricAlarms[0].StateValue", "expected": state, "matcher": "path", "state": "success"}
    waiter = {"operation": "DescribeAlarms", "delay": 0, "maxAttempts": 20, "acceptors": [told]}
    made = create_waiter_with_client("State", WaiterModel({"version": 2, "waiters": {"State": waiter}}), client)
    asking = made._operation_method

    def ask(**arguments: Any) -> Any:
        tick()
        return asking(**arguments)

    made._operation_method = ask
    return made


def aws(url: str, command: str) -> Any:
    """What the aws command line of this environment answers to a command of `aws cloudwatch`."""
    words = [Path(sys.executable).with_name("aws"), "cloudwatch", *shlex.split(command), "--endpoint-url", url]
    given = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        [*words, "--output", "json"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def test_the_aws_command_line_drives_an_alarm(url: str, alarm_world: AlarmWorld) -> None:
    aws(
        url,
        "put-metric-alarm --alarm-name busy --namespace states --metric-name busy --period 10 --statistic Maximum"
        " --evaluation-periods 1 --threshold 90 --comparison-operator GreaterThanThreshold"
        f" --treat-missing-data notBreaching --alarm-actions {TOPIC} --ok-actions {TOPIC}",
    )
    aws(url, "wait alarm-exists --alarm-names busy")

    def state() -> str:
        [found] = aws(url, "describe-alarms --alarm-names busy")["MetricAlarms"]
        return str(found["StateValue"])

    assert state() == "INSUFFICIENT_DATA"
    alarm_world.advance(20)
    assert state() == "OK"
    now_s = alarm_world.clock.now_ms() / 1000
    aws(url, f"put-metric-data --namespace states --metric-name busy --value 95 --timestamp {now_s}")
    alarm_world.advance(15)
    assert state() == "ALARM"
    aws(url, "set-alarm-state --alarm-name busy --state-value OK --state-reason 'by hand'")
    assert state() == "OK"
    alarm_world.advance(10)
    assert state() == "ALARM"
    alarm_world.advance(60)
    assert state() == "OK"
    items = aws(url, "describe-alarm-history --alarm-name busy --history-item-type StateUpdate")["AlarmHistoryItems"]
    assert len(items) == 5
    aws(url, "delete-alarms --alarm-names busy")
    assert aws(url, "describe-alarms")["MetricAlarms"] == []
