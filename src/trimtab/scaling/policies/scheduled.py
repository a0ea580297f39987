"""Scheduled actions: bounds, or a number, that hold from a time on.

An action sets the group's minimum and maximum, and the desired number once; the bounds hold until another action sets
them. As with EC2, an action that gives only a minimum above the present number launches up to it.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.jobs.cron import read_cron
from trimtab.jobs.schedule import CronSchedule, Schedule

MOST_TIMES = 100_000
"""Times of one action within a replay: every minute of two months is more than anyone schedules."""


class ScheduledAction(Struct, frozen=True):
    """At each time of `schedule` within [start_ms, end_ms) (None: without end) the given numbers hold."""

    name: str
    schedule: Schedule
    least: int | None = None
    most: int | None = None
    desired: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None

    def __post_init__(self) -> None:
        if self.least is None and self.most is None and self.desired is None:
            raise InvalidInput("a scheduled action needs a minimum, a maximum or a desired number")

    def times(self, from_ms: int, until_ms: int) -> list[int]:
        """When it is due, from `from_ms` on and before `until_ms`."""
        found: list[int] = []
        at = max(from_ms, self.start_ms or from_ms) - 1
        while len(found) < MOST_TIMES:
            due = self.schedule.next_after(at)
            if due is None or due >= until_ms or (self.end_ms is not None and due >= self.end_ms):
                return found
            found.append(due)
            at = due
        raise InvalidInput(f"scheduled action {self.name!r} is due more than {MOST_TIMES} times in what is replayed")

    def explain(self) -> str:
        """What it does, in words."""
        parts = [("minimum", self.least), ("maximum", self.most), ("desired", self.desired)]
        return f"scheduled action {self.name!r} sets " + ", ".join(f"{n} {v}" for n, v in parts if v is not None)


def unix_cron(expression: str, zone: str = "UTC") -> Schedule:
    """A recurrence as EC2 Auto Scaling takes it: five fields of Unix cron. Raises InvalidInput."""
    fields = expression.split()
    if len(fields) != 5:
        raise InvalidInput(f"cannot read recurrence {expression!r}: got {len(fields)} fields; expected 5")
    minute, hour, day, month, weekday = fields
    # EventBridge's cron has a year, wants '?' for the day that does not count, and numbers Sunday 1
    if weekday == "*":
        weekday = "?"
    elif day == "*":
        day, weekday = "?", _weekdays(weekday)
    else:
        raise InvalidInput(f"cannot read recurrence {expression!r}: both a day and a weekday are given; expected one")
    return CronSchedule(read_cron(f"{minute} {hour} {day} {month} {weekday} *"), ZoneInfo(zone))


def _weekdays(field: str) -> str:
    def shifted(text: str) -> str:
        head, slash, step = text.partition("/")
        parts = [str(int(one) % 7 + 1) if one.isdecimal() else one for one in head.split("-")]
        return "-".join(parts) + slash + step

    return ",".join(shifted(part) for part in field.split(","))


def bounds_of(actions: Sequence[ScheduledAction], fleet: Fleet, start_ms: int, ticks: int) -> tuple[Array, Array]:
    """The least and the most at each tick of a replay that begins at `start_ms`.

    A desired number is a floor and a ceiling for its one tick: policies go on from it.
    """
    tick_ms = fleet.tick_s * 1000
    least, most = np.full(ticks, float(fleet.least)), np.full(ticks, float(fleet.most))
    until = start_ms + int(ticks * tick_ms)
    due = [(at, order, action) for order, action in enumerate(actions) for at in action.times(start_ms, until)]
    once: list[tuple[int, float]] = []
    for at, _, action in sorted(due, key=lambda one: one[:2]):
        tick = min(ticks - 1, int(-(-(at - start_ms) // tick_ms)))
        if action.least is not None:
            least[tick:] = action.least
        if action.most is not None:
            most[tick:] = action.most
        if action.desired is not None:
            once.append((tick, float(action.desired)))
    for tick, number in once:
        least[tick] = most[tick] = min(max(number, least[tick]), most[tick])
    return np.minimum(least, most), most
