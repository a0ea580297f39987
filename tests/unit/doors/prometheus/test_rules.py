"""Alarms as Prometheus' rules and alerts."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule, Scope
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import ManualClock
from trimtab.doors.prometheus.rules import routes
from trimtab.store.state.database import State
from trimtab.store.state.tables import alarms

NOW_MS = 1_795_600_000_000
ACCOUNT, REGION = "123456789012", "us-east-1"
METRIC: dict[str, Any] = {
    "Namespace": "gpu",
    "MetricName": "Busy",
    "Dimensions": [{"Name": "Host", "Value": "a"}],
    "Period": 60,
    "Statistic": "Average",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 90.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmDescription": "too hot",
}
PROMQL = {
    "EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 120, "RecoveryPeriod": 60}},
    "EvaluationInterval": 10,
}


class Scoped:
    """Puts a principal with a scope into every request, as the guard does."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.scope = Scope()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"principal": Principal("test", None, Role.READ, self.scope)}
        await self.app(scope, receive, send)


class Door:
    """The routes over a room with three alarms."""

    def __init__(self, directory: Path) -> None:
        self.database = State.open("", directory)
        self.room = AlarmRoom.of(self.database, ManualClock(NOW_MS))
        self.app = Scoped(Starlette(routes=routes(self.room.listing)))
        self.client = AsgiClient(self.app)
        self.put(AlarmKind.METRIC, "busy", METRIC, {"team": "vision", "cost center": "7"})
        self.put(AlarmKind.COMPOSITE, "all", {"AlarmRule": "ALARM(busy)"}, {"team": "ops"})
        self.put(AlarmKind.PROMQL, "down", PROMQL, {})

    def put(self, kind: AlarmKind, name: str, form: dict[str, Any], tags: dict[str, str]) -> None:
        asyncio.run(self.room.store.put(kind, AlarmKey(ACCOUNT, REGION, name), form, tags))

    def set(self, name: str, state: StateValue, data: str | None = None) -> None:
        asyncio.run(self.room.store.set_state(AlarmKey(ACCOUNT, REGION, name), state, "because", data))

    def rules(self, query: str = "") -> dict[str, dict[str, Any]]:
        answer = self.client.get(f"/api/v1/rules{query}")
        assert answer.status_code == 200, answer.text
        groups = answer.json()["data"]["groups"]
        return {rule["name"]: {**rule, "group": group} for group in groups for rule in group["rules"]}

    def alerts(self) -> list[dict[str, Any]]:
        return list(self.client.get("/api/v1/alerts").json()["data"]["alerts"])


@pytest.fixture
def door(tmp_path: Path) -> Any:
    made = Door(tmp_path)
    yield made
    made.database.close()


def test_every_alarm_is_a_rule_with_prometheus_members(door: Door) -> None:
    rule = door.rules()["busy"]
    group = rule.pop("group")
    assert {name: value for name, value in group.items() if name != "rules"} == {
        "name": "metric alarms",
        "file": "123456789012/us-east-1",
        "interval": 60,
        "limit": 0,
        "evaluationTime": 0,
        "lastEvaluation": "2026-11-25T09:46:40Z",
    }
    assert rule == {
        "type": "alerting",
        "name": "busy",
        "query": 'avg_over_time({"Busy", namespace="gpu", Host="a"}[60s]) > 90',
        "duration": 60,
        "keepFiringFor": 0,
        "labels": {
            "team": "vision",
            "cost_center": "7",
            "Host": "a",
            "namespace": "gpu",
            "metric": "Busy",
            "account": ACCOUNT,
            "region": REGION,
            "kind": "metric",
        },
        "annotations": {
            "description": "too hot",
            "summary": "Unchecked: Initial alarm creation",
            "arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:busy",
        },
        "state": "inactive",
        "alerts": [],
        "health": "unknown",
        "evaluationTime": 0,
        "lastEvaluation": "2026-11-25T09:46:40Z",
    }


def test_an_alarm_in_alarm_fires(door: Door) -> None:
    door.set("busy", StateValue.ALARM, json.dumps({"recentDatapoints": [3.0, 95.25]}))
    assert {name: rule["state"] for name, rule in door.rules().items()} == {
        "busy": "firing",
        "all": "firing",
        "down": "inactive",
    }
    alerts = {alert["labels"]["alertname"]: alert for alert in door.alerts()}
    assert set(alerts) == {"busy", "all"}
    assert alerts["busy"]["value"] == "9.525e+01"
    assert alerts["busy"]["activeAt"] == "2026-11-25T09:46:40Z"
    assert alerts["busy"]["annotations"]["summary"] == "because"
    assert door.rules("?exclude_alerts=true")["busy"]["alerts"] == []


def test_the_contributors_of_a_promql_alarm_are_alerts_of_their_own(door: Door) -> None:
    contributors = {
        "a": {"attributes": {"instance": "a"}, "state": "ALARM", "changed_ms": NOW_MS, "breaching_ms": NOW_MS - 60_000},
        "b": {"attributes": {"instance": "b"}, "state": "OK", "changed_ms": NOW_MS, "breaching_ms": NOW_MS},
    }
    row = alarms.update().where(alarms.c.name == "down").values(contributors=json.dumps(contributors))
    door.database.change_sync(lambda connection: connection.execute(row))
    rule = door.rules()["down"]
    assert (rule["query"], rule["duration"], rule["keepFiringFor"], rule["state"]) == ("up == 0", 120, 60, "firing")
    assert [(alert["labels"]["instance"], alert["state"], alert["activeAt"]) for alert in door.alerts()] == [
        ("a", "firing", "2026-11-25T09:45:40Z"),
        ("b", "pending", "2026-11-25T09:46:40Z"),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?type=alert", {"busy", "all", "down"}),
        ("?type=record", set()),
        ("?rule_name[]=busy&rule_name[]=down", {"busy", "down"}),
        ("?rule_group[]=composite%20alarms", {"all"}),
        ("?file[]=999999999999/us-east-1", set()),
        ('?match[]={team="vision"}', {"busy"}),
        ('?match[]={kind=~"metric|promql"}', {"busy", "down"}),
    ],
)
def test_rules_are_filtered_as_prometheus_does(door: Door, query: str, names: set[str]) -> None:
    assert set(door.rules(query)) == names


def test_a_selector_that_is_none_is_refused(door: Door) -> None:
    answer = door.client.get("/api/v1/rules?match[]={")
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope.of(ACCOUNT, REGION), {"busy", "all", "down"}),
        (Scope.of("999999999999", REGION), set()),
        (Scope.of(ACCOUNT, "eu-west-1"), set()),
        (Scope(rows=(RowRule("team", frozenset({"vision"})),)), {"busy"}),
    ],
)
def test_a_caller_sees_what_its_scope_has(door: Door, scope: Scope, names: set[str]) -> None:
    door.app.scope = scope
    assert set(door.rules()) == names
