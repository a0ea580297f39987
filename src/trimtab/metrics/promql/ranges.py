"""A range vector at every step, and what its functions share."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.labels import NAME, Labels, get
from trimtab.metrics.promql.language.syntax import Edge
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.values import Flags, Floats, HistogramPoints, Histograms, Integers, Samples, no_histograms
from trimtab.metrics.promql.windows import Windows, positions


class Cell(Struct, frozen=True):
    """The histograms of one window: their times, values and starts (0 where not known)."""

    row: int
    column: int
    times: Integers
    values: list[Histogram]
    starts: Integers


class RangeVector(Struct, frozen=True):
    """Windows of floats and of histograms, by series and step. `length_s` is the range in seconds.

    `position` is where the range stands in the query; `edge` says whether the windows reach beyond their range.
    """

    labels: list[Labels]
    drop: Flags
    floats: Windows
    points: HistogramPoints
    low: Integers
    high: Integers
    length_s: float
    times: Integers
    position: int
    edge: Edge = Edge.PLAIN

    @classmethod
    def of(
        cls,
        samples: Samples,
        left: Integers,
        right: Integers,
        times: Integers,
        position: int,
        edge: Edge = Edge.PLAIN,
        extra_ms: int = 0,
    ) -> "RangeVector":
        """The windows (left, right] of steps `times`; with an edge those reach `extra_ms` further."""
        reach_left = left - (extra_ms if edge is not Edge.PLAIN else 0)
        reach_right = right + (extra_ms if edge is Edge.SMOOTHED else 0)
        found = Windows.of(samples.points, reach_left, reach_right)
        low, high = positions(samples.histograms, reach_left), positions(samples.histograms, reach_right)
        floats = Windows(samples.points, left, right, found.low, found.high)
        drop = samples.drop if len(samples.drop) else np.zeros(len(samples.labels), np.bool_)
        length = float(right[0] - left[0]) / 1000 if len(left) else 0.0
        return cls(samples.labels, drop, floats, samples.histograms, low, high, length, times, position, edge)

    @property
    def some_floats(self) -> Flags:
        """Windows with a float."""
        found: Flags = self.floats.count > 0
        return found

    @property
    def some_histograms(self) -> Flags:
        """Windows with a histogram."""
        found: Flags = self.high > self.low
        return found

    @property
    def has_histograms(self) -> bool:
        """Whether there is any."""
        return len(self.points.times) > 0

    def cells(self, chosen: Flags, notes: Notes) -> Iterator[Cell]:
        """The histograms of the `chosen` windows. Raises QueryAborted."""
        starts = self.points.starts
        for row, column in notes.watched(np.argwhere(chosen).tolist()):
            part = slice(int(self.low[row, column]), int(self.high[row, column]))
            times = self.points.times[part]
            begins = np.zeros(len(times), np.int64) if starts is None else starts[part]
            yield Cell(row, column, times, self.points.values[part].tolist(), begins)

    def name(self, row: int) -> str:
        """The metric's name."""
        return get(self.labels[row], NAME)

    def tell_mixed(self, notes: Notes, least: int = 1) -> Flags:
        """Windows with floats and histograms, of which a warning tells."""
        mixed: Flags = (self.floats.count >= least) & self.some_histograms
        for row in np.flatnonzero(mixed.any(axis=1)).tolist():
            notes.mixed(self.name(row), self.position)
        return mixed

    def tell_ignored(self, notes: Notes) -> None:
        """An info tells of histograms that are left out beside floats."""
        for row in np.flatnonzero((self.some_floats & self.some_histograms).any(axis=1)).tolist():
            notes.ignored_in_range(self.name(row), self.position)

    def no_cells(self) -> Histograms:
        """A histogram for every window, none yet."""
        return no_histograms(self.low.shape)


class Outcome(Struct, frozen=True):
    """What a range function makes of every window."""

    values: Floats
    present: Flags
    histograms: Histograms | None = None
