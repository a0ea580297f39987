"""Where an objective stops being met, from all levels at once.

Towards the knee of a queue the reciprocal of a latency percentile falls linearly with the rate (exactly so for M/M/1,
in heavy traffic for others), so every level near it says something about where the line crosses the objective's
latency. Levels that say nothing leave a bracket.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.capacity.curve import Interval
from trimtab.inference.objective import Objective
from trimtab.inference.standing import MEETS, MISSES, Standing

_NEAR = 8.0  # levels whose percentile is within so many times the objective are on the straight part
_LEAST_EXCEEDED = 1.5  # independent requests beyond the percentile; on fewer its interval is not known
_Z95 = 1.96
_NEAREST = 0.004  # relative error of a level that is never believed less: machines are not that steady


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


def bracket(levels: Sequence[Standing], objective: Objective, *, sure: bool = False) -> Bracket:
    """The bracket that levels leave; `sure` ones count only where they are certain.

    A level that is not certain counts as met where that is likelier, and never as missed: the next ones will tell. A
    miss below a rate that certainly met the objective was a disturbance.
    """
    certain = max((one.rate for one in levels if one.verdict == MEETS and one.keeps_up), default=0.0)
    missed = [one.rate for one in levels if (one.verdict == MISSES or not one.keeps_up) and one.rate > certain]
    high = min(missed, default=math.inf)
    likely = [
        one.rate for one in levels if one.keeps_up and one.latency.value <= objective.latency_ms and one.rate < high
    ]
    return Bracket(certain if sure or not likely else max(certain, *likely), high)


def crossing(levels: Sequence[Standing], objective: Objective) -> Interval | None:
    """The rate at which the line through the levels crosses the objective, with 95 %; None where they do not tell."""
    limit = objective.latency_ms
    usable = [one for one in levels if tells(one, objective)]
    if len({one.rate for one in usable}) < 2:
        return None
    line = _line([(one.rate, limit / one.latency.value, _weight(one, limit)) for one in usable])
    if line is None or line.slope >= 0:
        return None
    step = (1 - line.height) / line.slope
    rate = line.at + step
    error = math.sqrt(line.height_variance + step**2 * line.slope_variance) / -line.slope
    return Interval(rate, rate - _Z95 * error, rate + _Z95 * error) if rate > 0 else None


def tells(one: Standing, objective: Objective) -> bool:
    """Whether a level says where the line runs."""
    near = objective.latency_ms / _NEAR <= one.latency.value <= objective.latency_ms * _NEAR
    return near and one.keeps_up and not one.drifts and exceeded(one, objective) >= _LEAST_EXCEEDED


def exceeded(one: Standing, objective: Objective) -> float:
    """How many independent requests lie beyond the percentile."""
    return one.worth * (1 - objective.share)


def _weight(one: Standing, limit: float) -> float:
    """One over the variance of limit ÷ latency."""
    upper = one.latency.upper if math.isfinite(one.latency.upper) else 2 * one.latency.value
    error = max((upper - one.latency.lower) / (2 * _Z95), _NEAREST * one.latency.value)
    return (one.latency.value**2 / (limit * error)) ** 2


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
