"""Where an objective stops being met, from all levels at once.

Towards the knee of a queue the reciprocal of a latency percentile falls linearly with the rate (exactly so for M/M/1,
in heavy traffic for others). The line is a quantile regression over what all levels saw, not a line through each
level's own percentile: slow spells come seldom and in bursts, so that the percentile of a level of seconds is too low
more often than too high. Capacities made of such percentiles were 2 to 3 % too high on simulated queues; pooled they
were not.
Levels far from the objective say nothing of the line and leave a bracket.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.capacity.curve import Interval
from trimtab.inference.load.histogram import bounds
from trimtab.inference.objective import Objective
from trimtab.inference.standing import BUCKETS, Standing

_NEAR = 8.0  # levels whose percentile is within so many times the objective are on the straight part
_WIDE = (0.75, 1.25)  # of the bracket: rates that are looked at first
_NARROWER = ((0.8, 1.12, 3), (0.89, 1.1, 6))
"""Of the crossing: rates that are looked at, given so many levels there; farther off the line bends."""
_REACH = (0.85, 1.1)  # of the bracket: a crossing beyond it is extrapolated from levels that do not know the knee
_FEWEST = 3  # levels that make a line
_ROUNDS, _PACE, _STILL = 120, 0.35, 1e-5
_MOST_OFF = 6.0  # times the share that a level's misses count at most: an overload says "too much", not how much
_LEAST_HEIGHT = 0.03  # of the line: a percentile is never more than 33 times the objective there
_TWO_SIDED = 0.975
_WIDER = 1.8
"""Times the jackknife's error: a search ends when its interval is narrow, and narrow ones are so by chance too.
With 1.25 the intervals of 95 % held the truth in 76 to 80 % of the searches of `bench/bench_capacity.py`."""
_SMOOTHEST = 0.003  # relative error that is never believed less: machines are not that steady

Values = npt.NDArray[np.float64]


class Bracket(Struct, frozen=True):
    """The highest rate that met the objective and the lowest that did not; 0 and infinity where there is none."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart they are, as a share of the middle."""
        if not self.low or math.isinf(self.high):
            return math.inf
        return 2 * (self.high - self.low) / (self.high + self.low)


def bracket(levels: Sequence[Standing], objective: Objective) -> Bracket:
    """The bracket at the split that contradicts the levels least: chance misleads about single ones."""
    rates = sorted({one.rate for one in levels})
    splits = [0.0, *((low + high) / 2 for low, high in itertools.pairwise(rates)), math.inf]

    def contradicted(split: float) -> float:
        return sum(one.seconds for one in levels if meets(one, objective) != (one.rate < split))

    split = min(splits, key=contradicted)
    low = max((one.rate for one in levels if one.rate < split and meets(one, objective)), default=0.0)
    high = min(
        (one.rate for one in levels if one.rate > max(split, low) and not meets(one, objective)), default=math.inf
    )
    return Bracket(low, high)


def meets(one: Standing, objective: Objective) -> bool:
    """Whether a level likelier met the objective than not."""
    return one.keeps_up and one.latency.value <= objective.latency_ms


def tells(one: Standing, objective: Objective) -> bool:
    """Whether a level says where the line runs."""
    near = objective.latency_ms / _NEAR <= one.latency.value <= objective.latency_ms * _NEAR
    return near and one.keeps_up and beyond(one, objective) >= 1


def beyond(one: Standing, objective: Objective) -> float:
    """How many of a level's requests the objective allows to be slower: on less than one a percentile says nothing."""
    return one.sent * (1 - objective.share)


def crossing(levels: Sequence[Standing], objective: Objective) -> Interval | None:
    """The rate at which the line crosses the objective, with 95 %; None where the levels do not tell.

    The interval is the jackknife's: how much the answer moves where one level is left out.
    """
    left = bracket(levels, objective)
    if not left.low or math.isinf(left.high):
        return None
    told = [one for one in levels if tells(one, objective)]
    usable = [one for one in told if _WIDE[0] * left.low < one.rate < _WIDE[1] * left.high]
    line = _line(usable, objective)
    for low, high, fewest in _NARROWER:
        near = [one for one in told if line is not None and low * line.crossing < one.rate < high * line.crossing]
        better = _line(near, objective) if len(near) >= fewest else None
        line, usable = (line, usable) if better is None else (better, near)
    if line is None or not _REACH[0] * left.low <= line.crossing <= _REACH[1] * left.high:
        return None
    value = line.crossing
    if len(usable) < _FEWEST + 1:
        return Interval(value, value * 0.5, value * 1.5)
    from scipy.special import stdtrit  # takes half a second to load

    left_out = [_line([*usable[:at], *usable[at + 1 :]], objective, line) for at in range(len(usable))]
    moved = np.array([value * 1.5 if one is None else one.crossing for one in left_out])
    count = len(moved)
    error = math.sqrt(float(((moved - moved.mean()) ** 2).sum()) * (count - 1) / count)
    half = _WIDER * max(error, _SMOOTHEST * value) * float(stdtrit(count - 2, _TWO_SIDED))
    return Interval(value, max(0.0, value - half), value + half)


class _Line(Struct, frozen=True):
    """Objective ÷ percentile is `height` at the rate `at`, and grows by `slope` with each request a second."""

    at: float
    height: float
    slope: float

    @property
    def crossing(self) -> float:
        return self.at + (1 - self.height) / self.slope


def _line(levels: Sequence[Standing], objective: Objective, like: _Line | None = None) -> _Line | None:
    """The pooled line, sought from one `like` it; None where it does not fall, or crosses far from every level."""
    if len({one.rate for one in levels}) < 2:
        return None
    rates = np.array([one.rate for one in levels])
    weights = np.array([one.seconds for one in levels])
    weights = weights / weights.sum()
    middle = float((weights * rates).sum())
    width = math.sqrt(float((weights * (rates - middle) ** 2).sum()))
    if width < 1e-6 * middle:
        return None
    z = (rates - middle) / width
    if like is None:
        own = np.array([objective.latency_ms / one.latency.value for one in levels])
        height = float((weights * own).sum())
        start = height, min(float((weights * z * own).sum()), -0.05 * height)
    else:
        start = like.height + like.slope * (middle - like.at), like.slope * width
    height, slope = _pooled(np.stack([_tail(one) for one in levels]), weights, z, start, objective)
    if slope >= 0:
        return None
    found = _Line(middle, height, slope / width)
    return found if rates.min() * 0.7 <= found.crossing <= rates.max() * 1.5 else None


def _pooled(
    tails: Values, weights: Values, z: Values, line: tuple[float, float], objective: Objective
) -> tuple[float, float]:
    """The line under which each level's share of slower requests is, over all, what the objective allows.

    In heavy traffic a level's information on the line is proportional to how long it was held, whatever its rate.
    """
    height, slope = line
    allowed = 1 - objective.share
    pace = _PACE / math.log(1 / allowed)
    for _ in range(_ROUNDS):
        at = np.maximum(height + slope * z, _LEAST_HEIGHT)
        off = np.clip(_beyond(tails, objective.latency_ms / at) / allowed - 1, -1.0, _MOST_OFF) * at * weights
        step, turn = pace * float(off.sum()), pace * float((off * z).sum())
        height, slope = height - step, slope - turn
        if abs(step) + abs(turn) < _STILL:
            break
    return height, slope


def _tail(one: Standing) -> Values:
    """The share of what was sent that is slower than each bucket's lower bound."""
    if one.counts is None:
        return np.zeros(BUCKETS + 1)
    within = np.concatenate([[0.0], np.cumsum(one.counts)])
    found: Values = 1 - within / max(1, one.sent)
    return found


def _beyond(tails: Values, latency_ms: Values) -> Values:
    """The share of each level's requests that are slower than a latency of its own; a bucket counts in part."""
    us = np.minimum(latency_ms * 1000, _EDGES[-1])
    at = np.clip(np.searchsorted(_EDGES, us, side="right") - 1, 0, BUCKETS - 1)
    part = (us - _EDGES[at]) / (_EDGES[at + 1] - _EDGES[at])
    rows = np.arange(len(tails))
    found: Values = tails[rows, at] + part * (tails[rows, at + 1] - tails[rows, at])
    return found


_EDGES = np.array([bounds(number)[0] for number in range(BUCKETS + 1)], dtype=np.float64)
