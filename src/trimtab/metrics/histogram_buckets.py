"""From the bucket columns of histograms to intervals: what each row holds beyond the row before it.

All rows at once: bucket arrays are laid end to end, and a row's buckets are found by its offset into them. `rows` are
row numbers of the columns, `subtract` says which of them have the row before taken away; the segment of an interval is
the place of its row in `rows`.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.intervals import Intervals, concatenate
from trimtab.store.telemetry.client import Columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
RowNumbers = npt.NDArray[np.intp]


class Ragged(Struct, frozen=True):
    """A column of arrays, laid end to end: row r is `flat[offset[r] : offset[r] + length[r]]`."""

    flat: Floats
    offset: Integers
    length: Integers

    @classmethod
    def of(cls, column: npt.NDArray[np.object_]) -> "Ragged":
        """From a column whose elements are arrays of numbers."""
        arrays = [np.asarray(item, dtype=np.float64) for item in column]
        length = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
        flat = np.concatenate(arrays) if arrays else np.empty(0)
        return cls(flat, np.cumsum(length) - length, length)

    def elements(self, rows: RowNumbers) -> tuple[Integers, Integers]:
        """For every element of `rows`: the place of its row in `rows`, and its index in the row."""
        length = self.length[rows]
        place = np.repeat(np.arange(len(rows)), length)
        return place, np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length)

    def get(self, rows: Integers, index: Integers) -> Floats:
        """Element `index` of each of `rows`; 0 where the row has none."""
        inside = (index >= 0) & (index < self.length[rows])
        if not len(self.flat):
            return np.zeros(len(rows))
        return np.where(inside, self.flat[np.where(inside, self.offset[rows] + index, 0)], 0.0)


def buckets_of(columns: Columns, rows: RowNumbers, subtract: Flags) -> Intervals:
    """The intervals of all `rows`, explicit and exponential; buckets that gained nothing are left out."""
    exponential = columns["exponential"][rows] != 0
    same = columns["scale"][rows] == columns["scale"][np.maximum(rows - 1, 0)]
    merged = exponential & subtract & ~same
    parts = [_explicit(columns, rows, subtract, ~exponential)]
    if np.any(exponential):
        plain = exponential & ~merged
        parts += [_zero(columns, rows, subtract, exponential)]
        parts += [_side(columns, rows, subtract, plain, side) for side in ("positive", "negative")]
        parts += [_rescaled(columns, int(rows[place]), int(place)) for place in np.flatnonzero(merged)]
    found = concatenate(parts)
    return found.chosen(found.count > 0)


def _explicit(columns: Columns, rows: RowNumbers, subtract: Flags, chosen: Flags) -> Intervals:
    places = np.flatnonzero(chosen)
    counts, bounds = Ragged.of(columns["counts"]), Ragged.of(columns["bounds"])
    at, index = counts.elements(rows[places])
    place = places[at]
    row = rows[place]
    count = counts.get(row, index) - np.where(subtract[place], counts.get(np.maximum(row - 1, 0), index), 0.0)
    low = np.where(index == 0, -np.inf, bounds.get(row, index - 1))
    high = np.where(index == bounds.length[row], np.inf, bounds.get(row, index))
    return Intervals(place, low, high, count, np.zeros(len(place), dtype=np.bool_))


def _zero(columns: Columns, rows: RowNumbers, subtract: Flags, chosen: Flags) -> Intervals:
    place = np.flatnonzero(chosen)
    counts = columns["zero_count"].astype(np.float64)
    row = rows[place]
    count = counts[row] - np.where(subtract[place], counts[np.maximum(row - 1, 0)], 0.0)
    threshold = columns["zero_threshold"][row]
    return Intervals(place, -threshold, threshold, count, np.zeros(len(place), dtype=np.bool_))


def _side(columns: Columns, rows: RowNumbers, subtract: Flags, chosen: Flags, side: str) -> Intervals:
    """Exponential buckets of rows whose predecessor, if it is taken away, has the same scale."""
    places = np.flatnonzero(chosen)
    counts, offset = Ragged.of(columns[side]), columns[f"{side}_offset"].astype(np.int64)
    at, index = counts.elements(rows[places])
    place = places[at]
    row, before = rows[place], np.maximum(rows[place] - 1, 0)
    earlier = counts.get(before, index + offset[row] - offset[before])
    count = counts.get(row, index) - np.where(subtract[place], earlier, 0.0)
    return _exponential(place, offset[row] + index, columns["scale"][row], count, negative=side == "negative")


def _exponential(place: Integers, index: Integers, scale: Integers, count: Floats, *, negative: bool) -> Intervals:
    width = np.exp2(-scale.astype(np.float64))
    low, high = np.exp2(index * width), np.exp2((index + 1) * width)
    low, high = (-high, -low) if negative else (low, high)
    return Intervals(place, low, high, count, np.ones(len(place), dtype=np.bool_))


def _rescaled(columns: Columns, row: int, place: int) -> Intervals:
    """One row less its predecessor of another scale: a histogram whose range grew was merged to coarser buckets."""
    scales = (int(columns["scale"][row]), int(columns["scale"][row - 1]))
    common = min(scales)
    parts = []
    for side in ("positive", "negative"):
        run = _coarser(columns, row, side, scales[0] - common)
        for index, count in _coarser(columns, row - 1, side, scales[1] - common).items():
            run[index] = run.get(index, 0.0) - count
        indices = np.fromiter(run, dtype=np.int64, count=len(run))
        counts = np.fromiter(run.values(), dtype=np.float64, count=len(run))
        places, scale = np.full(len(run), place), np.full(len(run), common)
        parts.append(_exponential(places, indices, scale, counts, negative=side == "negative"))
    return concatenate(parts)


def _coarser(columns: Columns, row: int, side: str, by: int) -> dict[int, float]:
    """Counts by bucket index at a scale `by` steps coarser."""
    merged: dict[int, float] = {}
    counts = np.asarray(columns[side][row], dtype=np.float64).tolist()
    for index, count in enumerate(counts, int(columns[f"{side}_offset"][row])):
        merged[index >> by] = merged.get(index >> by, 0.0) + count
    return merged
