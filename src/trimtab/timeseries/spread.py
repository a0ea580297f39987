"""How far values scatter, by the time of day where that differs."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.timeseries.robust import sigma

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

_DAY_MS = 86_400_000
_SLOTS = 24
_PRIOR = 40.0
"""Points that the whole day's spread counts for beside an hour's own: few points of an hour say little."""


class Spread(Struct, frozen=True):
    """Standard deviations of what is not explained, one for each of the equal parts of a day (or one for all)."""

    sigmas: Values

    @staticmethod
    def of(value: float) -> "Spread":
        """The same spread at all times."""
        return Spread(np.array([value]))

    def at(self, local_ms: Times) -> Values:
        """The spread at local times (ms), straight lines between the middles of the parts."""
        parts = len(self.sigmas)
        if parts == 1:
            return np.full(len(local_ms), self.sigmas[0])
        place = (local_ms % _DAY_MS) / _DAY_MS * parts - 0.5
        below = np.floor(place).astype(np.int64)
        share = place - below
        told: Values = self.sigmas[below % parts] * (1.0 - share) + self.sigmas[(below + 1) % parts] * share
        return told


def fit_spread(
    local_ms: Times, rest: Values, step_ms: int, *, by_day: bool, least: float, tail: float = 0.05
) -> Spread:
    """The spread of `rest` (values less what was expected); never below `least`.

    A share of `tail` wild values on each side does not count.
    By the hour of the day where `by_day`, there are points enough for each, and hours do differ.
    """
    overall = max(sigma(rest, tail), least)
    if not by_day or len(rest) < _SLOTS * _PRIOR or step_ms > _DAY_MS // _SLOTS:
        return Spread.of(overall)
    hour = (local_ms % _DAY_MS) * _SLOTS // _DAY_MS
    own = np.empty(_SLOTS)
    for slot in range(_SLOTS):
        # An hour with its neighbours: three times the points, and no jumps.
        near = np.isin(hour, ((slot - 1) % _SLOTS, slot, (slot + 1) % _SLOTS))
        part = rest[near]
        number = len(part) / 3.0
        own[slot] = np.sqrt((number * sigma(part, tail) ** 2 + _PRIOR * overall**2) / (number + _PRIOR))
    return Spread(np.maximum(own, least))
