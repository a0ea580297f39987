"""The time zone in which the viewer of a page reads times: set around a page, UTC everywhere else.

It changes nothing but text. What is kept, computed, asked for by an address or written into a file is UTC, and days of
a bill are its provider's. The context carries it into threads and tasks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from zoneinfo import ZoneInfo

from trimtab.base.clock import to_datetime

_UTC = "UTC"
_current: ContextVar[str] = ContextVar("viewer's zone", default=_UTC)


def current() -> str:
    """The name of the zone."""
    return _current.get()


def local(ms: int) -> datetime:
    """A moment as the viewer reads it."""
    name = _current.get()
    return to_datetime(ms) if name == _UTC else to_datetime(ms).astimezone(ZoneInfo(name))


def offset_ms(ms: int) -> int:
    """How far the viewer's clock is ahead of UTC at a moment."""
    ahead = local(ms).utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds() * 1000)


@contextmanager
def reading_in(name: str) -> Iterator[None]:
    """Within it, times are read in the zone of that name, which must be known; "" is UTC."""
    token = _current.set(name or _UTC)
    try:
        yield
    finally:
        _current.reset(token)
