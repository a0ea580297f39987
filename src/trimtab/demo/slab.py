"""A slab: a stretch of time at one step, the unit in which the demo is computed, sent and remembered as sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from trimtab.demo.noise import Times
from trimtab.demo.world import COARSE_S, FINE_MS, FINE_S

_DAY_MS, _HOUR_MS, _MINUTE_MS = 86_400_000, 3_600_000, 60_000
_NOW = 20  # times of a slab of the live demo, after a pause of five minutes at most
Slow = slice | npt.NDArray[np.intp]


@dataclass(frozen=True)
class Slab:
    """The times `first_ms`, `first_ms + step`, … up to `last_ms`."""

    first_ms: int
    last_ms: int
    step_s: int

    @cached_property
    def times(self) -> Times:
        """Every time of it."""
        return np.arange(self.first_ms, self.last_ms + 1, self.step_s * 1000)

    @property
    def fine(self) -> bool:
        """Whether it is of the recent past, of which more metrics are kept."""
        return self.step_s == FINE_S

    @cached_property
    def slow(self) -> Slow:
        """Which of its times metrics of little haste are sent at: every minute of history, every step of now."""
        if not self.fine or len(self.times) <= _NOW:
            return slice(None)
        return np.flatnonzero(self.times % _MINUTE_MS == 0)


def plan(after_ms: int, through_ms: int) -> Iterator[Slab]:
    """Slabs after `after_ms` through `through_ms`: five-minute days of UTC, then the last hours at 15 s.

    The store is partitioned by UTC day: a slab that keeps to one makes few, large parts. The first slab of each step
    is one time only, in which the doors meet the series: one not met before is slow to take, once for each sample.
    """
    fine_from = _ceil(through_ms - FINE_MS, COARSE_S * 1000)
    yield from _cut(_ceil(after_ms + 1, COARSE_S * 1000), fine_from - 1, COARSE_S, _DAY_MS)
    yield from _cut(max(_ceil(after_ms + 1, FINE_S * 1000), fine_from), through_ms, FINE_S, _HOUR_MS)


def _cut(first_ms: int, last_ms: int, step_s: int, longest_ms: int) -> Iterator[Slab]:
    step = step_s * 1000
    if first_ms <= last_ms:
        yield Slab(first_ms, first_ms, step_s)
        first_ms += step
    while first_ms <= last_ms:
        end = min((first_ms // longest_ms + 1) * longest_ms - 1, last_ms)
        yield Slab(first_ms, (end - first_ms) // step * step + first_ms, step_s)
        first_ms = _ceil(end + 1, step)


def _ceil(ms: int, step: int) -> int:
    return -(-ms // step) * step
