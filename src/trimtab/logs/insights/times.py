"""bin, datefloor and dateceil: periods as the engine's intervals."""

from trimtab.logs.insights.syntax import Duration

CAPS = {"ms": 1000, "s": 60, "m": 60, "h": 24}
"""The most of a unit that counts, as documented: bin(300s) is bin(60s)."""
MAX_COUNT = 10_000  # of the larger units
_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_CALENDAR = {"w": "WEEK", "mo": "MONTH", "q": "QUARTER", "y": "YEAR"}


def floor(time: str, period: Duration) -> str:
    """`time` (milliseconds) at the start of its period; weeks begin on Monday."""
    count = _count(period)
    if period.unit in _MS:
        step = count * _MS[period.unit]
        return f"({time} - positiveModulo({time}, {step}))"
    start = f"toStartOfInterval({_date(time)}, INTERVAL {count} {_CALENDAR[period.unit]}, 'UTC')"
    return f"(toInt64(toUnixTimestamp(toDateTime({start}, 'UTC'))) * 1000)"


def ceil(time: str, period: Duration) -> str:
    """`time` at the end of its period, or as it is at the start of one."""
    low, count = floor(time, period), _count(period)
    if period.unit in _MS:
        high = f"({low} + {count * _MS[period.unit]})"
    else:
        moved = f"addDate(toDateTime({_date(low)}, 'UTC'), INTERVAL {count} {_CALENDAR[period.unit]})"
        high = f"(toInt64(toUnixTimestamp({moved})) * 1000)"
    return f"if({low} = {time}, {time}, {high})"


def _count(period: Duration) -> int:
    return max(1, min(period.count, CAPS.get(period.unit, MAX_COUNT)))


def _date(time: str) -> str:
    return f"fromUnixTimestamp64Milli(toInt64({time}), 'UTC')"
