"""Where the level of a series shifts for good: robust binary segmentation."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.robust import clip, mad_sigma, tiny

_PENALTY = 4.0
"""A shift must explain this many times sigma² · log(n): the usual penalty has 2, for independent noise."""
_STEP = 1.0
"""And be of at least this many sigmas: smaller ones do not make a band wrong."""


def level_shifts(values: npt.NDArray[np.float64], least: int) -> list[int]:
    """The indices at which a new level begins, ascending; none closer than `least` points to another or to an end.

    `values` should be free of seasons. Wild values are clipped, and the noise is told from the differences of
    neighbours' means, so that the shifts themselves do not count as noise.
    """
    least = max(least, 2)
    if len(values) < 2 * least:
        return []
    held = clip(values, 6.0)
    noise = max(_noise(held), tiny(values))
    likeness = _likeness(held)
    found: list[int] = []
    _split(np.concatenate(([0.0], np.cumsum(held))), 0, len(held), least, noise, likeness, found)
    return _confirmed(held, sorted(found), noise)


def _noise(values: npt.NDArray[np.float64]) -> float:
    return mad_sigma(np.diff(values)) / math.sqrt(2.0)


def _likeness(values: npt.NDArray[np.float64]) -> float:
    """How many points of a wandering series say as much as one of an independent one."""
    rest = values - np.mean(values)
    steps = float(np.mean(np.diff(rest) ** 2))
    power = float(np.mean(clip(rest, 3.0) ** 2))
    if steps <= 0 or power <= 0:
        return 1.0
    alike = min(max(1.0 - steps / (2.0 * power), 0.0), 0.95)
    return (1.0 + alike) / (1.0 - alike)


def _split(
    total: npt.NDArray[np.float64], left: int, right: int, least: int, noise: float, likeness: float, found: list[int]
) -> None:
    number = right - left
    if number < 2 * least:
        return
    at = np.arange(left + least, right - least + 1)
    before, after = at - left, right - at
    low = (total[at] - total[left]) / before
    high = (total[right] - total[at]) / after
    gain = before * after / number * (high - low) ** 2
    best = int(np.argmax(gain))
    if gain[best] < _PENALTY * noise**2 * min(likeness, 8.0) * np.log(number):
        return
    cut = int(at[best])
    found.append(cut)
    _split(total, left, cut, least, noise, likeness, found)
    _split(total, cut, right, least, noise, likeness, found)


def _confirmed(values: npt.NDArray[np.float64], cuts: list[int], noise: float) -> list[int]:
    """Those of `cuts` where the medians on both sides differ by enough, the smallest step dropped first."""
    kept = list(cuts)
    while kept:
        edges = [0, *kept, len(values)]
        middles = [float(np.median(values[a:b])) for a, b in pairwise(edges)]
        rest = np.concatenate([values[a:b] - m for (a, b), m in zip(pairwise(edges), middles, strict=True)])
        spread = max(noise, mad_sigma(rest))
        steps = np.abs(np.diff(middles))
        least = int(np.argmin(steps))
        if steps[least] >= _STEP * spread:
            return kept
        del kept[least]
    return []
