"""Tests of differences between two populations, and the guard against looking at many. Pure."""

import math
from collections.abc import Sequence

import numpy as np


def two_sided(z: float) -> float:
    """The probability of a normal deviate as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def proportions_p(hits: int, of: int, hits_other: int, of_other: int) -> float:
    """The probability that proportions as different as these come of one (normal, corrected for continuity)."""
    if not of or not of_other:
        return 1.0
    pooled = (hits + hits_other) / (of + of_other)
    variance = pooled * (1 - pooled) * (1 / of + 1 / of_other)
    if variance <= 0:
        return 1.0
    apart = abs(hits / of - hits_other / of_other) - (1 / of + 1 / of_other) / 2
    return two_sided(max(apart, 0.0) / math.sqrt(variance))


def information_bits(hits: int, of: int, hits_other: int, of_other: int) -> float:
    """Bits that knowing the feature tells about the population a trace is of, both populations weighing the same."""
    p, q = hits / of, hits_other / of_other
    return max(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0.0)


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's q-values: taking those up to q, a share q of what is taken is expected to be chance."""
    values = np.array(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    ranked = values[order] * len(values) / np.arange(1, len(values) + 1)
    ranked = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    q = np.empty(len(values))
    q[order] = ranked
    return [float(value) for value in q]


def _entropy(p: float) -> float:
    return 0.0 if p <= 0 or p >= 1 else -p * math.log2(p) - (1 - p) * math.log2(1 - p)
