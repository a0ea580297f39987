"""How late an event loop is: work that holds it up keeps every request and every other job waiting."""

import asyncio
from collections import deque

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job

_STEP_S = 0.1
_KEPT = 60
"""Looks that are kept, a second apart: a minute of them, as others scrape."""


class LoopLag(Struct):
    """Of one loop."""

    clock: Clock
    _found: "deque[float]" = field(default_factory=lambda: deque(maxlen=_KEPT))

    def job(self) -> Job:
        """The job that looks."""
        return Job("look how late the event loop is", 1.0, self.look)

    async def look(self) -> None:
        """Sleep a moment, and note by how much longer it took."""
        began_s = self.clock.monotonic()
        await asyncio.sleep(_STEP_S)
        self.note(self.clock.monotonic() - began_s - _STEP_S)

    def note(self, seconds: float) -> None:
        """Keep a look."""
        self._found.append(max(0.0, seconds))

    @property
    def worst_s(self) -> float:
        """The longest of the last minute (s)."""
        return max(self._found, default=0.0)
