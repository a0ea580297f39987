"""DateInterval and Granularity: read, checked and written as Cost Explorer does. Start is inclusive, End exclusive."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab.base.clock import to_datetime, to_ms
from trimtab.costs.model import Granularity
from trimtab.costs.periods import Period, is_month, next_month
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.doors.aws.cost_explorer.rooms import invalid

FINAL_AFTER_MS = 5 * DAY_MS
"""AWS issues a month's invoice between its third and its fifth day after the month; until then figures may move."""
_LENGTH = {10: "%Y-%m-%d", 20: "%Y-%m-%dT%H:%M:%SZ"}


def read_interval(interval: Mapping[str, Any], granularity: Granularity) -> Period:
    """The bounds in ms. Raises AwsError (ValidationException) for what is no interval of that granularity."""
    start, end = (_instant(str(interval.get(name, "")), name) for name in ("Start", "End"))
    hourly = granularity is Granularity.HOURLY
    if not hourly and (start % DAY_MS or end % DAY_MS):
        raise invalid("Hourly timePeriod is not supported for this request")
    if start % HOUR_MS or end % HOUR_MS:
        raise invalid("Start and end time must be on whole hours")
    if start >= end:
        raise invalid("Start date (and hour) should be before end date (and hour)")
    return start, end


def read_month(interval: Mapping[str, Any], name: str) -> Period:
    """The bounds of exactly one calendar month, as comparisons need them."""
    start, end = read_interval(interval, Granularity.MONTHLY)
    if not is_month(start, end):
        raise invalid(f"{name} must start and end on the first day of a month, with a duration of exactly one month")
    return start, end


def on_wire(start_ms: int, end_ms: int, granularity: Granularity = Granularity.DAILY) -> dict[str, str]:
    """A DateInterval: days, or instants where hours were asked for."""
    form = _LENGTH[20] if granularity is Granularity.HOURLY else _LENGTH[10]
    return {"Start": to_datetime(start_ms).strftime(form), "End": to_datetime(end_ms).strftime(form)}


def estimated(start_ms: int, end_ms: int, now_ms: int) -> bool:
    """Whether a period's figures may still move: its last month has no final invoice yet."""
    return now_ms < next_month(max(end_ms - 1, start_ms)) + FINAL_AFTER_MS


def _instant(text: str, name: str) -> int:
    form = _LENGTH.get(len(text))
    if form is None:
        raise invalid(f"{name} time {text} is invalid. Valid format is: yyyy-MM-dd or yyyy-MM-ddTHH:mm:ssZ.")
    try:
        return to_ms(datetime.strptime(text, form).replace(tzinfo=UTC))
    except ValueError:
        raise invalid(f"{name} time {text} is invalid. Valid format is: {form}.") from None
