"""From histograms as they came to what each added: differences of cumulative ones, deltas as they are.

A cumulative point has its predecessor subtracted. It counts as it is (a reset) when its start time changed or its count
fell; without a predecessor it counts only if its start lies in what was read, for then nothing came before.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.metrics.intervals import Intervals, concatenate
from trimtab.store.telemetry.client import Columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_EMPTY = Intervals(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.bool_))


@dataclass(frozen=True, slots=True)
class Deltas:
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
    follows = _follows(columns)
    fresh = _fresh(columns, follows, lookback_ms)
    rows = np.flatnonzero((fresh | follows) & (columns["at"] >= start_ms))
    subtract = ~fresh[rows]
    before = np.where(subtract, rows - 1, 0)
    counts, sums = columns["count"].astype(np.float64), columns["sum"].astype(np.float64)
    count = counts[rows] - np.where(subtract, counts[before], 0.0) if len(rows) else np.empty(0)
    total = sums[rows] - np.where(subtract, sums[before], 0.0) if len(rows) else np.empty(0)
    parts = [
        _buckets(columns, int(row), bool(minus), number)
        for number, (row, minus) in enumerate(zip(rows, subtract, strict=True))
    ]
    intervals = concatenate(parts) if parts else _EMPTY
    low, high = _extremes(columns, rows, subtract, intervals)
    return Deltas(rows, count, total, low, high, intervals)


def _follows(columns: Columns) -> Flags:
    """Whether the row before is of the same series and layout."""
    series, exponential = columns["series"], columns["exponential"]
    follows = np.zeros(len(series), dtype=np.bool_)
    follows[1:] = (series[1:] == series[:-1]) & (exponential[1:] == exponential[:-1])
    for row in np.flatnonzero(follows & (exponential == 0)).tolist():
        follows[row] = np.array_equal(columns["bounds"][row], columns["bounds"][row - 1])
    return follows


def _fresh(columns: Columns, follows: Flags, lookback_ms: int) -> Flags:
    """Whether a row counts as it is."""
    start, count = columns["start_at"], columns["count"].astype(np.int64)
    restarted = np.zeros(len(start), dtype=np.bool_)
    restarted[1:] = (start[1:] != start[:-1]) | (count[1:] < count[:-1])
    began_inside = (start >= lookback_ms) & (start > 0)
    fresh: Flags = (columns["cumulative"] == 0) | np.where(follows, restarted, began_inside)
    return fresh


def _buckets(columns: Columns, row: int, subtract: bool, number: int) -> Intervals:
    if columns["exponential"][row]:
        low, high, count = _exponential(columns, row, subtract)
    else:
        bounds = np.asarray(columns["bounds"][row], dtype=np.float64)
        count = np.asarray(columns["counts"][row], dtype=np.float64)
        if subtract:
            count = count - np.asarray(columns["counts"][row - 1], dtype=np.float64)
        low, high = np.append(-np.inf, bounds), np.append(bounds, np.inf)
        if not len(count):
            low, high = low[:0], high[:0]  # A histogram of count and sum only.
    kept = count > 0
    segment = np.full(int(kept.sum()), number, dtype=np.int64)
    geometric = (low[kept] * high[kept] > 0) & bool(columns["exponential"][row])
    return Intervals(segment, low[kept], high[kept], count[kept], geometric)


def _exponential(columns: Columns, row: int, subtract: bool) -> tuple[Floats, Floats, Floats]:
    scale = int(columns["scale"][row])
    zero, threshold = float(columns["zero_count"][row]), float(columns["zero_threshold"][row])
    positive, negative = _run(columns, row, "positive", 0), _run(columns, row, "negative", 0)
    if subtract:
        # A histogram whose range grows is merged to a coarser scale: bring both points to the coarser of the two.
        earlier = int(columns["scale"][row - 1])
        common = min(scale, earlier)
        positive = _minus(_coarser(positive, scale - common), _run(columns, row - 1, "positive", earlier - common))
        negative = _minus(_coarser(negative, scale - common), _run(columns, row - 1, "negative", earlier - common))
        zero, scale = zero - float(columns["zero_count"][row - 1]), common
    up, down = np.array(sorted(positive), dtype=np.float64), np.array(sorted(negative, reverse=True), dtype=np.float64)
    width = 2.0**-scale
    low = np.concatenate((-np.exp2((down + 1) * width), (-threshold,), np.exp2(up * width)))
    high = np.concatenate((-np.exp2(down * width), (threshold,), np.exp2((up + 1) * width)))
    counts = [*(negative[int(index)] for index in down), zero, *(positive[int(index)] for index in up)]
    return low, high, np.array(counts, dtype=np.float64)


Run = dict[int, float]
"""Counts by bucket index."""


def _run(columns: Columns, row: int, side: str, coarser_by: int) -> Run:
    offset = int(columns[f"{side}_offset"][row])
    counts = enumerate(np.asarray(columns[side][row], dtype=np.float64).tolist(), offset)
    return _coarser({index: count for index, count in counts if count}, coarser_by)


def _coarser(run: Run, by: int) -> Run:
    if not by:
        return run
    merged: Run = {}
    for index, count in run.items():
        merged[index >> by] = merged.get(index >> by, 0.0) + count
    return merged


def _minus(run: Run, earlier: Run) -> Run:
    return {index: count - earlier.get(index, 0.0) for index, count in run.items()}


def _extremes(
    columns: Columns, rows: npt.NDArray[np.intp], subtract: Flags, intervals: Intervals
) -> tuple[Floats, Floats]:
    """Minimum and maximum: as sent where they are of the addition itself, else from the outermost bucket in use.

    A cumulative point's extremes are those of its whole life; where they moved since its predecessor they are the
    addition's own, else they only bound the estimate.
    """
    sent_low, sent_high = columns["minimum"][rows], columns["maximum"][rows]
    own_low, own_high = ~subtract & ~np.isnan(sent_low), ~subtract & ~np.isnan(sent_high)
    if len(rows):
        own_low |= subtract & (sent_low < columns["minimum"][rows - 1])
        own_high |= subtract & (sent_high > columns["maximum"][rows - 1])
    low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    np.fmin.at(low, intervals.segment, np.where(np.isinf(intervals.low), np.nan, intervals.low))
    np.fmax.at(high, intervals.segment, np.where(np.isinf(intervals.high), np.nan, intervals.high))
    unbounded_low = np.isin(np.arange(len(rows)), intervals.segment[np.isneginf(intervals.low)])
    unbounded_high = np.isin(np.arange(len(rows)), intervals.segment[np.isposinf(intervals.high)])
    low = np.where(unbounded_low, sent_low, np.fmax(low, sent_low))
    high = np.where(unbounded_high, sent_high, np.fmin(high, sent_high))
    return np.where(own_low, sent_low, low), np.where(own_high, sent_high, high)
