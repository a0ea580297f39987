"""Percentiles of histograms: counts in intervals of values, many segments at once. Estimates, as any bucket allows.

Inside an explicit bucket values are taken as evenly spread (Prometheus' `histogram_quantile`): the first bucket starts
at 0, or is its upper bound where that is not above 0; a rank in the last, unbounded one gives its lower bound. Inside
an exponential bucket their logarithms are taken as evenly spread. Buckets of different layouts that meet in one
segment are cut at each other's bounds first.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Intervals(Struct, frozen=True):
    """Rows of (segment, low, high, count, whether the spread inside is geometric), in any order.

    A row with low = high is a point of mass: raw values that are merged with histograms.
    """

    segment: Integers
    low: Floats
    high: Floats
    count: Floats
    geometric: Flags

    def chosen(self, rows: Flags | npt.NDArray[np.intp]) -> "Intervals":
        """Some of the rows."""
        return Intervals(self.segment[rows], self.low[rows], self.high[rows], self.count[rows], self.geometric[rows])


def concatenate(parts: Sequence[Intervals]) -> Intervals:
    """The rows of all `parts`; at least one."""
    return Intervals(
        np.concatenate([part.segment for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.geometric for part in parts]),
    )


def quantile(intervals: Intervals, fraction: float) -> tuple[Integers, Floats]:
    """The segments present, ascending, and the estimated quantile at `fraction` (0 to 1) of each.

    NaN where a bucket without any bound holds the rank.
    """
    rows = _disjoint(_bounded(intervals))
    segments, starts = np.unique(rows.segment, return_index=True)
    if not len(segments):
        return segments, np.empty(0)
    upper = np.cumsum(rows.count)
    before = np.where(starts > 0, upper[starts - 1], 0.0)
    ends = np.append(starts[1:], len(upper))
    target = before + fraction * (upper[ends - 1] - before)
    at = np.clip(np.searchsorted(upper, target, side="left"), starts, ends - 1)
    share = np.clip((target - (upper[at] - rows.count[at])) / rows.count[at], 0.0, 1.0)
    return segments, _inside(rows.low[at], rows.high[at], rows.geometric[at], share)


def _bounded(rows: Intervals) -> Intervals:
    """Give the unbounded buckets the bounds that `histogram_quantile` gives them."""
    low, high = rows.low, rows.high
    low = np.where(np.isneginf(low), np.where(high > 0, 0.0, high), low)
    high = np.where(np.isposinf(high), np.where(np.isneginf(rows.low), np.nan, rows.low), high)
    low = np.where(np.isposinf(low), high, low)  # The bucket without any bound: NaN on both sides.
    low = np.where(np.isnan(high), np.nan, low)
    return Intervals(rows.segment, low, high, rows.count, rows.geometric)


def _disjoint(rows: Intervals) -> Intervals:
    """Sorted rows that do not overlap within a segment."""
    rows = _combined(rows)
    overlap = (rows.segment[1:] == rows.segment[:-1]) & (rows.low[1:] < rows.high[:-1])
    return _combined(_cut(rows)) if np.any(overlap) else rows


def _combined(rows: Intervals) -> Intervals:
    """Rows sorted by place, those of equal bounds added up, empty ones left out."""
    rows = rows.chosen(rows.count > 0)
    order = np.lexsort((rows.high, rows.low, rows.segment))
    rows = rows.chosen(order)
    if not len(order):
        return rows
    same = (rows.segment[1:] == rows.segment[:-1]) & (rows.low[1:] == rows.low[:-1]) & (rows.high[1:] == rows.high[:-1])
    starts = np.flatnonzero(np.append(True, ~same))
    first = rows.chosen(starts)
    return Intervals(first.segment, first.low, first.high, np.add.reduceat(rows.count, starts), first.geometric)


def _cut(rows: Intervals) -> Intervals:
    """Cut every row at every bound of its segment, sharing its count out by length (or by ratio where geometric)."""
    parts = []
    for number in np.unique(rows.segment):
        mine = rows.chosen(rows.segment == number)
        edges = np.unique(np.concatenate((mine.low, mine.high)))
        first = np.searchsorted(edges, mine.low)
        pieces = np.maximum(np.searchsorted(edges, mine.high) - first, 1)
        source = np.repeat(np.arange(len(first)), pieces)
        position = first[source] + np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        whole = mine.chosen(source)
        point = whole.low == whole.high
        low = edges[position]
        high = np.where(point, low, edges[np.minimum(position + 1, len(edges) - 1)])
        parts.append(
            Intervals(whole.segment, low, high, whole.count * _portion(whole, low, high, point), whole.geometric)
        )
    return concatenate(parts)


def _portion(whole: Intervals, low: Floats, high: Floats, point: Flags) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        linear = (high - low) / (whole.high - whole.low)
        ratio = np.log(high / low) / np.log(whole.high / whole.low)
    return np.where(point, 1.0, np.where(whole.geometric, ratio, linear))


def _inside(low: Floats, high: Floats, geometric: Flags, share: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        # The ratio also serves negative buckets, whose ends have one sign.
        curved = low * (high / low) ** share
    found: Floats = np.where(geometric, curved, low + (high - low) * share)
    return found
