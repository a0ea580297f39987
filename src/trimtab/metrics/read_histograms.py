"""Reads histograms: totals and intervals of each (atom, bucket)."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.buckets import Window
from trimtab.metrics.histogram_deltas import deltas_of
from trimtab.metrics.intervals import Intervals
from trimtab.metrics.totals import Totals, merge_totals
from trimtab.store.telemetry.client import Columns


class Histograms(Struct, frozen=True):
    """Totals by atom, and intervals (whose segment is the bucket number) with the atom of each row."""

    totals: Totals
    interval_atom: npt.NDArray[np.int64]
    intervals: Intervals

    @classmethod
    def of(cls, columns: Columns, window: Window, atom_of: dict[int, int]) -> "Histograms":
        """From an engine result that is ordered by series and time and reaches back to the window's lookback."""
        deltas = deltas_of(columns, window.start_ms, window.lookback_ms)
        series = columns["series"][deltas.rows].tolist()
        atom = np.array([atom_of[series_id] for series_id in series], dtype=np.int64)
        bucket = (columns["at"][deltas.rows] - window.origin_ms) // window.period_ms
        some = deltas.count > 0  # A point that added nothing is no data, as an empty period is.
        order = np.flatnonzero(some)[np.argsort(atom[some], kind="stable")]
        totals = Totals(
            atom[order], bucket[order], deltas.count[order], deltas.total[order], deltas.low[order], deltas.high[order]
        )
        found = deltas.intervals
        intervals = Intervals(bucket[found.segment], found.low, found.high, found.count, found.geometric)
        return cls(totals, atom[found.segment], intervals)

    def totals_of(self, atom: int) -> Totals:
        """Totals of one atom, one row a bucket."""
        return merge_totals([self.totals.of_atom(atom)])

    def intervals_of(self, atom: int) -> Intervals:
        """Intervals of one atom."""
        return self.intervals.chosen(self.interval_atom == atom)
