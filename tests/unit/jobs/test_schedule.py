import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.clock import iso, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import parse

SNAPSHOTS = Path(__file__).parents[4] / "shared" / "data" / "aws_snapshots"


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def runs(expression: str, start: str, count: int = 3, zone: str = "UTC") -> list[str]:
    schedule, at, found = parse(expression, zone), ms(start), []
    for _ in range(count):
        after = schedule.next_after(at)
        if after is None:
            break
        assert after > at
        at = after
        found.append(iso(at))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 12 * * ? *)", ["2026-11-26T12:00:00Z", "2026-11-27T12:00:00Z", "2026-11-28T12:00:00Z"]),
        ("cron(0 9 ? * MON-FRI *)", ["2026-11-26T09:00:00Z", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z"]),
        ("cron(0/20 8-9 * * ? *)", ["2026-11-26T08:00:00Z", "2026-11-26T08:20:00Z", "2026-11-26T08:40:00Z"]),
        ("cron(5,35 14 * * ? *)", ["2026-11-26T14:05:00Z", "2026-11-26T14:35:00Z", "2026-11-27T14:05:00Z"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-29T00:00:00Z"]),
        ("cron(0 0 15W * ? *)", ["2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z", "2027-02-15T00:00:00Z"]),
        ("cron(0 0 1W AUG ? *)", ["2027-08-02T00:00:00Z", "2028-08-01T00:00:00Z", "2029-08-01T00:00:00Z"]),
        ("cron(0 0 31W OCT ? *)", ["2027-10-29T00:00:00Z", "2028-10-31T00:00:00Z", "2029-10-31T00:00:00Z"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-12-08T00:00:00Z", "2027-01-12T00:00:00Z", "2027-02-09T00:00:00Z"]),
        ("cron(0 2 ? * SAT#5 *)", ["2027-01-30T02:00:00Z", "2027-05-29T02:00:00Z", "2027-07-31T02:00:00Z"]),
        ("cron(0 0 ? * FRIL *)", ["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z", "2027-01-29T00:00:00Z"]),
        ("cron(0 0 ? * L *)", ["2026-11-28T00:00:00Z", "2026-12-05T00:00:00Z", "2026-12-12T00:00:00Z"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"]),
        ("cron(0 0 1 1 ? 2028-2030/2)", ["2028-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]),
        ("cron(15 10 ? * 6L 2002-2005)", []),
        ("cron(0 0 30 FEB ? *)", []),
        ("at(2026-12-24T18:00:00)", ["2026-12-24T18:00:00Z"]),
        ("at(2026-11-26T07:30:00)", []),
        ("rate(1 hour)", ["2026-11-26T08:00:00Z", "2026-11-26T09:00:00Z", "2026-11-26T10:00:00Z"]),
        ("rate(2 days)", ["2026-11-27T00:00:00Z", "2026-11-29T00:00:00Z", "2026-12-01T00:00:00Z"]),
    ],
)
def test_expressions_are_due_when_their_documentation_says(expression: str, expected: list[str]) -> None:
    assert expected == runs(expression, "2026-11-26T07:30:00Z")


def test_a_match_at_the_moment_itself_has_passed() -> None:
    assert ["2026-11-27T12:00:00Z"] == runs("cron(0 12 * * ? *)", "2026-11-26T12:00:00Z", 1)
    assert ["2026-11-26T12:00:00Z"] == runs("cron(0 12 * * ? *)", "2026-11-26T11:59:59.999Z", 1)


def test_rates_count_from_their_anchor() -> None:
    schedule = parse("rate(5 minutes)", anchor_ms=61_000)
    assert [61_000, 361_000, 661_000] == [schedule.next_after(at) for at in (0, 61_000, 500_000)]


def test_times_that_a_clock_skips_do_not_happen() -> None:
    berlin = runs("cron(30 2 * * ? *)", "2026-03-28T00:00:00Z", 3, "Europe/Berlin")
    assert ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"] == berlin


def test_times_that_a_clock_shows_twice_happen_once() -> None:
    berlin = runs("cron(0/30 2 * * ? *)", "2026-10-25T00:00:00Z", 3, "Europe/Berlin")
    assert ["2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z", "2026-10-26T01:30:00Z"] == berlin
    assert ["2026-10-25T02:00:00Z"] == runs("cron(0/30 * * * ? *)", "2026-10-25T00:30:00Z", 1, "Europe/Berlin")


def test_at_is_a_time_of_its_zone() -> None:
    assert ["2026-12-24T23:00:00Z"] == runs("at(2026-12-24T18:00:00)", "2026-11-26T00:00:00Z", 1, "America/New_York")


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "noon",
        "cron",
        "cron(0 12 * * ?)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 0 * ? *)",
        "cron(0 12 * 13 ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * MOO *)",
        "cron(0 12 ? * 2#6 *)",
        "cron(0 12 32W * ? *)",
        "cron(0/0 12 * * ? *)",
        "cron(9-5 12 * * ? *)",
        "cron(, 1 * * ? *)",
        "cron(0 12 * * ? 1969)",
        "cron(² 12 * * ? *)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "at(2026-13-01T00:00:00)",
        "at(2026-01-01)",
        "rate(5 minutes) ",
    ],
)  # fmt: skip - a table
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput):
        parse(expression)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "/etc/passwd", "../UTC", "Europe", ""])
def test_unknown_time_zones_are_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        parse("cron(0 12 * * ? *)", zone)


@pytest.mark.skipif(not SNAPSHOTS.is_dir(), reason="the recorded answers of AWS are not beside this checkout")
@pytest.mark.parametrize("name", ["events__test_events_schedule", "scheduler__test_scheduler"])
def test_expressions_are_taken_and_refused_as_aws_does(name: str) -> None:
    recorded = json.loads(gzip.decompress((SNAPSHOTS / f"{name}.snapshot.json.gz").read_bytes()))
    tried = 0
    for title, record in recorded.items():
        found = re.search(r"\[( ?(?:cron|rate|at)\(.*)\]", title)
        if found is None:
            continue
        tried += 1
        if '"Error"' in json.dumps(record):
            with pytest.raises(InvalidInput):
                parse(found[1])
        else:
            parse(found[1])
    assert tried > 10


FIELD = st.sampled_from(["*", "0", "5", "1-5", "0/7", "3,4", "*/2"])


@given(FIELD, FIELD, st.integers(1, 31), st.integers(0, 4_000_000_000_000), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_nothing_that_matches_is_left_out(minute: str, hour: str, day: int, at: int, zone: str) -> None:
    schedule = parse(f"cron({minute} {hour} {day} * ? *)", zone)
    found = schedule.next_after(at)
    assert found is not None
    assert found > at
    assert 0 == found % 60_000
    assert found == schedule.next_after(found - 1)
    assert found == schedule.next_after((at + found) // 2)
    assert day == datetime.fromtimestamp(found / 1000, UTC).astimezone(ZoneInfo(zone)).day
