"""Where events come from: schedules, alarms, audit records, new objects, drift."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.unit.triggers.conftest import ACCOUNT, HERE, REGION, Rooms

from trimtab.audit.model import AuditEvent
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.events.outbox import Event
from trimtab.timeseries.drift import drift
from trimtab.triggers.rules import Wish
from trimtab.triggers.sources.audit import AuditSource
from trimtab.triggers.sources.drift import DRIFTED, STABLE, UNKNOWN, DriftForm, DriftWatch, judged
from trimtab.triggers.sources.places import Found
from trimtab.triggers.sources.schedules import Schedules
from trimtab.triggers.sources.told import ToldSource
from trimtab.triggers.sources.watch import ObjectWatch

_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/seen"


def _told(rooms: Rooms) -> list[dict[str, object]]:
    rooms.tick()
    return [json.loads(line[2]) for line in rooms.logged]


def _scheduled(rooms: Rooms, expression: str, zone: str = "UTC") -> None:
    rooms.run(rooms.room.rules.put(HERE, Wish("s", schedule=expression, zone=zone)))
    assert rooms.run(rooms.room.targets.put(HERE, "", "s", [{"Id": "1", "Arn": _GROUP}])) == []


def test_a_rate_fires_each_time_once_and_missed_times_once(rooms: Rooms) -> None:
    schedules = Schedules(rooms.state, rooms.clock, rooms.room.intake)
    _scheduled(rooms, "rate(5 minutes)")
    begun_ms = rooms.clock.now_ms()
    fired = []
    for seconds in (299, 1, 0, 300, 3600, 0):
        rooms.clock.advance(seconds)
        fired.append(rooms.run(schedules.turn()))
    assert fired == [0, 1, 0, 1, 1, 0]
    assert rooms.run(rooms.room.rules.get(HERE, "", "s")).due_ms == begun_ms + 4_500_000
    first = _told(rooms)[0]
    assert (first["source"], first["detail-type"], first["detail"]) == ("aws.events", "Scheduled Event", {})


def test_a_cron_fires_by_the_clock_of_its_zone(rooms: Rooms) -> None:
    rooms.clock.at_ms = 1_764_057_600_000  # 2025-11-25T08:00:00Z, nine in Berlin
    _scheduled(rooms, "cron(30 9 * * ? *)", "Europe/Berlin")
    assert rooms.run(rooms.room.rules.get(HERE, "", "s")).due_ms == rooms.clock.at_ms + 30 * 60_000


def test_at_fires_once(rooms: Rooms) -> None:
    schedules = Schedules(rooms.state, rooms.clock, rooms.room.intake)
    rooms.clock.at_ms = 1_764_057_600_000
    _scheduled(rooms, "at(2025-11-25T09:00:00)")
    rooms.clock.advance(3600)
    assert rooms.run(schedules.turn()) == 1
    rooms.clock.advance(3600)
    assert rooms.run(schedules.turn()) == 0


def test_a_schedule_that_cannot_be_read_is_refused(rooms: Rooms) -> None:
    with pytest.raises(InvalidInput, match="rate"):
        rooms.run(rooms.room.rules.put(HERE, Wish("s", schedule="rate(5 fortnights)")))


def test_a_change_of_an_alarm_is_an_event_once(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}, _GROUP)
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:latency"
    body = {
        "AlarmName": "latency",
        "AlarmDescription": "too slow",
        "NewStateValue": "ALARM",
        "NewStateReason": "crossed",
        "StateChangeTime": "2026-11-26T09:00:00.000+0000",
        "OldStateValue": "OK",
        "Trigger": {
            "MetricName": "p99",
            "Namespace": "Serving",
            "Dimensions": [{"name": "m", "value": "7b"}],
            "Threshold": 2,
        },
    }
    source = ToldSource(rooms.room.intake, HERE, rooms.clock)
    for _ in range(2):
        rooms.run(source.handle(Event("11111111-1111-1111-1111-111111111111", "alarm.state_changed", arn, 5, body)))
    (seen,) = _told(rooms)
    assert seen["detail-type"] == "CloudWatch Alarm State Change"
    assert seen["resources"] == [arn]
    detail = seen["detail"]
    assert isinstance(detail, dict)
    assert detail["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"] == {"m": "7b"}


def test_an_audited_call_is_an_event_once_and_history_is_none(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["aws.sagemaker"], "detail": {"eventName": ["CreateModel"]}}, _GROUP)
    now_ms = rooms.clock.now_ms()
    record = {
        "eventName": "CreateModel",
        "eventSource": "sagemaker.amazonaws.com",
        "eventTime": "2025-11-24T15:59:59Z",
        "eventType": "AwsApiCall",
        "readOnly": False,
    }
    texts = ("",) * 10

    def audited(id_: str, time_ms: int) -> AuditEvent:
        head = (ACCOUNT, REGION, time_ms, id_, "CreateModel", "sagemaker.amazonaws.com", "AwsApiCall", "Management")
        return AuditEvent(*head, False, *texts, record=record, ingested_ms=now_ms)

    tap, feed = AuditSource(rooms.room.intake), ToldSource(rooms.room.intake, HERE, rooms.clock)
    rooms.run(tap.told([audited("a", now_ms - 1000), audited("b", now_ms - 3_600_000)]))
    body = {"account": ACCOUNT, "region": REGION, "id": "a", "record": record}
    rooms.run(feed.handle(Event("22222222-1111-1111-1111-111111111111", "audit.recorded", "x/y", now_ms - 1000, body)))
    (seen,) = _told(rooms)
    assert (seen["detail-type"], seen["time"]) == ("AWS API Call via CloudTrail", "2025-11-24T15:59:59Z")
    assert seen["detail"] == record


def test_whatever_else_is_told_is_an_event_of_trimtab(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["trimtab.budget"], "detail": {"state": ["exceeded"]}}, _GROUP)
    feed = ToldSource(rooms.room.intake, HERE, rooms.clock)
    body = {"account": ACCOUNT, "state": "exceeded", "actions": ["x"]}
    for kind in ("budget.state_changed", "sns.published", "alarm.scaling_repeated"):
        rooms.run(feed.handle(Event("33333333-1111-1111-1111-111111111111", kind, "ml", 5, body)))
    (seen,) = _told(rooms)
    assert seen["detail-type"] == "Budget State Changed"
    assert seen["detail"] == {"account": ACCOUNT, "state": "exceeded"}


def _wrote(path: Path, rooms: Rooms, text: str = "x", ago_s: int = 60) -> None:
    path.write_text(text)
    at_s = rooms.clock.now_ms() / 1000 - ago_s
    os.utime(path, (at_s, at_s))


def test_new_files_of_a_folder_are_events_and_old_ones_are_not(rooms: Rooms, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    _wrote(folder / "old.csv", rooms)
    rooms.run(rooms.room.places.put(HERE, "training", str(folder), 1))
    rooms.rule("r", {"source": ["trimtab.folder"], "detail-type": ["Object Created"]}, _GROUP)

    def nothing(url: str) -> list[Found]:
        raise AssertionError(url)

    watch = ObjectWatch(rooms.state, rooms.clock, rooms.room.intake, nothing)
    assert rooms.run(watch.turn()) == 0
    (folder / "part").mkdir()
    _wrote(folder / "part/new.csv", rooms)
    _wrote(folder / "unfinished.csv", rooms, ago_s=0)
    _wrote(folder / ".hidden", rooms)
    rooms.clock.advance(1)
    assert rooms.run(watch.turn()) == 1
    rooms.clock.advance(5)
    assert rooms.run(watch.turn()) == 1
    _wrote(folder / "old.csv", rooms, "changed")
    rooms.clock.advance(5)
    assert rooms.run(watch.turn()) == 1
    keys = [event["detail"]["object"]["key"] for event in _told(rooms)]  # type: ignore[index]  # detail is an object
    assert keys == ["part/new.csv", "unfinished.csv", "old.csv"]


def test_new_objects_of_a_prefix_are_events_as_s3_tells_them(rooms: Rooms) -> None:
    there = [Found("a.parquet", 1, "e1")]
    rooms.run(rooms.room.places.put(HERE, "bucket", "s3://training/raw/", 10))
    rooms.rule("r", {"source": ["aws.s3"]}, _GROUP)
    watch = ObjectWatch(rooms.state, rooms.clock, rooms.room.intake, lambda url: there)
    rooms.run(watch.turn())
    there.append(Found("b.parquet", 7, "e2"))
    rooms.clock.advance(9)
    assert rooms.run(watch.turn()) == 0
    rooms.clock.advance(1)
    assert rooms.run(watch.turn()) == 1
    (seen,) = _told(rooms)
    detail = seen["detail"]
    assert isinstance(detail, dict)
    assert detail["bucket"] == {"name": "training"}
    assert detail["object"] == {"key": "raw/b.parquet", "size": 7, "etag": "e2"}


def test_a_place_that_cannot_be_looked_at_says_why_and_is_looked_at_again(rooms: Rooms) -> None:
    def away(url: str) -> list[Found]:
        raise Unavailable("S3 does not answer")

    rooms.run(rooms.room.places.put(HERE, "bucket", "s3://training", 10))
    rooms.run(ObjectWatch(rooms.state, rooms.clock, rooms.room.intake, away).turn())
    (place,) = rooms.run(rooms.room.places.listed(None))
    assert (place.reason, place.looked_ms) == ("S3 does not answer", None)
    with pytest.raises(InvalidInput, match="absolute path"):
        rooms.run(rooms.room.places.put(HERE, "x", "relative", 10))


def test_scores_of_drift() -> None:
    chance = np.random.default_rng(3)
    baseline = chance.normal(0, 1, 2000)
    same, moved = drift(baseline, chance.normal(0, 1, 500)), drift(baseline, chance.normal(1, 1, 500))
    assert same.psi < 0.1
    assert same.p_value > 0.01
    assert moved.psi > 0.5
    assert moved.ks == pytest.approx(0.38, abs=0.05)  # 2 Φ(1/2) − 1
    assert moved.p_value < 1e-6
    assert drift(np.ones(50), np.ones(50)).psi == pytest.approx(0)


def test_drift_is_judged_by_enough_points_only() -> None:
    watch = DriftWatch(HERE, "w", DriftForm("n", "m"), UNKNOWN, None, 0, None, None, "")
    chance = np.random.default_rng(3)
    baseline = chance.normal(0, 1, 400)
    assert judged(watch, baseline, baseline[:10]).state == UNKNOWN
    assert judged(watch, baseline, chance.normal(0, 1, 100)).state == STABLE
    assert judged(watch, baseline, chance.normal(2, 1, 100)).state == DRIFTED
