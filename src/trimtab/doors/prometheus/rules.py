"""Alarms as Prometheus lists rules and alerts, so that Grafana and Prometheus' own tools show them.

    GET /api/v1/rules     groups of alerting rules: a group for each kind of alarm, a "file" for each account and region
    GET /api/v1/alerts    the alerts that are pending or firing: alarms in ALARM, or each of their contributors

ALARM is `firing`, a contributor that waits for its pending period `pending`, everything else `inactive`; a rule's
health is `unknown` where data are missing. Source: Prometheus documentation, "HTTP API", "Rules" and "Alerts".
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.alarms.book import cadence_of
from trimtab.alarms.contributors import Contributor, read
from trimtab.alarms.form import read_alarm
from trimtab.alarms.listing import AlarmListing, Listed, Listing
from trimtab.alarms.model import Alarm, AlarmKind, MetricAlarm, PromQLAlarm, StateValue
from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import TrimtabError
from trimtab.doors.prometheus.query import PREFIX, failure
from trimtab.doors.prometheus.query_params import Parameters
from trimtab.doors.prometheus.rule_text import query_of, scientific
from trimtab.doors.roles import DoorRoute
from trimtab.metrics.promql.language.syntax import Matcher
from trimtab.metrics.promql.matchers import predicate

_LABEL = re.compile(r"[^A-Za-z0-9_]")
_GROUPS = {
    AlarmKind.METRIC: "metric alarms",
    AlarmKind.PROMQL: "PromQL alarms",
    AlarmKind.BURN_RATE: "burn-rate alarms",
    AlarmKind.LOG: "log alarms",
    AlarmKind.COMPOSITE: "composite alarms",
}


def routes(listing: AlarmListing) -> list[BaseRoute]:
    """The routes of both lists."""
    door = _Rules(listing)
    return [
        DoorRoute(f"{PREFIX}/rules", door.rules, Role.READ, bound=True, methods=["GET"]),
        DoorRoute(f"{PREFIX}/alerts", door.alerts, Role.READ, bound=True, methods=["GET"]),
    ]


class _Rule(Struct, frozen=True):
    """One alarm as a rule, and where it is listed."""

    file: str
    group: str
    interval_s: int
    body: dict[str, Any]


class _Rules:
    def __init__(self, listing: AlarmListing) -> None:
        self._listing = listing

    async def rules(self, request: Request) -> Response:
        """Every alarm, in groups; by name, group, file or labels where asked."""
        try:
            asked = _Asked.of(await Parameters.of(request))
            rules = await self._read(request)
        except TrimtabError as problem:
            return failure(problem)
        groups: dict[tuple[str, str], list[_Rule]] = {}
        for rule in rules:
            if asked.wants(rule):
                groups.setdefault((rule.file, rule.group), []).append(rule)
        return _success({"groups": [_group(key, groups[key], asked) for key in sorted(groups)]})

    async def alerts(self, request: Request) -> Response:
        """What is pending or firing now."""
        try:
            rules = await self._read(request)
        except TrimtabError as problem:
            return failure(problem)
        return _success({"alerts": [alert for rule in rules for alert in rule.body["alerts"]]})

    async def _read(self, request: Request) -> list[_Rule]:
        principal: Principal = request.scope["state"]["principal"]
        found = await self._listing.within(principal.scope)
        return [_rule(one, found) for one in found.alarms]


class _Asked(Struct, frozen=True):
    """What a request for rules asks for; an empty part leaves nothing out."""

    names: frozenset[str]
    groups: frozenset[str]
    files: frozenset[str]
    type: str
    selectors: list[tuple[Matcher, ...]]
    alerts: bool

    @classmethod
    def of(cls, given: Parameters) -> "_Asked":
        """Read it. Raises BadQuery."""
        names, groups, files = (frozenset(given.texts(f"{name}[]")) for name in ("rule_name", "rule_group", "file"))
        alerts = given.text("exclude_alerts").lower() not in ("true", "1")
        return cls(names, groups, files, given.text("type"), given.selectors(), alerts)

    def wants(self, rule: _Rule) -> bool:
        """Whether a rule is asked for. There are no recording rules."""
        pairs = ((self.names, rule.body["name"]), (self.groups, rule.group), (self.files, rule.file))
        if self.type == "record" or any(wanted and own not in wanted for wanted, own in pairs):
            return False
        labels = rule.body["labels"]
        return not self.selectors or any(
            all(predicate(matcher)(labels.get(matcher.name, "")) for matcher in matchers) for matchers in self.selectors
        )


def _group(key: tuple[str, str], rules: list[_Rule], asked: _Asked) -> dict[str, Any]:
    file, name = key
    bodies = [rule.body if asked.alerts else {**rule.body, "alerts": []} for rule in rules]
    return {
        "name": name,
        "file": file,
        "rules": bodies,
        "interval": rules[0].interval_s,
        "limit": 0,
        "evaluationTime": 0,
        "lastEvaluation": max(body["lastEvaluation"] for body in bodies),
    }


def _rule(listed: Listed, listing: Listing) -> _Rule:
    stored = listed.alarm
    alarm = read_alarm(stored.kind, stored.key, stored.form)
    labels = _labels(listed)
    annotations = _annotations(listed)
    alerts = _alerts(listed, labels, annotations)
    states = {alert["state"] for alert in alerts}
    cadence_s = cadence_of(alarm)
    body = {
        "type": "alerting",
        "name": stored.key.name,
        "query": query_of(alarm),
        "duration": _pending_s(alarm),
        "keepFiringFor": alarm.recovery_s if isinstance(alarm, PromQLAlarm) else 0,
        "labels": labels,
        "annotations": annotations,
        "state": next((state for state in ("firing", "pending") if state in states), "inactive"),
        "alerts": alerts,
        "health": _health(listed),
        "evaluationTime": 0,
        "lastEvaluation": iso(listing.evaluated_ms.get(cadence_s, stored.state.updated_ms)),
    }
    if stored.evaluation_state is not None:
        body["lastError"] = stored.evaluation_state
    return _Rule(f"{stored.key.account}/{stored.key.region}", _GROUPS[stored.kind], cadence_s, body)


def _health(listed: Listed) -> str:
    if listed.alarm.evaluation_state is not None:
        return "err"
    return "unknown" if listed.alarm.state.value is StateValue.INSUFFICIENT_DATA else "ok"


def _pending_s(alarm: Alarm) -> int:
    """How long it takes from the first breach to ALARM, at least."""
    if isinstance(alarm, PromQLAlarm):
        return alarm.pending_s
    return (alarm.judgement.m - 1) * alarm.period_s if isinstance(alarm, MetricAlarm) else 0


def _labels(listed: Listed) -> dict[str, str]:
    """The alarm's tags and dimensions, and what names it. Characters that no label's name has become underscores."""
    key, form = listed.alarm.key, listed.alarm.form
    dimensions = {pair["Name"]: pair["Value"] for pair in form.get("Dimensions", ())}
    named = {_LABEL.sub("_", name): value for name, value in {**listed.tags, **dimensions}.items()}
    metric = {"namespace": form.get("Namespace"), "metric": form.get("MetricName")}
    told = {name: value for name, value in metric.items() if value}
    return {**named, **told, "account": key.account, "region": key.region, "kind": listed.alarm.kind.value}


def _annotations(listed: Listed) -> dict[str, str]:
    stored = listed.alarm
    told = {"description": stored.form.get("AlarmDescription"), "summary": stored.state.reason, "arn": stored.key.arn}
    return {name: value for name, value in told.items() if value}


def _alerts(listed: Listed, labels: Mapping[str, str], annotations: Mapping[str, str]) -> list[dict[str, Any]]:
    stored = listed.alarm
    own = {**labels, "alertname": stored.key.name}
    contributors = [one for one in read(stored.contributors).values() if _alert_state(one)]
    if contributors:
        return [
            _alert(
                {**{_LABEL.sub("_", name): value for name, value in one.attributes.items()}, **own},
                {**annotations, **({"summary": one.reason} if one.reason else {})},
                _alert_state(one),
                one.changed_ms if one.breaching_ms is None else one.breaching_ms,
                None,
            )
            for one in contributors
        ]
    if stored.state.value is not StateValue.ALARM:
        return []
    return [_alert(own, dict(annotations), "firing", stored.state.transitioned_ms, stored.state.data)]


def _alert_state(contributor: Contributor) -> str:
    if contributor.state is StateValue.ALARM:
        return "firing"
    return "pending" if contributor.breaching_ms is not None else ""


def _alert(
    labels: dict[str, str], annotations: dict[str, str], state: str, since_ms: int, data: str | None
) -> dict[str, Any]:
    return {
        "labels": labels,
        "annotations": annotations,
        "state": state,
        "activeAt": iso(since_ms),
        "value": scientific(_newest(data)),
    }


def _newest(data: str | None) -> float:
    """The newest value that an alarm's reason tells of; 1 where it tells of none, as of a composite alarm."""
    try:
        points = typed.decode(data or "{}").get("recentDatapoints") or [1.0]
        return float(points[-1])
    except (msgspec.DecodeError, AttributeError, TypeError, ValueError):  # SetAlarmState takes any JSON
        return 1.0


def _success(data: object) -> Response:
    return Response(msgspec.json.encode({"status": "success", "data": data}), media_type="application/json")
