"""Timestamps: milliseconds since the epoch inside trimtab, four forms on AWS's wires.

`unixTimestamp` is seconds with a fraction, `iso8601` is `2026-11-25T10:00:00Z`, `rfc822` is the HTTP date.
Reading takes any of them where a protocol allows text, as the services do.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from trimtab.base.clock import iso, to_datetime, to_ms
from trimtab.doors.aws.wire.malformed import Malformed

_COMPACT = re.compile(r"\d{8}T\d{6}Z?")
_EXPECTED = "a timestamp: seconds since 1970 or ISO 8601 such as 2026-11-25T10:00:00Z"
_LIMIT_S = 253_402_300_800
"""Seconds at the end of year 9999: no service takes a later time, and datetime ends there."""


def from_seconds(seconds: float) -> int:
    """Seconds since the epoch as milliseconds. Raises Malformed for NaN, infinities and absurd years."""
    if abs(seconds) >= _LIMIT_S or not math.isfinite(seconds):
        raise Malformed(_EXPECTED, seconds)
    return round(seconds * 1000)


def from_text(text: str) -> int:
    """Text in any of the forms as milliseconds. Raises Malformed."""
    text = text.strip()
    try:
        return from_seconds(float(text))
    except ValueError:
        pass
    try:
        if _COMPACT.fullmatch(text):
            return to_ms(datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC))
        if text[:1].isdigit():
            return to_ms(datetime.fromisoformat(text))
        return to_ms(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        raise Malformed(_EXPECTED, text) from None


def seconds(ms: int) -> int | float:
    """Milliseconds as seconds, whole where they are whole."""
    whole, rest = divmod(ms, 1000)
    return whole if rest == 0 else ms / 1000


def text(ms: int, form: str) -> str:
    """Milliseconds in the form that a model names: unixTimestamp, iso8601 or rfc822."""
    if form == "rfc822":
        return format_datetime(to_datetime(ms), usegmt=True)
    return str(seconds(ms)) if form == "unixTimestamp" else iso(ms)
