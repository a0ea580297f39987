"""What every reading has: it runs until it is stopped, and tells how far it is."""

import threading
from typing import Protocol

from msgspec import Struct

from trimtab.base.errors import TrimtabError


class Progress(Struct, frozen=True, kw_only=True):
    """How far a reading is: `rows` of a `unit`, over a span of time (ms), `share` of the history (0 to 1).

    `left_out` are sentences about what was refused or not kept.
    """

    rows: int
    unit: str
    span: tuple[int, int] | None = None
    share: float = 0.0
    left_out: tuple[str, ...] = ()
    note: str = ""


class Reading(Protocol):
    """One source, for one thread."""

    follows: bool
    """Whether it goes on with what comes; else it ends when what there was is read."""

    def run(self, stop: threading.Event) -> None:
        """Read until `stop`. Raises a TrimtabError with what went wrong, Stopped where it was told to end."""
        ...

    def progress(self) -> Progress:
        """How far it is; asked from other threads."""
        ...


class Stopped(TrimtabError):
    """The reading was told to end."""


def waiter(stop: threading.Event) -> "Waiter":
    """A wait of seconds that ends the reading when it is told to stop."""
    return Waiter(stop)


class Waiter:
    """Waits; called with seconds."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def __call__(self, seconds: float) -> None:
        """Wait, or raise Stopped."""
        if self._stop.wait(seconds):
            raise Stopped("it was stopped")

    def check(self) -> None:
        """Raise Stopped where it was told to end."""
        if self._stop.is_set():
            raise Stopped("it was stopped")
