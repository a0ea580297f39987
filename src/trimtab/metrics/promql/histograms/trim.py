"""Cutting a native histogram at a value (`</` and `>/`): what is in the bucket of the cut is split by interpolation.

Source: Prometheus, model/histogram/float_histogram.go (TrimBuckets).
"""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.model import Buckets, Histogram, bound
from trimtab.metrics.promql.histograms.quantiles import below


class _Kept(Struct, frozen=True):
    """What remains of buckets: how many observations of each, and the sum that they are taken to have."""

    counts: list[float]
    sum: float


def trimmed(histogram: Histogram, value: float, *, upper: bool) -> Histogram:
    """What is at or below `value` (`upper`), or above it; the sum is estimated from the middles of buckets."""
    sides = histogram.positive, histogram.negative
    positive, negative = (
        _kept(_bounds(histogram, side, sign), value, upper=upper, sign=sign, linear=histogram.is_custom)
        for side, sign in zip(sides, (1, -1), strict=True)
    )
    zero = _kept_zero(histogram, value, upper=upper)
    before = [side.count.tolist() for side in sides]
    if [positive.counts, negative.counts, *zero.counts] == [*before, histogram.zero_count]:
        return histogram
    return replace(
        histogram,
        count=sum(positive.counts) + sum(negative.counts) + sum(zero.counts),
        sum=positive.sum + negative.sum + zero.sum,
        zero_count=sum(zero.counts),
        positive=Buckets(sides[0].index, np.array(positive.counts, np.float64)),
        negative=Buckets(sides[1].index, np.array(negative.counts, np.float64)),
    ).compact()


Bounds = list[tuple[float, float, float]]
"""Low and high bound of each bucket, and its count."""


def _bounds(histogram: Histogram, side: Buckets, sign: int) -> Bounds:
    if histogram.is_custom:
        edges = np.concatenate(((-np.inf,), histogram.custom, (np.inf,)))
        low, high = edges[side.index], edges[side.index + 1]
    else:
        low, high = bound(side.index - 1, histogram.schema), bound(side.index, histogram.schema)
        if sign < 0:
            low, high = -high, -low
    return list(zip(low.tolist(), high.tolist(), side.count.tolist(), strict=True))


def _kept(bounds: Bounds, value: float, *, upper: bool, sign: int, linear: bool) -> _Kept:
    counts, total = [], 0.0
    for low, high, count in bounds:
        if (high <= value) if upper else (low >= value):
            share, middle = 1.0, _middle(low, high, sign=sign, linear=linear)
        elif (low < value) if upper else (high > value):
            share, middle = _split(low, high, value, upper=upper, sign=sign, linear=linear)
        else:
            share, middle = 0.0, 0.0
        counts.append(count * share)
        total += count * share * middle
    return _Kept(counts, total)


def _split(low: float, high: float, value: float, *, upper: bool, sign: int, linear: bool) -> tuple[float, float]:
    """How much of the bucket of the cut remains, and the middle of that."""
    if math.isinf(low) or math.isinf(high):
        return _split_open(low, high, value, upper=upper)
    inside = below(low, high, value, linear=linear)
    if upper:
        return inside, _middle(low, value, sign=sign, linear=linear)
    return 1 - inside, _middle(value, high, sign=sign, linear=linear)


def _split_open(low: float, high: float, value: float, *, upper: bool) -> tuple[float, float]:
    """A bucket without an end: one from -Inf counts from 0 where it ends above; else it is cut off whole."""
    if high == math.inf:
        return (0.0, 0.0) if upper or low == -math.inf else (1.0, value)
    if upper:
        if value > 0:
            return value / high, value / 2
        return (1.0, value) if high <= 0 else (0.0, 0.0)
    return (1 - value / high, (value + high) / 2) if value >= 0 else (0.0, 0.0)


def _kept_zero(histogram: Histogram, value: float, *, upper: bool) -> _Kept:
    """The zero bucket lies on one side of 0 alone where only that side has observations."""
    if not histogram.zero_count > 0:
        return _Kept([histogram.zero_count], 0.0)
    positives, negatives = (bool(side.count.any()) for side in (histogram.positive, histogram.negative))
    low = 0.0 if positives and not negatives else -histogram.zero_threshold
    high = 0.0 if negatives and not positives else histogram.zero_threshold
    if (value <= low) if upper else (value >= high):
        return _Kept([0.0], 0.0)
    if (value >= high) if upper else (value <= low):
        return _Kept([histogram.zero_count], histogram.zero_count * (low + high) / 2)
    share = math.nan if math.isnan(value) else ((value - low) if upper else (high - value)) / (high - low)
    middle = (low + value) / 2 if upper else (value + high) / 2
    return _Kept([histogram.zero_count * share], histogram.zero_count * share * middle)


def _middle(low: float, high: float, *, sign: int, linear: bool) -> float:
    if math.isinf(low):
        if math.isinf(high):
            return 0.0
        return high / 2 if high > 0 else high
    if math.isinf(high):
        return low
    return (low + high) / 2 if linear else sign * math.sqrt(abs(low * high))
