"""Peaks that come back at the same time of day: part of what is normal where a metric is known to have them."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

_DAY_MS = 86_400_000
_SLOTS = 144
"""Ten minutes: a job that starts a little earlier or later still spikes in its own slot or the next."""
_OUTSIDE = 3.0
"""Sigmas beyond which a point is a spike."""
_DAYS = 2
"""Days on which a slot must have spiked for the spike to be expected."""


class Spikes(Struct, frozen=True):
    """The highest and lowest spike of each slot of a day; infinite the other way where there is none."""

    highest: Values
    lowest: Values

    def widened(self, local_ms: Times, upper: Values, lower: Values) -> tuple[Values, Values]:
        """The limits, moved out where a spike is expected."""
        slot = (local_ms % _DAY_MS) * _SLOTS // _DAY_MS
        return np.maximum(upper, self.highest[slot]), np.minimum(lower, self.lowest[slot])


def fit_spikes(local_ms: Times, values: Values, rest: Values, spread: float) -> Spikes:
    """The spikes among `values`, of which `rest` is what a model with `spread` does not explain."""
    slot = (local_ms % _DAY_MS) * _SLOTS // _DAY_MS
    day = local_ms // _DAY_MS
    highest, lowest = np.full(_SLOTS, -np.inf), np.full(_SLOTS, np.inf)
    for sign, edges in ((1.0, highest), (-1.0, lowest)):
        wild = sign * rest > _OUTSIDE * spread
        for own in np.unique(slot[wild]):
            near = wild & (np.abs((slot - own + _SLOTS // 2) % _SLOTS - _SLOTS // 2) <= 1)
            if len(np.unique(day[near])) < _DAYS:
                continue
            extreme = values[near].max() if sign > 0 else values[near].min()
            for at in (own - 1, own, own + 1):
                held = edges[at % _SLOTS]
                edges[at % _SLOTS] = max(held, extreme) if sign > 0 else min(held, extreme)
    return Spikes(highest, lowest)
