"""The one reader of the wall clock: UTC, in integer milliseconds or aware datetimes.

Everything that needs "now" takes a `Clock`, so that tests drive time and never sleep.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a part of trimtab may ask of time."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()


@dataclass
class ManualClock:
    """A clock that moves only when told to: for tests, replay and the demo."""

    at_ms: int = 1_764_000_000_000

    def now_ms(self) -> int:
        """The time it was last set to, in milliseconds."""
        return self.at_ms

    def monotonic(self) -> float:
        """The same time, in seconds."""
        return self.at_ms / 1000

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self.at_ms += round(seconds * 1000)


def to_datetime(ms: int) -> datetime:
    """Milliseconds since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_ms(when: datetime) -> int:
    """An aware datetime as milliseconds since the epoch (a naive one is taken as UTC)."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)


def iso(ms: int) -> str:
    """Milliseconds as ISO 8601 with a Z, to the second or, where there are any, to the millisecond."""
    when = to_datetime(ms)
    text = when.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")
    return text.replace("+00:00", "Z")
