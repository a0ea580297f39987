"""Quantiles, fractions and spread of native histograms. Source: Prometheus, promql/quantile.go."""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.model import Buckets, Floats, Histogram, bound
from trimtab.metrics.promql.notes import Notes


class Bounded(Struct, frozen=True):
    """All buckets by their bounds, ascending, the zero bucket among them."""

    low: Floats
    high: Floats
    count: Floats


def buckets_of(histogram: Histogram) -> Bounded:
    """The buckets of a histogram, from the lowest to the highest."""
    if histogram.is_custom:
        edges = np.concatenate(((-np.inf,), histogram.custom, (np.inf,)))
        index = histogram.positive.index
        return Bounded(edges[index], edges[index + 1], histogram.positive.count)
    threshold = histogram.zero_threshold
    low, high = _bounds(histogram.positive, histogram.schema)
    low = np.where((low > 0) & (low < threshold), threshold, low)
    far, near = _bounds(histogram.negative, histogram.schema)
    far = np.where((far > 0) & (far < threshold), threshold, far)
    zero = slice(0, 1 if histogram.zero_count > 0 else 0)
    return Bounded(
        np.concatenate((-near[::-1], np.array((-threshold,))[zero], low)),
        np.concatenate((-far[::-1], np.array((threshold,))[zero], high)),
        np.concatenate(
            (histogram.negative.count[::-1], np.array((histogram.zero_count,))[zero], histogram.positive.count)
        ),
    )


def _bounds(buckets: Buckets, schema: int) -> tuple[Floats, Floats]:
    return bound(buckets.index - 1, schema), bound(buckets.index, schema)


def quantile(q: float, histogram: Histogram, notes: Notes, metric: str, position: int) -> float:
    """The quantile, interpolated: on a logarithmic scale in exponential buckets, linearly in custom and zero ones."""
    if q < 0 or q > 1:
        return -math.inf if q < 0 else math.inf
    if histogram.count == 0 or math.isnan(q):
        return math.nan
    found = buckets_of(histogram)
    forward = math.isnan(histogram.sum) or q < 0.5
    rank = (q if forward else 1 - q) * histogram.count
    place, reached = _place(found, rank, forward=forward)
    low = high = own = 0.0  # what a histogram without buckets counts has no place
    if place >= 0:
        low, high = _around_zero(histogram, float(found.low[place]), float(found.high[place]))
        own = float(found.count[place])
    if histogram.is_custom:
        if low == -math.inf:
            if high <= 0:
                return high
            low = 0.0
        elif high == math.inf:
            return low
    reached = min(reached, histogram.count)
    if reached < rank:
        if math.isnan(histogram.sum):
            notes.nan_result(metric, position)
            return math.nan
        return high
    if math.isnan(histogram.sum) and found.count.sum() < histogram.count:
        notes.nan_skew(metric, position)
    if not own:
        return math.nan
    share = ((rank - (reached - own)) if forward else (reached - rank)) / own
    return _between(histogram, low, high, share)


def _place(found: Bounded, rank: float, *, forward: bool) -> tuple[int, float]:
    """The bucket in which the rank falls, the last that is not empty at the latest, and the count up to it."""
    counts = found.count if forward else found.count[::-1]
    some = np.flatnonzero(counts != 0)
    if not len(some):
        last = len(counts) - 1
        return (0 if last >= 0 and not forward else last), 0.0
    running = np.cumsum(counts[some])
    at = min(int(np.searchsorted(running, rank)), len(some) - 1)
    place = int(some[at])
    return (place if forward else len(counts) - 1 - place), float(running[at])


def _around_zero(histogram: Histogram, low: float, high: float) -> tuple[float, float]:
    if not histogram.is_custom and low < 0 < high:
        if not len(histogram.negative.index) and len(histogram.positive.index):
            return 0.0, high
        if not len(histogram.positive.index) and len(histogram.negative.index):
            return low, 0.0
    return low, high


def _between(histogram: Histogram, low: float, high: float, share: float) -> float:
    if histogram.is_custom or low <= 0 <= high:
        return low + (high - low) * share
    near, far = math.log2(abs(low)), math.log2(abs(high))
    if low > 0:
        return float(2.0 ** (near + (far - near) * share))
    return -float(2.0 ** (far + (near - far) * (1 - share)))


def fraction(lower: float, upper: float, histogram: Histogram, notes: Notes, metric: str, position: int) -> float:
    """The share of observations between two values."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan
    if lower >= upper:
        return 0.0
    found = buckets_of(histogram)
    counted = histogram.count
    if math.isnan(histogram.sum):
        counted = float(found.count.sum())
        if counted < histogram.count:
            notes.nan_fraction(metric, position)
    below, above = (min(_rank(histogram, found, value, counted), counted) for value in (lower, upper))
    return (above - below) / histogram.count


def _rank(histogram: Histogram, found: Bounded, value: float, counted: float) -> float:
    """How many observations are below a value."""
    rank = 0.0
    low: float
    high: float
    count: float
    for low, high, count in zip(found.low.tolist(), found.high.tolist(), found.count.tolist(), strict=True):
        zero = low <= 0 <= high
        if zero:
            low, high = _zero_edges(histogram, low, high)
        if low >= value:
            return rank
        if high > value:
            if low == -math.inf:
                return float(count)
            return rank + count * below(low, high, value, linear=histogram.is_custom or zero)
        rank += count
    return counted


def _zero_edges(histogram: Histogram, low: float, high: float) -> tuple[float, float]:
    if not len(histogram.negative.index) and len(histogram.positive.index):
        return 0.0, high
    if not len(histogram.positive.index) and len(histogram.negative.index):
        return low, 0.0
    return low, high


def below(low: float, high: float, value: float, *, linear: bool) -> float:
    """The share of a bucket that is below a value inside it."""
    if linear:
        return 0.0 if high == math.inf else (value - low) / (high - low)
    near, far, at = math.log2(abs(low)), math.log2(abs(high)), math.log2(abs(value))
    return (at - near) / (far - near) if value > 0 else 1 - (at - far) / (near - far)


def variance(histogram: Histogram) -> float:
    """The variance, each bucket's observations taken to be in its middle (geometric where it is exponential)."""
    found = buckets_of(replace(histogram.compact(), zero_count=histogram.zero_count))
    if histogram.is_custom:
        middle = (found.low + found.high) / 2
    else:
        middle = np.where(
            (found.low <= 0) & (found.high >= 0), 0.0, np.sign(found.high) * np.sqrt(np.abs(found.low * found.high))
        )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.float64(histogram.sum) / histogram.count
        return float(np.sum(found.count * (middle - mean) ** 2) / histogram.count)
