"""Waiting for what another process does: as long as it takes on a machine that does much else, and no longer."""

import os
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = float(os.environ.get("PATIENCE_S", "120"))
"""Two minutes, or what who runs the tests on a machine that is worked to its limit says."""
_SHORTEST_S, _LONGEST_S = 0.02, 0.5


def until(found: Callable[[], T], what: str) -> T:
    """The first answer of `found` that is true; it is asked again and again, for LIMIT_S. `what` is told then.

    Each pause is half as long again as the one before: who asks without one keeps the other process from its work.
    """
    end = time.monotonic() + LIMIT_S
    pause, pause_s = Event(), _SHORTEST_S
    while not (answer := found()):
        assert time.monotonic() < end, f"waited {LIMIT_S:g} s: {what}; the last answer was {answer!r}"
        pause.wait(pause_s)
        pause_s = min(1.5 * pause_s, _LONGEST_S)
    return answer
