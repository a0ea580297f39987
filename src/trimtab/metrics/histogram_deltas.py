"""From histograms as they came to what each added: differences of cumulative ones, deltas as they are.

A cumulative point has its predecessor subtracted. It counts as it is (a reset) when its start time changed or its count
fell; without a predecessor it counts only if its start lies in what was read, for then nothing came before.
"""

from operator import eq

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.histogram_buckets import buckets_of
from trimtab.metrics.intervals import Intervals
from trimtab.store.telemetry.client import Columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Deltas(Struct, frozen=True):
    """What each kept row added: its row number in the columns, count, sum, extremes (estimates where not sent), and
    the intervals of all rows, whose segment is the place in `rows`."""

    rows: npt.NDArray[np.intp]
    count: Floats
    total: Floats
    low: Floats
    high: Floats
    intervals: Intervals


def deltas_of(columns: Columns, start_ms: int, lookback_ms: int) -> Deltas:
    """The additions of rows at or after `start_ms`, from columns ordered by series and time from `lookback_ms` on."""
    follows = np.zeros(len(columns["series"]), dtype=np.bool_)
    follows[1:] = columns["series"][1:] == columns["series"][:-1]
    fresh = _fresh(columns, follows, lookback_ms)
    comparable = follows & _same_layout(columns)
    rows = np.flatnonzero((fresh | comparable) & (columns["at"] >= start_ms))
    subtract = ~fresh[rows]
    before = np.maximum(rows - 1, 0)  # A first row never has anything taken away.
    counts, sums = columns["count"].astype(np.float64), columns["sum"]
    count = counts[rows] - np.where(subtract, counts[before], 0.0)
    total = sums[rows] - np.where(subtract, sums[before], 0.0)
    intervals = buckets_of(columns, rows, subtract)
    low, high = _extremes(columns, rows, subtract, intervals)
    return Deltas(rows, count, total, low, high, intervals)


def _same_layout(columns: Columns) -> Flags:
    """Whether the row before is of the same sort and has the same bounds (exponential scales may differ)."""
    same = np.zeros(len(columns["series"]), dtype=np.bool_)
    exponential, cumulative = columns["exponential"], columns["cumulative"]
    bounds = [np.asarray(row, dtype=np.float64).tobytes() for row in columns["bounds"]]
    same[1:] = np.fromiter(map(eq, bounds[1:], bounds), dtype=np.bool_, count=max(len(bounds) - 1, 0))
    same[1:] &= (exponential[1:] == exponential[:-1]) & (cumulative[1:] == cumulative[:-1])
    return same


def _fresh(columns: Columns, follows: Flags, lookback_ms: int) -> Flags:
    """Whether a row counts as it is."""
    start, count = columns["start_at"], columns["count"].astype(np.int64)
    restarted = np.zeros(len(start), dtype=np.bool_)
    restarted[1:] = (start[1:] != start[:-1]) | (count[1:] < count[:-1])
    began_inside = (start >= lookback_ms) & (start > 0)
    fresh: Flags = (columns["cumulative"] == 0) | np.where(follows, restarted, began_inside)
    return fresh


def _extremes(
    columns: Columns, rows: npt.NDArray[np.intp], subtract: Flags, intervals: Intervals
) -> tuple[Floats, Floats]:
    """Minimum and maximum: as sent where they are of the addition itself, else from the outermost bucket in use.

    A cumulative point's extremes are those of its whole life; where they moved since its predecessor they are the
    addition's own, else they only bound the estimate.
    """
    sent_low, sent_high = columns["minimum"][rows], columns["maximum"][rows]
    own_low, own_high = ~subtract & ~np.isnan(sent_low), ~subtract & ~np.isnan(sent_high)
    before = np.maximum(rows - 1, 0)
    own_low |= subtract & (sent_low < columns["minimum"][before])
    own_high |= subtract & (sent_high > columns["maximum"][before])
    low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    np.fmin.at(low, intervals.segment, np.where(np.isinf(intervals.low), np.nan, intervals.low))
    np.fmax.at(high, intervals.segment, np.where(np.isinf(intervals.high), np.nan, intervals.high))
    unbounded_low = np.isin(np.arange(len(rows)), intervals.segment[np.isneginf(intervals.low)])
    unbounded_high = np.isin(np.arange(len(rows)), intervals.segment[np.isposinf(intervals.high)])
    low = np.where(unbounded_low, sent_low, np.fmax(low, sent_low))
    high = np.where(unbounded_high, sent_high, np.fmin(high, sent_high))
    return np.where(own_low, sent_low, low), np.where(own_high, sent_high, high)
