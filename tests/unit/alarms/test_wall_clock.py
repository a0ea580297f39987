"""Periods that follow a clock on the wall."""

import datetime as dt

import pytest

from trimtab.alarms.limits import read_zone
from trimtab.alarms.wall_clock import boundaries
from trimtab.base.errors import InvalidInput

HOUR, DAY, WEEK = 3600, 86_400, 604_800


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "period_s", "end", "expected"),
    [
        ("UTC", HOUR, "2026-03-02T10:20Z", ["2026-03-02T08:00Z", "2026-03-02T09:00Z", "2026-03-02T10:00Z"]),
        ("+05:30", HOUR, "2026-03-02T10:20Z", ["2026-03-02T07:30Z", "2026-03-02T08:30Z", "2026-03-02T09:30Z"]),
        ("UTC", 300, "2026-03-02T10:09:59Z", ["2026-03-02T09:55Z", "2026-03-02T10:00Z", "2026-03-02T10:05Z"]),
        ("Europe/Berlin", DAY, "2026-01-10T12:00Z", ["2026-01-07T23:00Z", "2026-01-08T23:00Z", "2026-01-09T23:00Z"]),
        # 29 March 2026 has 23 hours in Berlin, 25 October 25.
        ("Europe/Berlin", DAY, "2026-03-30T00:00Z", ["2026-03-27T23:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"]),
        ("Europe/Berlin", DAY, "2026-10-26T00:00Z", ["2026-10-23T22:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"]),
        (
            "America/New_York",
            WEEK,
            "2026-06-10T12:00Z",
            ["2026-05-25T04:00Z", "2026-06-01T04:00Z", "2026-06-08T04:00Z"],
        ),
        ("UTC", DAY, "2026-03-02T00:00Z", ["2026-02-28T00:00Z", "2026-03-01T00:00Z", "2026-03-02T00:00Z"]),
    ],
)
def test_the_newest_whole_periods(zone: str, period_s: int, end: str, expected: list[str]) -> None:
    found = boundaries(read_zone(zone), period_s, at(end), 2)
    assert found.tolist() == [at(text) for text in expected]


@pytest.mark.parametrize("zone", ["UTC", "Z", "+00:00", "-11:00", "UTC+5:30", "GMT-03:30", "Asia/Kolkata", "+14:00"])
def test_zones_have_names_or_offsets(zone: str) -> None:
    read_zone(zone)


@pytest.mark.parametrize("zone", ["", "Berlin", "+15:00", "+05:31", "../etc/passwd", "/etc/localtime", "Europe"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput):
        read_zone(zone)
