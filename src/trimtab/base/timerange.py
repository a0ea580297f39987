"""Half-open time ranges `[start, end)` in UTC milliseconds, and the words people write them with."""

import re
from datetime import datetime

from msgspec import Struct

from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


class TimeRange(Struct, frozen=True):
    """`[start_ms, end_ms)`, milliseconds since the epoch."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse an empty or reversed range."""
        if self.end_ms <= self.start_ms:
            raise InvalidInput(f"cannot use time range: got {self.start_ms} to {self.end_ms}; expected start < end")

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end_ms - self.start_ms) / 1000


def parse_duration_ms(text: str) -> int:
    """`90s`, `1h30m`, `14d` as milliseconds. Raises InvalidInput for anything else."""
    position, total = 0, 0.0
    for match in _DURATION.finditer(text):
        if match.start() != position:
            break
        total += float(match[1]) * _UNIT_MS[match[2]]
        position = match.end()
    if not text or position != len(text):
        raise InvalidInput(f"cannot read duration: got {text!r}; expected number and unit, such as 90s, 1h30m or 14d")
    return round(total)


_MOST_DIGITS = 1000
"""Of a number that is read at all; Python itself reads 4,300."""


def parse_instant_ms(text: str, now_ms: int) -> int:
    """`now`, `-3h` (before now), epoch milliseconds, epoch seconds or ISO 8601, as milliseconds."""
    text = text.strip()
    if text in ("", "now"):
        return now_ms
    if text.startswith("-") and not text[1:].isdecimal():
        return now_ms - parse_duration_ms(text[1:])
    if text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text) if len(text) > 11 else int(text) * 1000
    try:
        return to_ms(datetime.fromisoformat(text))
    except ValueError:
        raise InvalidInput(
            f"cannot read time: got {text!r}; expected now, -3h, ISO 8601 (2026-11-25T10:00:00Z) or epoch milliseconds"
        ) from None


def parse_since_ms(text: str, now_ms: int) -> int:
    """When something begins that ends now: a time before it (`60d`) or an instant. Raises InvalidInput."""
    try:
        since_ms = now_ms - parse_duration_ms(text)
    except InvalidInput:
        since_ms = parse_instant_ms(text, now_ms)
    if not 0 < since_ms < now_ms:
        raise InvalidInput(f"cannot read since {text!r}: expected a time in the past, such as 60d", field="--since")
    return since_ms
