"""Where an objective stops being met, from all levels at once.

Near the knee of a queue the logarithm of the share of misses is linear in the rate (exactly so for M/M/1), so every
level near it says something about where the line crosses the objective. Levels that say nothing leave a bracket.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.capacity.curve import Interval
from trimtab.inference.standing import MEETS, MISSES, Standing

_NEAR = 15.0  # levels whose misses are within so many times the allowed share are on the straight part
_MOST_MISSES = 0.3  # beyond it a queue is not stable, and misses depend on how long it was held
_LEAST_MISSES = 4.0  # a share of fewer effective misses has no useful logarithm
_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Bracket:
    """The highest rate that met the objective and the lowest that did not; 0 and infinity where there is none."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart they are, as a share of the middle."""
        if not self.low or math.isinf(self.high):
            return math.inf
        return 2 * (self.high - self.low) / (self.high + self.low)


def bracket(levels: Sequence[Standing], share: float, *, sure: bool = False) -> Bracket:
    """The bracket that levels leave; `sure` ones count only where they are certain.

    A level that is not certain counts as met where that is likelier, and never as missed: the next ones will tell. A
    miss below a rate that certainly met the objective was a disturbance.
    """
    certain = max((one.rate for one in levels if one.verdict == MEETS and one.keeps_up), default=0.0)
    missed = [one.rate for one in levels if (one.verdict == MISSES or not one.keeps_up) and one.rate > certain]
    high = min(missed, default=math.inf)
    likely = [one.rate for one in levels if one.keeps_up and one.attainment.value >= share and one.rate < high]
    return Bracket(certain if sure or not likely else max(certain, *likely), high)


def crossing(levels: Sequence[Standing], share: float) -> Interval | None:
    """The rate at which the line through the levels crosses the objective, with 95 %; None where they do not tell."""
    allowed = 1 - share
    usable = [
        one
        for one in levels
        if one.keeps_up
        and one.misses * one.worth >= _LEAST_MISSES
        and allowed / _NEAR <= one.misses <= min(_MOST_MISSES, allowed * _NEAR)
    ]
    if len({one.rate for one in usable}) < 2:
        return None
    line = _line([(one.rate, math.log(one.misses), one.misses * one.worth / (1 - one.misses)) for one in usable])
    if line is None or line.slope <= 0:
        return None
    step = (math.log(allowed) - line.height) / line.slope
    rate = line.at + step
    error = math.sqrt(line.height_variance + step**2 * line.slope_variance) / line.slope
    return Interval(rate, rate - _Z95 * error, rate + _Z95 * error) if rate > 0 else None


@dataclass(frozen=True, slots=True)
class _Line:
    at: float
    height: float
    slope: float
    height_variance: float
    slope_variance: float


def _line(points: Sequence[tuple[float, float, float]]) -> _Line | None:
    """The weighted line through (x, y, weight), about the mean of x, where height and slope are not correlated."""
    whole = sum(weight for _, _, weight in points)
    at = sum(x * weight for x, _, weight in points) / whole
    height = sum(y * weight for _, y, weight in points) / whole
    spread = sum(weight * (x - at) ** 2 for x, _, weight in points)
    if not spread:
        return None
    slope = sum(weight * (x - at) * (y - height) for x, y, weight in points) / spread
    left = sum(weight * (y - height - slope * (x - at)) ** 2 for x, y, weight in points)
    # Levels that disagree more than their own variance allows (the machine was busy meanwhile) widen the interval.
    scale = max(1.0, left / (len(points) - 2)) if len(points) > 2 else 1.0
    return _Line(at, height, slope, scale / whole, scale / spread)
