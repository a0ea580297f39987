"""What each source makes of what its room tells: when, how bad, where it leads, and what it is about."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.alarms.history import STATE, Item
from trimtab.alarms.model import AlarmKey
from trimtab.costs.anomalies.model import Anomaly, Finding, Impact, Origin
from trimtab.costs.anomalies.model import Kind as Rise
from trimtab.fleet.health.fault import Fault, FaultKind, Severity
from trimtab.fleet.health.impact import Effect
from trimtab.fleet.health.impact import Impact as Hit
from trimtab.fleet.health.loss import Harm
from trimtab.logs.patterns.anomalies import LogAnomaly, Suppression, Unusual
from trimtab.reports.investigations.model import MINUTE_MS, Entry, Inquiry, Kind, Level, Subject, inquiry_of
from trimtab.reports.investigations.sources import alarms, anomalies, costs, faults, patterns, runs, scaling, traces
from trimtab.scaling.engine.model import Activity, Did, Status, TargetKey

AT_MS = 1_764_600_000_000
INQUIRY = inquiry_of(AT_MS, 30 * MINUTE_MS, Subject())
ACCOUNT, REGION = "123456789012", "us-east-1"


def answering(**answers: Any) -> Any:
    """An object whose methods answer what they are given, whatever they are asked."""

    def method(value: Any) -> Any:
        async def answer(*_: Any, **__: Any) -> Any:
            return value

        return answer

    return SimpleNamespace(**{name: method(value) for name, value in answers.items()})


def read(source: Any, readers: Mapping[str, Any], inquiry: Inquiry = INQUIRY) -> list[Entry] | None:
    found = asyncio.run(source.SOURCE.read(SimpleNamespace(**readers), LOCAL_OPERATOR, inquiry))
    return None if found is None else list(found)


def test_an_alarm_is_about_what_its_definition_names() -> None:
    key = AlarmKey(ACCOUNT, REGION, "slow chat/p99")
    alarm = SimpleNamespace(key=key, form={"Namespace": "Serving", "Dimensions": [{"Name": "E", "Value": "chat"}]})
    data = json.dumps({"newState": {"stateValue": "ALARM", "stateReason": "1 point above 2"}})
    fired = Item(key, "MetricAlarm", STATE, AT_MS, "Alarm updated from OK to ALARM", data)
    left = Item(key, "MetricAlarm", STATE, AT_MS + 1, "Alarm updated from ALARM to OK", '{"odd": 1}')
    gone = Item(AlarmKey(ACCOUNT, REGION, "other team's"), "MetricAlarm", STATE, AT_MS, "", data)
    listing = answering(within=SimpleNamespace(alarms=[SimpleNamespace(alarm=alarm)]))
    room = SimpleNamespace(listing=listing, store=answering(history=[fired, left, gone]))
    first, second = read(alarms, {"alarms": room}) or []
    assert ("slow chat/p99: OK to ALARM", "1 point above 2", Level.BAD) == (first.title, first.detail, first.level)
    assert {"slow chat/p99", "Serving", "chat"} == set(first.names)
    assert f"/alarms/named/slow%20chat/p99?account={ACCOUNT}&region={REGION}" == first.href
    assert ("slow chat/p99: ALARM to OK", Level.PLAIN) == (second.title, second.level)
    assert first.weight > second.weight
    none = SimpleNamespace(listing=answering(within=SimpleNamespace(alarms=[])), store=None)
    assert read(alarms, {"alarms": none}) is None


def activity(**more: Any) -> Activity:
    key = TargetKey(ACCOUNT, REGION, "custom-resource", "pool/chat", "replicas")
    told = {"description": "Rebalanced", "cause": "too busy", "status": Status.SUCCESSFUL, "message": "", **more}
    return Activity(id="a", target_id="t", key=key, did=Did.SCALE, start_ms=AT_MS, **told)


def test_scaling_tells_replicas_and_why() -> None:
    grown, failed = activity(before=2, after=4), activity(status=Status.FAILED, message="no GPU left")
    rooms = {"activities": answering(listed=[grown, failed]), "targets": answering(listed=[])}
    first, second = read(scaling, rooms) or []
    assert ("pool/chat: 2 → 4 replicas", "too busy", Level.PLAIN) == (first.title, first.detail, first.level)
    assert ("pool/chat: Rebalanced", "no GPU left", Level.WARN) == (second.title, second.detail, second.level)
    assert "chat" in first.names
    assert read(scaling, {"activities": answering(listed=[]), "targets": answering(listed=[])}) is None
    assert [] == read(scaling, {"activities": answering(listed=[]), "targets": answering(listed=["one"])})


def log_anomaly(**more: Any) -> LogAnomaly:
    told: dict[str, Any] = {
        "id": "p", "account": ACCOUNT, "region": REGION, "log_group": "/apps/chat", "pattern": "x",
        "template": "cannot reach <*>", "example": "cannot reach db", "severity": "error", "unusual": Unusual.NEW,
        "first_ms": AT_MS, "last_ms": AT_MS + 5, "active": True, "expected": 0.0, "description": "", **more,
    }  # fmt: skip
    return LogAnomaly(**told)


def test_patterns_that_are_new_lead_to_their_lines_and_rates_to_their_anomaly() -> None:
    told = [
        log_anomaly(),
        log_anomaly(unusual=Unusual.RATE, severity="info", id="r"),
        log_anomaly(state=Suppression.SUPPRESSED),
        log_anomaly(first_ms=AT_MS - 31 * MINUTE_MS),
    ]
    room = answering(listed=told)
    first, second = read(patterns, {"patterns": room}) or []
    assert "New lines in /apps/chat: cannot reach <*>" == first.title
    assert first.href.startswith("/logs?from=")
    assert "group=%2Fapps%2Fchat" in first.href
    assert (Level.BAD, "cannot reach db", None) == (first.level, first.detail, first.end_ms)
    assert {"/apps/chat", "apps", "chat"} == set(first.names)
    assert ("/anomalies/r", Level.PLAIN) == (second.href, second.level)
    nothing = SimpleNamespace(**vars(answering(listed=[])), groups=answering(everywhere=[]))
    assert read(patterns, {"patterns": nothing}) is None


def harm(severity: Severity, effect: Effect, run: Any = None, **more: Any) -> Harm:
    told = {"device": 3, "code": 79, **more}
    fault = Fault(
        machine=f"{ACCOUNT}/gpu/node-7", since_ms=AT_MS - 5, at_ms=AT_MS, kind=FaultKind.XID, severity=severity, **told
    )
    return Harm(impact=Hit(fault=fault, effect=effect, holder="h" if run else "", run=run))


def test_faults_say_which_run_they_ended() -> None:
    run: Any = SimpleNamespace(name="train", key=SimpleNamespace(job="48213"))
    told = [harm(Severity.FATAL, Effect.ENDED, run), harm(Severity.NOTICE, Effect.NOBODY, device=None, count=4)]
    report = SimpleNamespace(machines={"m": 1}, harms=told)
    first, second = read(faults, {"health": answering(report=report)}) or []
    assert "XID 79 on node-7 GPU 3 ended train" == first.title
    assert "fallen off the bus" in first.detail
    assert (Level.BAD, ("node-7", "train", "48213")) == (first.level, first.names)
    assert ("XID 79 × 4 on node-7", Level.PLAIN) == (second.title, second.level)
    assert f"/gpu-health?from={INQUIRY.start_ms}&to={INQUIRY.end_ms}" == first.href
    assert first.weight > second.weight
    assert read(faults, {"health": answering(report=SimpleNamespace(machines={}, harms=[]))}) is None


def cost_anomaly(start_ms: int) -> Anomaly:
    finding = Finding(
        value="Amazon EC2", currency="USD", start_ms=start_ms, end_ms=start_ms + 86_400_000, open=True, kind=Rise.RISE,
        max_score=0.9, current_score=0.9, impact=Impact(Decimal(30), Decimal(30), Decimal(20)),
        origin=Origin(resource="i-1"),
    )  # fmt: skip
    return Anomaly("c", "m", ACCOUNT, finding, 0, 0)


def test_costs_that_rose_begin_with_their_day() -> None:
    day = AT_MS // 86_400_000 * 86_400_000
    rooms = {"cost_anomalies": answering(listed=[cost_anomaly(day), cost_anomaly(day + 2 * 86_400_000)])}
    (one,) = read(costs, rooms) or []
    assert ("/cost-anomalies/c", INQUIRY.start_ms, None) == (one.href, one.at_ms, one.end_ms)
    assert "more than expected" in one.title
    assert {"Amazon EC2", "i-1"} == set(one.names)
    none = {"cost_anomalies": answering(listed=[]), "costs": answering(extent=None)}
    assert read(costs, none) is None
    assert [] == read(costs, {"cost_anomalies": answering(listed=[]), "costs": answering(extent=(1, 2))})


def test_sources_without_anything_say_so() -> None:
    assert read(runs, {"runs": answering(listed=[])}) is None
    room = SimpleNamespace(found=answering(in_range=[]), progress=answering(last=None), registry=None)
    assert read(anomalies, {"anomalies": room}) is None
    empty = SimpleNamespace(found=0)
    tracing = SimpleNamespace(populations=answering(population=empty), traces=answering(fresh=True))
    assert read(traces, {"bottlenecks": tracing}) is None


def test_every_kind_has_a_source() -> None:
    from trimtab.reports.investigations.timeline import SOURCES

    assert set(Kind) == {kind for source in SOURCES for kind in source.kinds}
