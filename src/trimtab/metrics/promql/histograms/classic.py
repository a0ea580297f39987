"""Classic histograms: cumulative buckets in a series each. Many histograms of one layout at a time.

`counts` has a row for each bucket, by rising upper bound, and a column for each histogram and step.
Source: Prometheus, promql/quantile.go (BucketQuantile, BucketFraction).
"""

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.values import Flags, Floats

_INSIGNIFICANT = 1e-12  # relative difference of counts that is an error of floats, not a bucket that fell


class Corrected(Struct, frozen=True):
    """Counts that never fall, and where they had fallen: by column the lowest and highest bound and largest fall."""

    counts: Floats
    forced: Flags
    low: Floats
    high: Floats
    most: Floats


def coalesced(bounds: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Buckets of equal bounds as one."""
    distinct, starts = np.unique(bounds, return_index=True)
    if len(distinct) == len(bounds):
        return bounds, counts
    return distinct, np.add.reduceat(counts, starts, axis=0)


def corrected(bounds: Floats, counts: Floats) -> Corrected:
    """Counts with every fall taken out."""
    width = counts.shape[1]
    counts = counts.copy()
    forced = np.zeros(width, np.bool_)
    low, high, most = np.full(width, np.inf), np.full(width, -np.inf), np.zeros(width)
    before = counts[0].copy()
    with np.errstate(invalid="ignore"):
        for number in range(1, len(bounds)):  # over buckets; all histograms at once
            now = counts[number]
            differ = np.abs(now - before)
            tiny = (differ > 0) & (differ < _INSIGNIFICANT * np.abs(now + before))
            fell = (now < before) & ~tiny
            forced |= fell
            low = np.where(fell, np.minimum(low, bounds[number]), low)
            high = np.where(fell, np.maximum(high, bounds[number]), high)
            most = np.where(fell, np.maximum(most, before - now), most)
            counts[number] = before = np.where(tiny | fell, before, now)
    return Corrected(counts, forced, low, high, most)


def quantile(q: Floats, bounds: Floats, counts: Floats) -> Floats:
    """The quantile of every column; `counts` never fall, and the last bound is +Inf."""
    width = counts.shape[1]
    if len(bounds) < 2:
        return np.full(width, np.nan)
    columns = np.arange(width)
    seen = counts[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        rank = q * seen
        place = (counts[:-1] < rank).sum(axis=0)
        above = np.minimum(place, len(bounds) - 2)
        before = np.maximum(above - 1, 0)
        inner = above > 0
        start = np.where(inner, bounds[before], 0.0)
        skipped = np.where(inner, counts[before, columns], 0.0)
        own = counts[above, columns] - skipped
        found = start + (bounds[above] - start) * ((rank - skipped) / own)
    found = np.where((place == 0) & (bounds[0] <= 0), bounds[0], found)
    found = np.where(place == len(bounds) - 1, bounds[-2], found)
    found = np.where(seen == 0, np.nan, found)
    return beyond(q, found)


def beyond(q: Floats, found: Floats) -> Floats:
    """-Inf and +Inf for quantiles below 0 and above 1."""
    with np.errstate(invalid="ignore"):
        result = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, found))
    return np.where(np.isnan(q), np.nan, result)


def fraction(lower: Floats, upper: Floats, bounds: Floats, counts: Floats) -> Floats:
    """The share of observations between two values, by column; the last bound is +Inf."""
    seen = counts[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        below, above = (np.minimum(_rank(value, bounds, counts), seen) for value in (lower, upper))
        found = np.where(lower >= upper, 0.0, (above - below) / seen)
    return np.where((seen == 0) | np.isnan(lower) | np.isnan(upper), np.nan, found)


def _rank(value: Floats, bounds: Floats, counts: Floats) -> Floats:
    """How many observations are below a value."""
    columns = np.arange(counts.shape[1])
    place = np.searchsorted(bounds, value, side="right")
    inside = np.minimum(place, len(bounds) - 1)
    lowest = 0.0 if bounds[0] > 0 else -np.inf
    low = np.where(inside > 0, bounds[np.maximum(inside - 1, 0)], lowest)
    high = bounds[inside]
    before = np.where(inside > 0, counts[np.maximum(inside - 1, 0), columns], 0.0)
    own = counts[inside, columns]
    with np.errstate(invalid="ignore"):
        share = np.where(np.isinf(high), 0.0, (value - low) / (high - low))
        found = np.where(np.isneginf(low), own, before + (own - before) * share)
    found = np.where(low >= value, before, found)
    return np.where(place == len(bounds), counts[-1], found)
