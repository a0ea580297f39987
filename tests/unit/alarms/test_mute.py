"""Mute rules: when they mute, in their own time zone."""

import datetime as dt
from typing import Any

import pytest

from trimtab.alarms.mute import MuteStatus, read_duration, read_mute_rule
from trimtab.base.errors import InvalidInput


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


def rule(expression: str, duration: str = "PT1H", zone: str = "UTC", **more: Any) -> Any:
    schedule = {"Expression": expression, "Duration": duration, "Timezone": zone}
    return read_mute_rule("1", "r", {"Name": "n", "Rule": {"Schedule": schedule}, **more})


@pytest.mark.parametrize(
    ("expression", "duration", "zone", "moment", "expected"),
    [
        ("cron(0 2 * * *)", "PT1H", "UTC", "2026-03-02T02:00Z", True),
        ("cron(0 2 * * *)", "PT1H", "UTC", "2026-03-02T01:59Z", False),
        ("cron(0 2 * * *)", "PT1H", "UTC", "2026-03-02T03:00Z", False),
        ("cron(30 23 * * *)", "PT2H", "UTC", "2026-03-02T01:00Z", True),  # over midnight
        ("cron(0 0 * * SAT,SUN)", "P1D", "UTC", "2026-02-28T12:00Z", True),
        ("cron(0 0 * * 6-7)", "P1D", "UTC", "2026-03-01T12:00Z", True),
        ("cron(0 0 * * MON-FRI)", "P1D", "UTC", "2026-03-01T12:00Z", False),
        ("cron(0 0 1 * *)", "P15D", "UTC", "2026-03-15T23:59Z", True),
        ("cron(0 0 1 * *)", "P15D", "UTC", "2026-03-16T00:00Z", False),
        ("cron(0 0 29 FEB *)", "P1D", "UTC", "2028-02-29T05:00Z", True),
        ("cron(0 0 1 * MON)", "PT1H", "UTC", "2026-03-02T00:30Z", True),  # either day is enough
        ("cron(0,30 9-17 * * *)", "PT10M", "UTC", "2026-03-02T17:35Z", True),
        ("cron(0 2 * * *)", "PT1H", "Europe/Berlin", "2026-01-10T01:30Z", True),
        ("cron(0 2 * * *)", "PT1H", "Europe/Berlin", "2026-07-10T00:30Z", True),  # summer time
        ("cron(0 2 * * *)", "PT1H", "+05:30", "2026-07-09T20:45Z", True),
        ("at(2026-03-02T10:00)", "PT30M", "UTC", "2026-03-02T10:29Z", True),
        ("at(2026-03-02T10:00)", "PT30M", "UTC", "2026-03-02T10:30Z", False),
        ("at(2026-03-02T10:00)", "PT30M", "America/New_York", "2026-03-02T15:10Z", True),
    ],
)
def test_a_rule_mutes_within_its_windows(
    expression: str, duration: str, zone: str, moment: str, expected: bool
) -> None:
    assert rule(expression, duration, zone).active(at(moment)) is expected


def test_a_rule_is_scheduled_active_and_expired() -> None:
    once = rule("at(2026-03-02T10:00)")
    moments = ("2026-03-02T09:00Z", "2026-03-02T10:30Z", "2026-03-02T11:00Z")
    assert [once.status(at(moment)) for moment in moments] == list(MuteStatus)
    daily = rule("cron(0 2 * * *)", StartDate=at("2026-03-02T00:00Z"), ExpireDate=at("2026-03-04T02:30Z"))
    found = {
        moment: daily.status(at(moment)).value
        for moment in ("2026-03-01T02:10Z", "2026-03-03T02:10Z", "2026-03-03T12:00Z", "2026-03-04T02:40Z")
    }
    assert list(found.values()) == ["SCHEDULED", "ACTIVE", "SCHEDULED", "EXPIRED"]


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 * *)",
        "cron(60 2 * * *)",
        "cron(0 24 * * *)",
        "cron(0 2 0 * *)",
        "cron(0 2 * 13 *)",
        "cron(0 2 * * 8)",
        "cron(5-1 2 * * *)",
        "cron(x 2 * * *)",
        "cron(*/5 2 * * ? *)",
        "rate(5 minutes)",
        "at(2026-02-30T10:00)",
        "at(tomorrow)",
        "",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"Rule\.Schedule\.Expression is invalid"):
        rule(expression)


@pytest.mark.parametrize(
    ("text", "minutes"), [("PT1M", 1), ("PT90M", 90), ("P1DT2H", 1560), ("P15D", 21_600), ("P2W", 20_160)]
)
def test_durations_are_iso_8601(text: str, minutes: int) -> None:
    assert read_duration(text) == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "P", "PT", "PT0M", "PT30S", "P15DT1M", "P16D", "1H", "PT1H ", "P1Y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_duration(text)


@pytest.mark.parametrize(
    "more",
    [
        {"StartDate": 2000, "ExpireDate": 1000},
        {"MuteTargets": {"AlarmNames": [str(number) for number in range(101)]}},
    ],
)
def test_limits_of_rules(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rule("cron(0 2 * * *)", **more)


def test_a_zone_must_exist() -> None:
    with pytest.raises(InvalidInput, match="Timezone"):
        rule("cron(0 2 * * *)", zone="Mars/Olympus")
