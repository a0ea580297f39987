"""Periods of time as charts need them: every one of a range, also those without rows; and a range's predecessor."""

from collections.abc import Sequence
from datetime import UTC, datetime

from trimtab.base.clock import to_datetime, to_ms
from trimtab.reports.analyses.grouping import FIXED_MS, MONTHS

DAY_MS = 86_400_000
_WEEK_FROM_MS = -4 * DAY_MS  # 1969-12-28, a Sunday: weeks of the language begin there


def floor(ms: int, grain: str) -> int:
    """Where the period of a moment begins."""
    if grain in MONTHS:
        when = to_datetime(ms)
        month = (when.month - 1) // MONTHS[grain] * MONTHS[grain] + 1
        return to_ms(datetime(when.year, month, 1, tzinfo=UTC))
    step = FIXED_MS.get(grain, DAY_MS)
    start = _WEEK_FROM_MS if grain == "week" else 0
    return (ms - start) // step * step + start


def after(ms: int, grain: str, number: int = 1) -> int:
    """The beginning of the period `number` after that which begins at `ms`; before it where negative."""
    if grain not in MONTHS:
        return ms + number * FIXED_MS.get(grain, DAY_MS)
    when = to_datetime(ms)
    months = when.year * 12 + when.month - 1 + number * MONTHS[grain]
    return to_ms(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC))


def between(start_ms: int, end_ms: int, grain: str, most: int = 5000) -> list[int]:
    """Where every period of a range begins, at most `most`."""
    found, at = list[int](), floor(start_ms, grain)
    while at < end_ms and len(found) < most:
        found.append(at)
        at = after(at, grain)
    return found


def before(start_ms: int, end_ms: int, grain: str) -> tuple[int, int, int]:
    """The range before a range, its periods under the same ones; and by how many periods it lies back.

    Without a grain, it is exactly as long and ends where this one begins; the number is then 0.
    """
    if not grain:
        length = end_ms - start_ms
        whole = -(-length // DAY_MS) * DAY_MS if start_ms % DAY_MS == 0 and length > DAY_MS else length
        return start_ms - whole, end_ms - whole, 0
    number = len(between(start_ms, end_ms, grain))
    if grain == "hour":
        number = -(-number // 24) * 24 if number > 24 else number
    first = floor(start_ms, grain)
    back = first - after(first, grain, -number)
    return start_ms - back, end_ms - back, number


def complete(starts: Sequence[int], grain: str, until_ms: int) -> int | None:
    """The first period that is not over at `until_ms`; None where all are."""
    return next((at for at in starts if after(at, grain) > until_ms), None)
