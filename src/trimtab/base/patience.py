"""How long a caller waits for facts that are being brought up to now, before it takes those that are known: set around
a page, without end everywhere else.

All that a page asks shares its patience: what one question waited is gone for the next. The context carries it into
threads and tasks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from trimtab.base.clock import Clock

_ends: ContextVar[float | None] = ContextVar("end of patience", default=None)


def left_s(clock: Clock) -> float | None:
    """The seconds that are left, 0 where none is; None without end."""
    ends = _ends.get()
    return None if ends is None else max(ends - clock.monotonic(), 0.0)


@contextmanager
def of(seconds: float | None, clock: Clock) -> Iterator[None]:
    """Within it callers wait so long, all together; as long as it takes with None."""
    token = _ends.set(None if seconds is None else clock.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)
