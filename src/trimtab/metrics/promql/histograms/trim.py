"""Cutting a native histogram at a value (`</` and `>/`): what is in the bucket of the cut is split by interpolation."""

import math

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.model import Buckets, Histogram
from trimtab.metrics.promql.histograms.quantiles import below, buckets_of


def trimmed(histogram: Histogram, value: float, *, upper: bool) -> Histogram:
    """What is at or below `value` (`upper`), or above it; the sum is estimated from the middles of buckets."""
    found = buckets_of(histogram)
    kept = np.zeros(len(found.count))
    total = 0.0
    rows = zip(found.low.tolist(), found.high.tolist(), found.count.tolist(), strict=True)
    for number, (low, high, count) in enumerate(rows):
        if count:
            share, middle = _kept(histogram, low, high, value, upper=upper)
            kept[number] = count * share
            total += kept[number] * middle
    if np.array_equal(kept, found.count):
        return histogram
    negatives = len(histogram.negative.index)
    zeros = int(not histogram.is_custom and histogram.zero_count > 0)
    return replace(
        histogram,
        count=float(kept.sum()),
        sum=total,
        zero_count=float(kept[negatives : negatives + zeros].sum()),
        positive=Buckets(histogram.positive.index, kept[negatives + zeros :]),
        negative=Buckets(histogram.negative.index, kept[:negatives][::-1]),
    ).compact()


def _kept(histogram: Histogram, low: float, high: float, value: float, *, upper: bool) -> tuple[float, float]:
    """How much of a bucket remains, and the middle of that."""
    zero = not histogram.is_custom and low <= 0 <= high
    if zero and len(histogram.positive.index) and not len(histogram.negative.index):
        low = 0.0
    elif zero and len(histogram.negative.index) and not len(histogram.positive.index):
        high = 0.0
    linear = zero or histogram.is_custom
    if (high <= value) if upper else (low >= value):
        return 1.0, _middle(low, high, linear=linear)
    if (low >= value) if upper else (high <= value):
        return 0.0, 0.0
    if math.isinf(low) or math.isinf(high):
        return _kept_of_open(low, high, value, upper=upper)
    inside = below(low, high, value, linear=linear)
    if upper:
        return inside, _middle(low, value, linear=linear)
    return 1 - inside, _middle(value, high, linear=linear)


def _kept_of_open(low: float, high: float, value: float, *, upper: bool) -> tuple[float, float]:
    """A bucket without an end: one from -Inf counts from 0 where it ends above; else it is cut off whole."""
    if high == math.inf:
        return (0.0, 0.0) if upper or low == -math.inf else (1.0, value)
    if upper:
        if value > 0 and high > 0:
            return value / high, value / 2
        return (1.0, value) if high <= 0 else (0.0, 0.0)
    return (1 - value / high, (value + high) / 2) if value >= 0 else (0.0, 0.0)


def _middle(low: float, high: float, *, linear: bool) -> float:
    if math.isinf(low):
        if math.isinf(high):
            return 0.0
        return high / 2 if high > 0 else high
    if math.isinf(high):
        return low
    return (low + high) / 2 if linear else math.copysign(math.sqrt(abs(low * high)), high)
