"""The history of how fast data arrives, for one sparkline: noted whenever a page asks."""

from collections import deque

from msgspec import Struct, field

from trimtab.base.clock import Clock

_KEEP = 120  # notes: ten minutes at one every 5 s
_LEAST_S = 4.0  # seconds between two notes: every viewer asks, one note serves them all


class Arrivals(Struct):
    """Rows per second over the last minutes."""

    clock: Clock
    _noted: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_KEEP))

    def note(self, rows_per_s: float) -> None:
        """Remember the rate now, unless one was noted just before."""
        now = self.clock.monotonic()
        if not self._noted or now - self._noted[-1][0] >= _LEAST_S:
            self._noted.append((now, rows_per_s))

    def trend(self) -> list[float | None]:
        """The noted rates, oldest first."""
        return [rate for _, rate in self._noted]
