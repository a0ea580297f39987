"""Sums and means of many native histograms at once, as good as compensated ones: large terms that cancel each other
leave the small ones, and a mean is a number where the sum is none.

Source: Prometheus, model/histogram/float_histogram.go (KahanAdd) and promql/engine.go (sum and avg).
"""

from collections.abc import Callable

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.arithmetic import (
    Combined,
    IncompatibleSchemas,
    combined_hint,
    rebounded,
    reduced,
    widened,
)
from trimtab.metrics.promql.histograms.model import NO_BUCKETS, Buckets, Floats, Hint, Histogram, Integers
from trimtab.metrics.promql.sums import grouped_sums

_SCALARS = 3  # count, sum and zero count: the runs before those of the buckets

Summed = Callable[[Floats, Integers], Floats]


def total(histograms: list[Histogram]) -> Combined:
    """The sum of several, each layout reconciled with the others'. Raises IncompatibleSchemas."""
    return _combined(histograms, grouped_sums)


def mean(histograms: list[Histogram]) -> Combined:
    """The mean of several. Raises IncompatibleSchemas."""
    number = len(histograms)

    def means(terms: Floats, starts: Integers) -> Floats:
        with np.errstate(invalid="ignore", over="ignore"):
            averages = grouped_sums(terms, starts) / number
            beyond = ~np.isfinite(averages)  # the sum overflows, or the terms are no numbers themselves
            if beyond.any():
                averages[beyond] = grouped_sums(terms / number, starts)[beyond]
        return averages

    return _combined(histograms, means)


def _combined(histograms: list[Histogram], summed: Summed) -> Combined:
    alike, reconciled = aligned(histograms)
    hints = [histogram.hint for histogram in histograms]
    hint = hints[0]
    for other in hints[1:]:
        hint = combined_hint(hint, other)[0]
    positive, positive_terms, positive_starts = _runs([histogram.positive for histogram in alike])
    negative, negative_terms, negative_starts = _runs([histogram.negative for histogram in alike])
    number = len(alike)
    rows = [(histogram.count, histogram.sum, histogram.zero_count) for histogram in alike]
    scalars = np.array(rows, np.float64).T.ravel()
    first = _SCALARS * number
    terms = np.concatenate((scalars, positive_terms, negative_terms))
    starts = np.concatenate(
        (
            np.arange(_SCALARS) * number,
            positive_starts + first,
            negative_starts + first + len(positive_terms),
        )
    ).astype(np.int64)
    sums = summed(terms, starts)
    count, total_sum, zero_count = sums[:_SCALARS].tolist()
    middle = _SCALARS + len(positive)
    made = replace(
        alike[0],
        count=count,
        sum=total_sum,
        zero_count=zero_count,
        positive=Buckets(positive, sums[_SCALARS:middle]) if len(positive) else NO_BUCKETS,
        negative=Buckets(negative, sums[middle:]) if len(negative) else NO_BUCKETS,
        hint=hint,
    )
    return Combined(made, {Hint.RESET, Hint.NOT_RESET} <= set(hints), reconciled)


def _runs(sides: list[Buckets]) -> tuple[Integers, Floats, Integers]:
    """Bucket numbers, each once; the counts by bucket, and where each bucket's begin."""
    index = np.concatenate([side.index for side in sides])
    order = np.argsort(index, kind="stable")
    distinct, starts = np.unique(index[order], return_index=True)
    counts: Floats = np.concatenate([side.count for side in sides])[order]
    return distinct, counts, starts.astype(np.int64)


def aligned(histograms: list[Histogram]) -> tuple[list[Histogram], bool]:
    """The histograms in one layout, and whether custom bounds differed. Raises IncompatibleSchemas."""
    first = histograms[0]
    for place, other in enumerate(histograms):
        if other.is_custom is not first.is_custom:
            raise IncompatibleSchemas(place)
    if first.is_custom:
        if all(other.custom == first.custom for other in histograms):
            return histograms, False
        shared = set(first.custom).intersection(*(other.custom for other in histograms))
        bounds = tuple(value for value in first.custom if value in shared)
        return [rebounded(other, bounds) for other in histograms], True
    threshold = max(other.zero_threshold for other in histograms)
    while any(other.zero_threshold != threshold for other in histograms):
        histograms = [widened(other, threshold) for other in histograms]
        threshold = max(other.zero_threshold for other in histograms)
    schema = min(other.schema for other in histograms)
    return [reduced(other, schema) for other in histograms], False
