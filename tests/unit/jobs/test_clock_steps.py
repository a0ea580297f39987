"""A clock that goes back by a day: nothing waits for the day to pass again."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from trimtab.alarms.lateness import late_ms
from trimtab.alarms.schedule import due
from trimtab.base.clock import ManualClock
from trimtab.jobs.clock_steps import AHEAD_MS, ClockSteps
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.store.state.schema.metadata import MOMENT, metadata
from trimtab.store.state.tables import alarm_clocks, event_rules, metric_streams

DAY_MS, MINUTE_MS = 86_400_000, 60_000
NOW_MS = 1_796_027_220_000  # 2026-11-30T08:27:00Z, a Monday
NOT_MOVED = {
    ("report_writings", "due_ms"),  # which time of a schedule a report was written for
    ("locks", "until_ms"),  # the lock itself sees to it
}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State.open("", tmp_path)
    yield state
    state.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


def put(state: State, table: Any, **values: Any) -> None:
    row = {one.name: one.type.python_type() for one in table.c if not one.nullable}
    state.change_sync(lambda connection: connection.execute(insert(table).values(row | values)))


def all_of(state: State, table: Any, name: str) -> list[Any]:
    return sorted(state.read_sync(lambda connection: connection.execute(select(table.c[name])).scalars().all()))


def test_alarms_are_evaluated_again_at_once(state: State, clock: ManualClock) -> None:
    for cadence in (60, 10):
        put(state, alarm_clocks, cadence_s=cadence, at_ms=NOW_MS + DAY_MS)
    assert asyncio.run(late_ms(state, NOW_MS)) is None  # not 0: nothing is evaluated
    assert state.read_sync(lambda connection: due(connection, NOW_MS)) == ()
    assert asyncio.run(ClockSteps(state, clock).look()) == DAY_MS
    clock.advance(120)
    assert {one.cadence_s for one in state.read_sync(lambda connection: due(connection, clock.now_ms()))} == {60, 10}
    assert all(at % 10_000 == 0 for at in all_of(state, alarm_clocks, "at_ms"))
    assert asyncio.run(late_ms(state, clock.now_ms())) is not None
    assert asyncio.run(ClockSteps(state, clock).look()) == 0


def test_a_small_step_is_waited_for(state: State, clock: ManualClock) -> None:
    put(state, alarm_clocks, cadence_s=60, at_ms=NOW_MS + AHEAD_MS)
    assert asyncio.run(ClockSteps(state, clock).look()) == 0
    assert all_of(state, alarm_clocks, "at_ms") == [NOW_MS + AHEAD_MS]


def test_where_nothing_was_evaluated_yet_nothing_is_known(state: State, clock: ManualClock) -> None:
    assert asyncio.run(ClockSteps(state, clock).look()) == 0


def test_what_waits_goes_back_with_the_clock_and_what_was_due_before_stays(state: State, clock: ManualClock) -> None:
    ahead = NOW_MS + DAY_MS
    put(state, alarm_clocks, cadence_s=60, at_ms=ahead)
    put(state, metric_streams, account="1", name="a", next_ms=ahead + MINUTE_MS, position_ms=ahead - MINUTE_MS)
    put(state, metric_streams, account="1", name="b", next_ms=NOW_MS - 1, position_ms=NOW_MS - MINUTE_MS)
    asyncio.run(ClockSteps(state, clock).look())
    assert all_of(state, metric_streams, "next_ms") == [NOW_MS - 1, NOW_MS + MINUTE_MS]
    assert all_of(state, metric_streams, "position_ms") == [NOW_MS - MINUTE_MS, NOW_MS - MINUTE_MS]


def test_a_schedule_keeps_its_times(state: State, clock: ManualClock) -> None:
    ahead = NOW_MS + DAY_MS
    put(state, alarm_clocks, cadence_s=60, at_ms=ahead)
    weekly, monday = "cron(0 7 ? * MON *)", 1_796_626_800_000  # 2026-12-07T07:00:00Z
    rules = (
        ("weekly", weekly, monday),
        ("daily", "cron(0 7 * * ? *)", NOW_MS - 87 * MINUTE_MS + 2 * DAY_MS),
        ("often", "rate(5 minutes)", ahead + 3 * MINUTE_MS),
        ("once", "at(2026-12-24T18:00:00)", 1_798_135_200_000),
    )
    for name, schedule, due_ms in rules:
        put(state, event_rules, arn=name, name=name, schedule=schedule, zone="UTC", created_ms=NOW_MS, due_ms=due_ms)
    asyncio.run(ClockSteps(state, clock).look())
    asked = select(event_rules.c.name, event_rules.c.due_ms)
    found = state.read_sync(lambda connection: connection.execute(asked).all())
    assert {row.name: row.due_ms for row in found} == {
        "weekly": monday,
        "daily": NOW_MS - 87 * MINUTE_MS + DAY_MS,
        "often": NOW_MS + 5 * MINUTE_MS,
        "once": 1_798_135_200_000,
    }


def test_a_lock_of_somebody_who_died_in_the_future_is_free(state: State, clock: ManualClock) -> None:
    dead = Lock(state, ManualClock(NOW_MS + DAY_MS), "jobs")
    asyncio.run(dead.renew())
    assert asyncio.run(Lock(state, clock, "jobs").renew())


def test_who_does_not_work_or_has_a_slow_clock_takes_nothing_over(state: State, clock: ManualClock) -> None:
    put(state, alarm_clocks, cadence_s=60, at_ms=NOW_MS + DAY_MS)
    assert asyncio.run(ClockSteps(state, clock, lambda: False).look()) == 0
    assert all_of(state, alarm_clocks, "at_ms") == [NOW_MS + DAY_MS]
    asyncio.run(Lock(state, ManualClock(NOW_MS + 4 * MINUTE_MS), "jobs").renew())
    assert not asyncio.run(Lock(state, clock, "jobs").renew())


def test_every_column_of_such_moments_is_marked() -> None:
    """A new one must say what becomes of it when the clock goes back."""
    looks = re.compile(r"(next|due|resend|position|open_until|looked)_ms")
    open_ = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.c
        if looks.fullmatch(column.name) and column.info.get(MOMENT) is None
    }
    assert open_ <= NOT_MOVED
