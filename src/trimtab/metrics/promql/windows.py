"""Which samples of a series fall into the window of a step: index ranges for all series and steps at once."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.values import Flags, Floats, HistogramPoints, Integers, Points

MOST_EXPANDED = 4_000_000
"""Samples laid out at a time where overlapping windows are copied: 32 MB a column."""


def positions(points: Points | HistogramPoints, times: Integers) -> Integers:
    """For each series (row) and time (column) the index of the first sample after that time."""
    series = len(points.edges) - 1
    if not len(points.times) or not series:
        return np.repeat(points.edges[:-1, None], len(times), axis=1)
    # One sorted key over all series: series times span plus time.
    first = min(int(points.times.min()), int(times.min()))
    span = max(int(points.times.max()), int(times.max())) - first + 2
    keys = np.repeat(np.arange(series) * span, np.diff(points.edges)) + (points.times - first)
    asked = np.arange(series)[:, None] * span + (times - first)[None, :]
    return np.searchsorted(keys, asked.ravel(), side="right").reshape(series, len(times)).astype(np.int64)


class Windows(Struct, frozen=True):
    """The samples in (left, right] at every step: those from `low` to `high`, by series and step.

    `left` and `right` are times (ms) by step.
    """

    points: Points
    left: Integers
    right: Integers
    low: Integers
    high: Integers

    @classmethod
    def of(cls, points: Points, left: Integers, right: Integers) -> "Windows":
        """Find the windows."""
        return cls(points, left, right, positions(points, left), positions(points, right))

    @property
    def count(self) -> Integers:
        """Samples in each window."""
        return self.high - self.low

    def first(self) -> Integers:
        """The index of each window's first sample; of windows without one some valid index."""
        return np.clip(self.low, 0, max(len(self.points.times) - 1, 0))

    def last(self) -> Integers:
        """The index of each window's last sample; of windows without one some valid index."""
        return np.clip(self.high - 1, 0, max(len(self.points.times) - 1, 0))

    def reduce(self, ufunc: np.ufunc, values: Floats) -> Floats:
        """`ufunc` over the `values` (one for each sample) of each window; NaN where there are none."""
        shape = self.low.shape
        result = np.full(shape, np.nan)
        some = self.count > 0
        if some.any():
            # Pairs of bounds: the odd segments, between windows, are computed and left out.
            bounds = np.stack((self.low[some], self.high[some]), axis=1).ravel()
            padded = np.append(values, 0.0)
            result[some] = ufunc.reduceat(padded, bounds)[::2]
        return result

    def expanded(self, chosen: Flags, notes: Notes) -> Iterator["Expanded"]:
        """The samples of the `chosen` windows laid out one window after the other, in parts that fit memory.

        Raises QueryAborted.
        """
        low, count = self.low[chosen], self.count[chosen]
        running = np.cumsum(count)
        at = 0
        while at < len(count):
            notes.go_on()
            before = running[at - 1] if at else 0
            until = max(int(np.searchsorted(running, before + MOST_EXPANDED, side="right")), at + 1)
            part = slice(at, until)
            starts = np.cumsum(count[part]) - count[part]
            within = np.arange(int(count[part].sum())) - np.repeat(starts, count[part])
            yield Expanded(part, starts, count[part], np.repeat(low[part], count[part]) + within, within)
            at = until


class Expanded(Struct, frozen=True):
    """A part of the chosen windows: window k of it has the samples `starts[k]` to `starts[k] + count[k]`.

    `index` are the samples' places among all points, `within` their numbers in their window.
    """

    part: slice
    starts: Integers
    count: Integers
    index: Integers
    within: Integers

    def spread(self, by_window: Floats) -> Floats:
        """A number of each window, repeated for its samples."""
        repeated: Floats = np.repeat(by_window, self.count)
        return repeated

    def sums(self, values: Floats) -> Floats:
        """The sum of `values` in each window, which all have one at least."""
        summed: Floats = np.add.reduceat(values, self.starts)
        return summed
