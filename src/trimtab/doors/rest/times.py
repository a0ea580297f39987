"""Times, periods and dimensions as query parameters write them."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags
from trimtab.base.timerange import TimeRange, parse_duration_ms, parse_instant_ms

LAST_MS = 4_102_444_800_000
"""2100-01-01: times are held between 1970 and here, inside what the engine's day partitions can hold (2149)."""
_TEXT_LIMIT = 64

# What cannot be said with a type is said in the schema alone, and checked below with a message for a person.
_INSTANT_FORMS = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": "^(now|-[0-9]{1,6}(ms|s|m|h|d|w)|[0-9]{1,13})$"},
    ]
}
_PERIOD_FORMS = {"pattern": "^([1-9][0-9]{0,6}s?|[1-9][0-9]{0,4}m|[1-9][0-9]{0,2}h|[1-9][0-9]?d)$"}
INSTANT_FORMS = "now, -3h (before now), ISO 8601, epoch seconds or epoch milliseconds"

Instant = Annotated[
    str, Meta(min_length=1, max_length=_TEXT_LIMIT, description=f"{INSTANT_FORMS}.", extra_json_schema=_INSTANT_FORMS)
]
Duration = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=16,
        description="Seconds, or a number and a unit: 60, 90s, 5m, 1h, 1d.",
        extra_json_schema=_PERIOD_FORMS,
    ),
]
Dimension = Annotated[str, Meta(max_length=500, pattern=r"^[^=]+=[\s\S]+$")]
"""`name=value`. Ten of them, percent-encoded, stay below the 64 KiB that the HTTP parser takes as a request line."""

PERIODS_S = (10, 30, 60, 300, 900, 3600, 21_600, 86_400)
"""What a period is chosen from where none is given: steps that people know and that divide a day, from the agent's
own interval up (a finer step would show gaps)."""
_WANTED_POINTS = 1000


def instant_ms(text: str, now_ms: int, field: str) -> int:
    """A time parameter in milliseconds, held between 1970 and 2100. Raises InvalidInput that names `field`."""
    if len(text) > _TEXT_LIMIT or not text.isascii():
        raise InvalidInput(f"cannot read {field}: expected {INSTANT_FORMS}", field=field)
    try:
        at = parse_instant_ms(text.upper() if "T" in text.upper() else text, now_ms)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field=field) from None
    except OverflowError:  # the first and the last hours of the calendar, in another zone
        raise InvalidInput(f"cannot read {field}: got {text!r}, which no calendar holds", field=field) from None
    return min(max(at, 0), LAST_MS)


def time_range(start: str, end: str, now_ms: int) -> TimeRange:
    """The range between two instants, whichever comes first, of a millisecond at least. Raises InvalidInput."""
    first, last = sorted((instant_ms(start, now_ms, "start"), instant_ms(end, now_ms, "end")))
    return TimeRange(first, max(last, first + 1))


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


def dimension_filters(pairs: Sequence[str]) -> Tags:
    """`name=value` pairs. A name with two values stays so: no series has both, and none is found."""
    return tuple(sorted({(name, value) for name, _, value in (pair.partition("=") for pair in pairs)}))
