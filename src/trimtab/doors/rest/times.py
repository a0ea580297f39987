"""Times, periods and dimensions as query parameters write them."""

from typing import Annotated

from msgspec import Meta

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.base.timerange import TimeRange, parse_duration_ms, parse_instant_ms

LAST_MS = 4_102_444_800_000
"""2100-01-01: what lies beyond is a mistake, and the engine's day partitions end in 2149."""
LONGEST_MS = 5 * 366 * 86_400_000
"""The longest range of one read, five years: CloudWatch keeps 455 days, audit and cost history longer."""
_TEXT_LIMIT = 64

Instant = Annotated[
    str,
    Meta(max_length=_TEXT_LIMIT, description="now, -3h (before now), ISO 8601, epoch seconds or epoch milliseconds."),
]
Duration = Annotated[str, Meta(max_length=16, description="Seconds, or a number and a unit: 60, 90s, 5m, 1h, 1d.")]
Dimension = Annotated[str, Meta(min_length=3, max_length=1300, pattern="=", description="name=value")]

PERIODS_S = (1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400)
"""What a period is chosen from where none is given: steps that people know and that divide a day."""
_WANTED_POINTS = 1000


def instant_ms(text: str, now_ms: int, field: str) -> int:
    """A time parameter in milliseconds. Raises InvalidInput that names `field`."""
    if len(text) > _TEXT_LIMIT or not text.isascii():
        raise InvalidInput(f"cannot read {field}: expected now, -3h, ISO 8601 or epoch milliseconds", field=field)
    try:
        return parse_instant_ms(text, now_ms)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field=field) from None
    except OverflowError:
        raise InvalidInput(f"cannot read {field}: got {text!r}, which no calendar holds", field=field) from None


def time_range(start: str, end: str, now_ms: int) -> TimeRange:
    """The range `[start, end)`. Raises InvalidInput for one that is empty, reversed, absurd or too long."""
    bounds = {"start": instant_ms(start, now_ms, "start"), "end": instant_ms(end, now_ms, "end")}
    for field, at in bounds.items():
        if not 0 <= at <= LAST_MS:
            raise InvalidInput("cannot use time range: expected it between 1970 and 2100", field=field)
    range_ = TimeRange(bounds["start"], bounds["end"])
    if range_.end_ms - range_.start_ms > LONGEST_MS:
        raise LimitExceeded("cannot read more than five years at once; try a shorter range", field="start")
    return range_


def period_s(text: str | None, range_: TimeRange) -> int:
    """The period in seconds; where none is given, one that makes about a thousand points at most."""
    if text is None:
        wanted = range_.seconds / _WANTED_POINTS
        return next((period for period in PERIODS_S if period >= wanted), PERIODS_S[-1])
    if not text.isascii():
        raise InvalidInput(f"cannot read period: got {text!r}; expected 60, 90s, 5m, 1h or 1d", field="period")
    try:
        milliseconds = int(text) * 1000 if text.isdecimal() else parse_duration_ms(text)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="period") from None
    if milliseconds < 1000 or milliseconds % 1000 or milliseconds > 31_536_000_000:
        raise InvalidInput(f"cannot use period {text!r}: expected whole seconds, from 1s to 365d", field="period")
    return milliseconds // 1000


def dimension_filters(pairs: list[str]) -> dict[str, str]:
    """`name=value` pairs as a mapping. Raises InvalidInput for one without a name, or a name given twice."""
    filters: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name or not value or name in filters:
            raise InvalidInput(f"cannot use dimension {pair!r}: expected name=value, each name once", field="dimension")
        filters[name] = value
    return filters
