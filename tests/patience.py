"""Waiting for what another process does: as long as it takes on a machine that does much else, and no longer."""

import os
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = float(os.environ.get("PATIENCE_S", "120"))
"""Two minutes, or what who runs the tests on a machine that is worked to its limit says."""
_PAUSE_S = 0.05


def until(found: Callable[[], T], what: str) -> T:
    """The first answer of `found` that is true; it is asked again and again, for LIMIT_S. `what` is told then."""
    end = time.monotonic() + LIMIT_S
    pause = Event()
    while not (answer := found()):
        assert time.monotonic() < end, f"waited {LIMIT_S:g} s: {what}; the last answer was {answer!r}"
        pause.wait(_PAUSE_S)
    return answer
