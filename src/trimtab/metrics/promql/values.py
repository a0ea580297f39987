"""What expressions evaluate to, over all steps of a query at once: rows are series, columns are steps."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.labels import Labels

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Histograms = npt.NDArray[np.object_]
"""Cells are a Histogram or None."""

STALE = 0x7FF0000000000002
"""The bits of the NaN by which Prometheus marks that a series ended."""


def is_stale(values: Floats) -> Flags:
    """Which values are staleness markers."""
    found: Flags = np.ascontiguousarray(values).view(np.uint64) == STALE
    return found


class Scalar(Struct, frozen=True):
    """A number for every step."""

    values: Floats


class Text(Struct, frozen=True):
    """A string."""

    value: str


class Vector(Struct, frozen=True):
    """An instant vector at every step.

    `present` says which cells have a sample; where `histograms` has one, the sample is that and `values` is not used.
    `drop` marks series whose metric name is dropped at the end of the query: until then it can be used.
    `stamps` are the times (ms) of the samples themselves where a selector gave them; `starts` since when they count.
    """

    labels: list[Labels]
    values: Floats
    present: Flags
    drop: Flags
    histograms: Histograms | None = None
    stamps: Integers | None = None
    starts: Integers | None = None

    @classmethod
    def empty(cls, steps: int) -> "Vector":
        """No series."""
        return cls([], np.empty((0, steps)), np.empty((0, steps), np.bool_), np.empty(0, np.bool_))

    @property
    def floats(self) -> Flags:
        """Cells with a float."""
        return self.present if self.histograms is None else self.present & ~self.is_histogram

    @property
    def is_histogram(self) -> Flags:
        """Cells with a histogram."""
        if self.histograms is None:
            return np.zeros(self.present.shape, np.bool_)
        return self.present & not_none(self.histograms)

    def chosen(self, rows: npt.NDArray[np.intp] | Flags) -> "Vector":
        """Some of the series."""
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return replace(
            self,
            labels=[self.labels[number] for number in numbers.tolist()],
            values=self.values[numbers],
            present=self.present[numbers],
            drop=self.drop[numbers],
            histograms=None if self.histograms is None else self.histograms[numbers],
            stamps=None if self.stamps is None else self.stamps[numbers],
            starts=None if self.starts is None else self.starts[numbers],
        )

    def occupied(self) -> "Vector":
        """Without series that have no sample at any step."""
        some: Flags = np.any(self.present, axis=1)
        return self if some.all() else self.chosen(some)

    def floats_only(self, values: Floats) -> "Vector":
        """The cells with floats, with other values; names are dropped, as functions do."""
        drop = np.ones(len(self.labels), np.bool_)
        return Vector(self.labels, values, self.floats, drop)


def not_none(histograms: Histograms) -> Flags:
    """Which cells have a histogram."""
    found: Flags = np.not_equal(histograms, np.array(None)).astype(np.bool_)
    return found


def no_histograms(shape: tuple[int, ...]) -> Histograms:
    """Cells without one."""
    return np.full(shape, None, dtype=np.object_)


class Points(Struct, frozen=True):
    """Samples of many series, one after the other: those of series i are `edges[i]` to `edges[i + 1]`, by time.

    `starts` (ms) are since when a counter's sample counts, 0 where that is not known; None where it is of none.
    """

    edges: Integers
    times: Integers
    values: Floats
    starts: Integers | None = None

    @classmethod
    def none(cls, series: int) -> "Points":
        """No sample of any series."""
        return cls(np.zeros(series + 1, np.int64), np.empty(0, np.int64), np.empty(0))


class HistogramPoints(Struct, frozen=True):
    """Histogram samples of many series, as Points."""

    edges: Integers
    times: Integers
    values: Histograms
    starts: Integers | None = None

    @classmethod
    def none(cls, series: int) -> "HistogramPoints":
        """No sample of any series."""
        return cls(np.zeros(series + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.object_))


class Samples(Struct, frozen=True):
    """The samples of the series that a selector finds: what a source answers."""

    labels: list[Labels]
    points: Points
    histograms: HistogramPoints
    drop: Flags = field(default_factory=lambda: np.empty(0, np.bool_))

    @classmethod
    def none(cls) -> "Samples":
        """No series."""
        return cls([], Points.none(0), HistogramPoints.none(0))


Value = Scalar | Text | Vector
Cell = float | Histogram
