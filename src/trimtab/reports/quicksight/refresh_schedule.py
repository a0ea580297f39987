"""When a data set's refresh schedule is due: QuickSight's intervals as the schedules that the program has."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import Schedule, parse
from trimtab.reports.quicksight.model import Resource

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_LAST = "LAST_DAY_OF_MONTH"
_MOST_DAY = 28  # of a month by its number, so that every month has it; AWS's


def schedule_of(form: Mapping[str, Any], anchor_ms: int) -> Schedule:
    """The schedule of a RefreshSchedule; hourly ones count from `anchor_ms`. Raises InvalidInput."""
    frequency = form["ScheduleFrequency"]
    interval, on = frequency["Interval"], frequency.get("RefreshOnDay") or {}
    zone = frequency.get("Timezone") or "UTC"
    if interval in ("MINUTE15", "MINUTE30"):
        raise _wrong(f"{interval} is for incremental refreshes, and every refresh here is a full one")
    if interval == "HOURLY":
        return parse("rate(1 hour)", anchor_ms=anchor_ms)
    at = _TIME.fullmatch(frequency.get("TimeOfTheDay") or "")
    if at is None:
        raise _wrong(f"{interval} needs TimeOfTheDay as HH:MM, got {frequency.get('TimeOfTheDay')!r}")
    when = f"{int(at[2])} {int(at[1])}"
    if interval == "DAILY":
        return parse(f"cron({when} * * ? *)", zone)
    if interval == "WEEKLY":
        if on.get("DayOfWeek") not in _DAYS:
            raise _wrong("WEEKLY needs RefreshOnDay.DayOfWeek")
        return parse(f"cron({when} ? * {on['DayOfWeek'][:3]} *)", zone)
    day = str(on.get("DayOfMonth") or "")
    if day != _LAST and not (day.isascii() and day.isdigit() and 1 <= int(day) <= _MOST_DAY):
        raise _wrong(f"MONTHLY needs RefreshOnDay.DayOfMonth, 1 to {_MOST_DAY} or {_LAST}, got {day[:40]!r}")
    return parse(f"cron({when} {'L' if day == _LAST else int(day)} * ? *)", zone)


def next_ms(one: Resource, now_ms: int) -> int:
    """When a schedule is due next, after now and after its StartAfterDateTime."""
    start = one.form.get("StartAfterDateTime") or one.created_ms
    due = schedule_of(one.form, start).next_after(max(now_ms, start))
    if due is None:
        raise AssertionError("bug: a refresh schedule that is never due again")
    return due


def _wrong(why: str) -> InvalidInput:
    return InvalidInput(f"cannot use the refresh schedule: {why}", field="Schedule")
