"""Scales: from values to pixels."""

import math
from collections.abc import Iterable

from msgspec import Struct


class LinearScale(Struct, frozen=True):
    """Maps `[low, high]` onto `[start, end]`; a domain without width maps to `start`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The position of `value`."""
        if self.high == self.low:
            return self.start
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def extent_from_zero(values: Iterable[float | None]) -> tuple[float, float]:
    """The range an axis must cover: from 0 (or the least, where negative) to the largest; (0, 1) without values."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(0.0, *known), max(0.0, *known)
    return (low, high) if high > low else (low, low + 1.0)
