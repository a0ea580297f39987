"""Alarms of every kind on a live server, in real time: ten-second periods, the jobs process, the real engine."""

import datetime as dt
import threading
import time
import uuid
from typing import Any

import httpx
import pytest
from tests.wire.aws.test_cloudwatch import client_of

from live_server import LiveServer

pytestmark = [pytest.mark.wire, pytest.mark.slow]
ABOVE = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
WAIT_S = 75  # a slow machine; three evaluations are thirty seconds


@pytest.fixture
def client(server: LiveServer) -> Any:
    return client_of(server.url)


def definitions(namespace: str) -> dict[str, dict[str, Any]]:
    """Alarms that go into ALARM when the host `a` of a namespace is busy, by kind."""
    host = [{"Name": "Host", "Value": "a"}]
    metric = {"Namespace": namespace, "MetricName": "busy", "Dimensions": host}
    math = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 10, "Stat": "Average"}, "ReturnData": False},
        {"Id": "e1", "Expression": "m1 * 2"},
    ]
    select = f'SELECT MAX(busy) FROM "{namespace}" GROUP BY Host ORDER BY MAX() DESC'
    promql = f'{{"busy", namespace="{namespace}"}} > 5'
    return {
        "metric": {**metric, **ABOVE, "Period": 10, "Statistic": "Maximum"},
        "percentile": {**metric, **ABOVE, "Period": 10, "ExtendedStatistic": "p90"},
        "math": {**ABOVE, "Metrics": math},
        "insights": {**ABOVE, "Metrics": [{"Id": "q1", "Expression": select, "Period": 10}]},
        "promql": {"EvaluationCriteria": {"PromQLCriteria": {"Query": promql}}, "EvaluationInterval": 10},
    }


def send(client: Any, namespace: str) -> None:
    now = dt.datetime.now(dt.UTC)
    data = [
        {"MetricName": "busy", "Dimensions": [{"Name": "Host", "Value": host}], "Value": value, "Timestamp": now}
        for host, value in (("a", 9.0), ("b", 1.0))
    ]
    client.put_metric_data(Namespace=namespace, MetricData=data)


def test_every_kind_of_alarm_sees_a_busy_host(client: Any, server: LiveServer) -> None:
    unique = uuid.uuid4().hex[:8]
    namespace = f"wire/{unique}"
    kinds = definitions(namespace)
    for kind, form in kinds.items():
        client.put_metric_alarm(AlarmName=f"{unique}-{kind}", **form)
    rule = f"AT_LEAST({len(kinds)}, ALARM, ({', '.join(f'{unique}-{kind}' for kind in kinds)}))"
    client.put_composite_alarm(AlarmName=f"{unique}-all", AlarmRule=rule)
    deadline = time.monotonic() + WAIT_S
    states: dict[str, str] = {}
    while time.monotonic() < deadline:
        send(client, namespace)
        answer = client.describe_alarms(AlarmNamePrefix=unique, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
        states = {one["AlarmName"].removeprefix(f"{unique}-"): one["StateValue"] for one in found}
        if set(states.values()) == {"ALARM"}:
            break
        threading.Event().wait(1)
    assert states == dict.fromkeys([*kinds, "all"], "ALARM")
    for kind, attributes in (("insights", {"Host": "a"}), ("promql", {"Host": "a", "__name__": "busy"})):
        [one] = client.describe_alarm_contributors(AlarmName=f"{unique}-{kind}")["AlarmContributors"]
        assert attributes.items() <= one["ContributorAttributes"].items()
    firing = httpx.get(f"{server.url}/api/v1/alerts").json()["data"]["alerts"]
    mine = {one["labels"]["alertname"] for one in firing if one["labels"]["alertname"].startswith(unique)}
    assert mine == {f"{unique}-{name}" for name in states}
    client.delete_alarms(AlarmNames=[f"{unique}-all"])
    client.delete_alarms(AlarmNames=[f"{unique}-{kind}" for kind in kinds])
