"""What alarms may not pass. Source: API reference, "PutMetricAlarm", "PutCompositeAlarm" and "WallClockWindow"."""

import re
from collections.abc import Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trimtab.base.errors import InvalidInput

MAX_ACTIONS = 5
MAX_SPAN_S = 86_400
"""Seconds that N periods may span where a period is below an hour."""
MAX_LONG_SPAN_S = 604_800
"""The same for periods of an hour and more."""
MAX_QUERY_RESULTS = 100
"""Results of its query that a log alarm may look at."""
MAX_LOG_LINES = 50
"""Lines of a log that a log alarm's notification may carry."""
FAST_PERIODS = (10, 20, 30)
WALL_CLOCK_PERIODS = (60, 300, 3600, 86_400, 604_800)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})")


def check_actions(actions: Sequence[str]) -> None:
    """At most five a state, each an ARN that is there once."""
    if len(actions) > MAX_ACTIONS:
        raise InvalidInput(f"The collection of actions must not have a size greater than {MAX_ACTIONS}.")
    for action in actions:
        if not action.startswith("arn:"):
            raise InvalidInput(f"Invalid arn syntax: {action}")
    if len(set(actions)) < len(actions):
        raise InvalidInput("The collection of actions must not contain duplicates.")


def check_span(period_s: int, periods: int) -> None:
    """The period, and the time that N of them span."""
    if period_s not in FAST_PERIODS and (period_s <= 0 or period_s % 60):
        raise InvalidInput("Metric alarms' Period must be 10, 20, 30 or a multiple of 60", field="Period")
    limit = MAX_LONG_SPAN_S if period_s >= 3600 else MAX_SPAN_S
    if period_s * periods > limit:
        raise InvalidInput(
            f"Metrics cannot be checked across more than {'seven days' if period_s >= 3600 else 'a day'} "
            f"(EvaluationPeriods * Period must be <= {limit})."
        )


def check_window(zone: str | None, period_s: int) -> None:
    """A wall-clock window: its time zone, and that the clock has such a period."""
    if zone is None:
        return
    read_zone(zone)
    if period_s not in WALL_CLOCK_PERIODS:
        raise InvalidInput(
            f"The period {period_s} can not be used with a WallClockWindow: expected 60, 300, 3600, 86400 or 604800."
        )


@lru_cache(maxsize=1024)  # a few zones, asked for at every evaluation
def read_zone(name: str) -> tzinfo:
    """A time zone by its IANA name or as an offset like +05:30 or UTC+05:30. Raises InvalidInput."""
    if name in ("UTC", "Z"):
        return UTC
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3])) * (-1 if match[1] == "-" else 1)
        if abs(offset) <= timedelta(hours=14) and not offset % timedelta(minutes=5):
            return timezone(offset)
    elif not name.startswith((".", "/")):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
            pass
    raise InvalidInput(f"The value {name} for parameter Timezone is invalid.", field="Timezone")
