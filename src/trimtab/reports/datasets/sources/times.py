"""Columns and conditions of time that sources share: `time`, `hour` and `day`, in UTC."""

from collections.abc import Mapping

from trimtab.reports.datasets.field import Field, time

TIME = time("time", "When.")
HOUR = time("hour", "The hour of it.")
DAY = time("day", "The day of it.")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_MOST_MS = 9_000_000_000_000  # what DateTime64(3) surely holds: to the year 2255


def time_columns(sql: str) -> Mapping[str, str]:
    """The three columns of a time of the engine."""
    return {"time": sql, "hour": f"toStartOfHour({sql})", "day": f"toStartOfDay({sql})"}


TIMES: tuple[Field, ...] = (TIME, HOUR, DAY)


def bounded(at_ms: int) -> int:
    """A time that the engine can hold."""
    return min(max(at_ms, 0), _MOST_MS)


def days_of(start_ms: int, end_ms: int) -> tuple[int, int]:
    """The whole days that a range touches."""
    return start_ms // DAY_MS * DAY_MS, -(-end_ms // DAY_MS) * DAY_MS


def day_of(at_ms: int | None) -> int | None:
    """The beginning of the day."""
    return None if at_ms is None else at_ms // DAY_MS * DAY_MS


def hour_of(at_ms: int | None) -> int | None:
    """The beginning of the hour."""
    return None if at_ms is None else at_ms // HOUR_MS * HOUR_MS
