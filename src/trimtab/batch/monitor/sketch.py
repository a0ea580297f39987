"""A sketch of a column's distribution in the shape of the service's statistics: KLL, of which values can be made again.

Values are kept whole up to 2,048; beyond, a level is sorted and every second value of it stands for two a level up, so
that a value of level i stands for 2^i. Karnin, Lang and Liberty, "Optimal Quantile Approximation in Streams", 2016.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
K, C = 2048.0, 0.64
_BUCKETS = 10


def sketch(values: Floats) -> dict[str, Any]:
    """The distribution of finite values: ten buckets of equal width, and the sketch."""
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, bins=_BUCKETS, range=(low, high if high > low else low + 1))
    buckets = [
        {"lower_bound": float(edges[at]), "upper_bound": float(edges[at + 1]), "count": float(counts[at])}
        for at in range(_BUCKETS)
    ]
    return {"buckets": buckets, "sketch": {"parameters": {"c": C, "k": K}, "data": _levels(values)}}


def _levels(values: Floats) -> list[list[float]]:
    levels, level, start = [], values, 0
    while len(level) > K:
        ordered = np.sort(level)
        odd = ordered[-1:] if len(ordered) % 2 else ordered[:0]
        levels.append(odd.tolist())
        level, start = ordered[start : len(ordered) - len(odd) : 2], 1 - start
    return [*levels, level.tolist()]


def values_of(kept: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """The values of a sketch and how many each stands for."""
    data = [np.asarray(one, dtype=np.float64) for one in kept["sketch"]["data"]]
    weights = [np.full(len(one), 2.0**level) for level, one in enumerate(data)]
    return np.concatenate(data), np.concatenate(weights)


def distance(baseline: Mapping[str, Any], current: Mapping[str, Any], *, robust: bool) -> float:
    """The largest distance of two distribution functions; `robust` takes off what few values make by chance.

    The correction is Deequ's, which the service uses: 1.8 · √((n + m) / (n · m)).
    """
    first, second = values_of(baseline), values_of(current)
    places = np.unique(np.concatenate((first[0], second[0])))
    gap = float(np.max(np.abs(_share(*first, places) - _share(*second, places))))
    n, m = float(first[1].sum()), float(second[1].sum())
    return max(0.0, gap - 1.8 * float(np.sqrt((n + m) / (n * m)))) if robust else gap


def categorical_distance(baseline: Mapping[str, float], current: Mapping[str, float], *, robust: bool) -> float:
    """The largest difference of a value's share, of counts by value."""
    n, m = float(sum(baseline.values())), float(sum(current.values()))
    gap = max(abs(baseline.get(one, 0) / n - current.get(one, 0) / m) for one in {*baseline, *current})
    return max(0.0, gap - 1.8 * float(np.sqrt((n + m) / (n * m)))) if robust else gap


def _share(values: Floats, weights: Floats, places: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    summed = np.concatenate((np.zeros(1), np.cumsum(weights[order])))
    share: Floats = summed[np.searchsorted(values[order], places, side="right")] / summed[-1]
    return share
