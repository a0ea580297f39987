"""Periods and start times, as GetMetricData and GetMetricStatistics document them."""

SUB_MINUTE = (1, 5, 10, 20, 30)
"""Periods below a minute that are allowed, in seconds; all others are multiples of 60."""
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_STEPS = ((15 * _DAY_MS, _MINUTE_MS), (63 * _DAY_MS, 5 * _MINUTE_MS))
"""Up to this age of the start, it is rounded down to this step; past the last, to an hour."""


def is_period(period_s: int) -> bool:
    """Whether a period is one of the allowed ones."""
    return period_s in SUB_MINUTE or (period_s > 0 and period_s % 60 == 0)


def rounded_start(start_ms: int, period_s: int, now_ms: int) -> int:
    """The start that a query really has: rounded down by its age, or to the period where that is below a minute.

    AWS keeps no sub-minute points past 3 hours, 1-minute points past 15 days and so on, and asks for longer periods
    there; trimtab keeps raw points, so it answers those periods too.
    """
    if period_s < 60:
        step = period_s * 1000
    else:
        step = next((step for age, step in _STEPS if now_ms - start_ms < age), 60 * _MINUTE_MS)
    return start_ms - start_ms % step
