"""The distribution of waits of which some never ended in a start: Kaplan and Meier's estimate (1958), with weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Distribution:
    """Of waits of at least `age_s`: at `times` (s, ascending) a share of `shares` have started. At least one time."""

    age_s: float
    times: Numbers
    shares: Numbers

    def quantile(self, share: float) -> float:
        """The time by which a share has started; the longest that was seen, where no more is known."""
        return float(self.times[min(int(np.searchsorted(self.shares, share - 1e-12)), len(self.times) - 1)])

    def shortest(self, mass: float) -> tuple[float, float]:
        """The shortest interval in which a share of waits ends; waits crowd at its low end, as a rule."""
        before = np.concatenate(([0.0], self.shares[:-1]))
        ends = np.searchsorted(self.shares, before + mass - 1e-12)
        known = ends < len(self.times)
        if not known.any():
            return self.age_s, float(self.times[-1])
        lengths = np.where(known, self.times[np.minimum(ends, len(self.times) - 1)] - self.times, np.inf)
        place = int(np.argmin(lengths))
        return float(self.times[place]), float(self.times[ends[place]])


def distribution_of(
    lengths: Numbers, started: NDArray[np.bool_], weights: Numbers, age_s: float
) -> Distribution | None:
    """Of waits that were as long as an age; None where none of them ended in a start."""
    longer = (lengths >= age_s) & (weights > 0)
    if not (longer & started).any():
        return None
    lengths, started, weights = lengths[longer], started[longer], weights[longer]
    order = np.lexsort((~started, lengths))  # of equal times those that started come first: they were still waiting
    lengths, started, weights = lengths[order], started[order], weights[order]
    waiting = np.cumsum(weights[::-1])[::-1]
    shares = 1 - np.cumprod(1 - np.where(started, weights / waiting, 0.0))
    return Distribution(age_s, lengths, shares)
