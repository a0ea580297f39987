"""A process keeps a budget of memory: it looks at what it holds, gives back what is free, and says when it is too much.

What Python let go of often stays with the C library, in case it is wanted again: after a burst a process is as large as
at its peak. So before memory counts as used, it is asked to be given back.
"""

import ctypes
import logging
import resource
from collections.abc import Callable
from pathlib import Path

from trimtab.jobs.periodic import Job

logger = logging.getLogger(__name__)

EVERY_S = 2.0
_RELIEF = 0.95
"""Share of the budget below which it is kept again: not at once, lest it is passed at the next request."""
_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """What this process holds in memory now; 0 where the system does not say."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def give_back() -> None:
    """Give free memory back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class MemoryWatch:
    """Looks every few seconds; `tell` hears when the budget is passed and when it is kept again."""

    def __init__(
        self,
        budget_mb: int,
        tell: Callable[[bool], None] = lambda over: None,
        resident: Callable[[], int] = resident_bytes,
        relieve: Callable[[], None] = give_back,
    ) -> None:
        self._budget = budget_mb << 20
        self._tell = tell
        self._resident = resident
        self._relieve = relieve
        self.over = False

    def job(self) -> Job:
        """What looks."""
        return Job("keep the budget of memory", EVERY_S, self.look)

    async def look(self) -> None:
        """Look once."""
        limit = self._budget * (_RELIEF if self.over else 1)
        held = self._resident()
        if held > limit:
            self._relieve()
            held = self._resident()
        over = held > limit
        if over != self.over:
            self.over = over
            words = "is passed" if over else "is kept again"
            logger.warning("the budget of %d MiB %s: %d MiB are held", self._budget >> 20, words, held >> 20)
            self._tell(over)
