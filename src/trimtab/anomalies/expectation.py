"""What was expected of a series when an anomaly began: limits from the points before it."""

import numpy as np
from msgspec import Struct

from trimtab.anomalies.model import BEFORE, PICTURE, SLOT_MS, Direction
from trimtab.timeseries.bands import Settings, Times, Values, fit_bands

LEARNT = 3024
"""Points learnt from: ten and a half days. With CHUNK more they are what a bank remembers, however points came."""
CHUNK = 1008
"""Points of a series that are scored in one go, at most."""
_WIDTH = 3.0
"""Standard deviations: what the picture's band shows. It does not decide what is an anomaly."""


class Expectation(Struct, frozen=True):
    """`lows` and `highs` for the slots of a picture, which begins at `picture_ms`."""

    picture_ms: int
    lows: Values
    highs: Values

    def at(self, time_ms: int) -> tuple[float, float]:
        """The limits for the slot that begins at `time_ms`."""
        slot = min(max((time_ms - self.picture_ms) // SLOT_MS, 0), PICTURE - 1)
        return float(self.lows[slot]), float(self.highs[slot])

    def direction(self, time_ms: int, value: float) -> Direction:
        """Where `value` lies."""
        low, high = self.at(time_ms)
        return Direction.ABOVE if value > high else Direction.BELOW if value < low else Direction.SHAPE


def expect(times: Times, values: Values, start_ms: int) -> Expectation:
    """What the points before `start_ms` (`times` in ms, ascending) made expect around that time.

    Where there are too few to learn from, the range of what there is.
    """
    until = int(np.searchsorted(times, start_ms))
    times, values = times[max(until - LEARNT, 0) : until], values[max(until - LEARNT, 0) : until]
    picture_ms = start_ms - BEFORE * SLOT_MS
    at = picture_ms + SLOT_MS * np.arange(PICTURE)
    # What never was negative cannot become so: counts, sizes, durations, shares.
    bounded = Settings(low=0.0 if len(values) and values.min() >= 0.0 else -np.inf)
    model = fit_bands(times, times, values, settings=bounded)
    if model is None:
        low, high = (float(values.min()), float(values.max())) if len(values) else (np.nan, np.nan)
        return Expectation(picture_ms, np.full(PICTURE, low), np.full(PICTURE, high))
    upper, lower = model.limits(at, at, _WIDTH)
    return Expectation(picture_ms, lower, upper)
