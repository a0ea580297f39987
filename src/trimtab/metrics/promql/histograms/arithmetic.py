"""Adding, subtracting and comparing native histograms whose layout may differ.

Source: Prometheus, model/histogram/float_histogram.go. The coarser schema of two counts; the wider zero bucket counts,
and takes in the buckets that it covers; of custom buckets the bounds that both have remain.
"""

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.model import NO_BUCKETS, Buckets, Hint, Histogram, Integers, bound


class IncompatibleSchemas(Exception):
    """Exponential and custom buckets have nothing in common. `place` is the first of several that does not fit."""

    def __init__(self, place: int = 1) -> None:
        super().__init__("exponential and custom buckets have nothing in common")
        self.place = place


class Combined(Struct, frozen=True):
    """A sum or difference, and what was met on the way."""

    histogram: Histogram
    collision: bool = False
    reconciled: bool = False


def add(left: Histogram, right: Histogram) -> Combined:
    """The sum. Raises IncompatibleSchemas."""
    return _combine(left, right, 1.0)


def subtract(left: Histogram, right: Histogram) -> Combined:
    """The difference; its hint is the operator's business. Raises IncompatibleSchemas."""
    return _combine(left, right, -1.0)


def _combine(left: Histogram, right: Histogram, sign: float) -> Combined:
    if left.is_custom != right.is_custom:
        raise IncompatibleSchemas
    hint, collision = combined_hint(left.hint, right.hint)
    reconciled = False
    if left.is_custom:
        if left.custom != right.custom:
            reconciled = True
            left, right = _intersected(left, right)
    else:
        left, right = _same_zero(left, right)
        schema = min(left.schema, right.schema)
        left, right = reduced(left, schema), reduced(right, schema)
    made = replace(
        left,
        count=left.count + sign * right.count,
        sum=left.sum + sign * right.sum,
        zero_count=left.zero_count + sign * right.zero_count,
        positive=_merged(left.positive, right.positive, sign),
        negative=_merged(left.negative, right.negative, sign),
        hint=hint,
    )
    return Combined(made, collision, reconciled)


def combined_hint(left: Hint, right: Hint) -> tuple[Hint, bool]:
    """The hint of a sum, and whether one histogram was reset while the other was not."""
    if left is right:
        return left, False
    if Hint.GAUGE in (left, right):
        return Hint.GAUGE, False
    if Hint.UNKNOWN in (left, right):
        return Hint.UNKNOWN, False
    return Hint.UNKNOWN, True


def _merged(left: Buckets, right: Buckets, sign: float) -> Buckets:
    if not len(right.index):
        return left
    index = np.union1d(left.index, right.index)
    count = np.zeros(len(index))
    count[np.searchsorted(index, left.index)] = left.count
    count[np.searchsorted(index, right.index)] += sign * right.count
    return Buckets(index, count)


def reduced(histogram: Histogram, schema: int) -> Histogram:
    """The histogram at a coarser schema; at its own it is left alone."""
    if schema == histogram.schema:
        return histogram
    by = histogram.schema - schema
    return replace(
        histogram,
        schema=schema,
        positive=_summed(((histogram.positive.index - 1) >> by) + 1, histogram.positive),
        negative=_summed(((histogram.negative.index - 1) >> by) + 1, histogram.negative),
    )


def _summed(index: Integers, buckets: Buckets) -> Buckets:
    if not len(index):
        return NO_BUCKETS
    places, inverse = np.unique(index, return_inverse=True)
    counts = np.bincount(inverse, weights=buckets.count, minlength=len(places)).astype(np.float64)
    return Buckets(places, counts)


def _same_zero(left: Histogram, right: Histogram) -> tuple[Histogram, Histogram]:
    """Both with the wider zero bucket; where its edge is inside a bucket that is not empty, all of that is in it."""
    while left.zero_threshold != right.zero_threshold:
        if left.zero_threshold > right.zero_threshold:
            right = widened(right, left.zero_threshold)
        else:
            left = widened(left, right.zero_threshold)
    return left, right


def widened(histogram: Histogram, threshold: float) -> Histogram:
    """The histogram with a zero bucket that reaches to `threshold` at least."""
    if threshold == histogram.zero_threshold:
        return histogram
    while True:
        zero, wider, sides = histogram.zero_count, threshold, []
        for side in (histogram.positive, histogram.negative):
            low, high = bound(side.index - 1, histogram.schema), bound(side.index, histogram.schema)
            inside = low < threshold
            zero += float(side.count[inside].sum())
            cut = inside & (high > threshold) & (side.count != 0)
            if cut.any():
                wider = max(wider, float(high[cut].max()))
            sides.append(Buckets(side.index[~inside], side.count[~inside]))
        if wider == threshold:
            return replace(histogram, zero_count=zero, zero_threshold=threshold, positive=sides[0], negative=sides[1])
        threshold = wider


def _intersected(left: Histogram, right: Histogram) -> tuple[Histogram, Histogram]:
    others = set(right.custom)
    bounds = tuple(value for value in left.custom if value in others)
    return rebounded(left, bounds), rebounded(right, bounds)


def rebounded(histogram: Histogram, bounds: tuple[float, ...]) -> Histogram:
    """A histogram of custom buckets with fewer bounds."""
    own = np.append(np.array(histogram.custom), np.inf)
    index = np.searchsorted(np.array(bounds), own[np.minimum(histogram.positive.index, len(own) - 1)])
    return replace(histogram, custom=bounds, positive=_summed(index.astype(np.int64), histogram.positive))


def was_reset(current: Histogram, previous: Histogram) -> bool:
    """Whether a counter histogram began anew between two samples."""
    if current.hint in (Hint.RESET, Hint.NOT_RESET):
        return current.hint is Hint.RESET
    if current.count < previous.count:
        return True
    if current.is_custom or previous.is_custom:
        return current.is_custom != previous.is_custom or _custom_fell(current, previous)
    if current.schema > previous.schema or current.zero_threshold < previous.zero_threshold:
        return True
    before = widened(reduced(previous, current.schema), current.zero_threshold)
    if widened(previous, current.zero_threshold).zero_threshold != current.zero_threshold:
        return True
    if current.zero_count < before.zero_count:
        return True
    return _fell(current.positive, before.positive) or _fell(current.negative, before.negative)


def _custom_fell(current: Histogram, previous: Histogram) -> bool:
    if current.custom != previous.custom:
        current, previous = _intersected(current, previous)
    return _fell(current.positive, previous.positive)


def _fell(current: Buckets, previous: Buckets) -> bool:
    difference = _merged(current, previous, -1.0)
    return bool((difference.count < 0).any())
