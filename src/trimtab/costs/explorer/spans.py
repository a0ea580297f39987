"""Ranges of a bill by name, always whole months up to the last that has a line: a bill is weeks behind the clock."""

from collections.abc import Mapping

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Granularity
from trimtab.costs.periods import Period, month_before, month_start, next_month, previous
from trimtab.costs.read_sql import DAY_MS

MONTHS: Mapping[str, int] = {"1m": 1, "3m": 3, "6m": 6, "12m": 12}
ALL = "all"
DEFAULT = "3m"
NAMES = (*MONTHS, ALL)
MOST_DAYS = 100
"""Days that are still told apart as bars of a chart; beyond, months are."""


def named_span(name: str, extent: Period) -> Period:
    """The last months of `extent`, the first and last day with a line. Raises InvalidInput for another name."""
    if name == ALL:
        return month_start(extent[0]), next_month(extent[1] - 1)
    if name not in MONTHS:
        raise InvalidInput(f"cannot read range {name[:20]!r}: expected one of {', '.join(NAMES)}", field="range")
    last = month_start(extent[1] - 1)
    start = last
    for _ in range(MONTHS[name] - 1):
        start = month_before(start)
    return start, next_month(last)


def compared(span: Period, extent: Period) -> tuple[Period, Period]:
    """What a span is compared with, and the part of it that is: of a month that still goes on, as many days of both."""
    before = previous(*span)
    last, whole = month_start(span[1] - 1), month_start(before[1] - 1)
    unfinished = last < extent[1] < span[1] and span[0] <= last and month_start(span[1]) == span[1]
    if not unfinished or month_start(span[0]) != span[0]:
        return before, span
    days = extent[1] - last
    return (before[0], min(whole + days, before[1])), (span[0], extent[1])


def fitting(span: Period) -> Granularity:
    """Days where they can be told apart, else months."""
    return Granularity.DAILY if span[1] - span[0] <= MOST_DAYS * DAY_MS else Granularity.MONTHLY
