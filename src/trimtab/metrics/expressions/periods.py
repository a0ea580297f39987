"""Which periods and starts the parts of an evaluation have."""

_MINUTE_MS = 60_000
_POINTS = 1440
"""Points that a range has at most in the period that is chosen for it: a day of minutes, a chart's width."""
_CHOICES_S = (60, 300, 900, 3600, 21_600, 86_400)


def aligned_start(start_ms: int, period_s: int) -> int:
    """Where the periods of a query are counted from: the start, rounded down to the minute or a shorter period."""
    return start_ms - start_ms % min(_MINUTE_MS, period_s * 1000)


def fitting_period(start_ms: int, end_ms: int) -> int:
    """The period (s) of an expression that neither names one nor reads anything that has one."""
    span_s = max(end_ms - start_ms, 0) / 1000
    return next((period for period in _CHOICES_S if span_s / period <= _POINTS), _CHOICES_S[-1])
