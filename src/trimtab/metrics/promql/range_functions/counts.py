"""changes and resets: how often consecutive samples differ, or a counter began anew."""

from collections.abc import Callable

import numpy as np

from trimtab.metrics.promql.histograms.arithmetic import was_reset
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.language.syntax import Edge
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.range_functions.edges import bounds
from trimtab.metrics.promql.range_functions.resets import reset_flags, started_anew
from trimtab.metrics.promql.ranges import Cell, Outcome, RangeVector
from trimtab.metrics.promql.values import Flags, Points

Differs = Callable[["float | Histogram", "float | Histogram", bool], bool]


def changes(vector: RangeVector, notes: Notes) -> Outcome:
    """How often the value changed."""
    return _counted(vector, notes, _change_flags(vector.floats.points), _changed)


def resets(vector: RangeVector, notes: Notes) -> Outcome:
    """How often the counter began anew."""
    return _counted(vector, notes, reset_flags(vector.floats.points), _reset)


def _change_flags(points: Points) -> Flags:
    values = points.values
    found = np.zeros(len(values), np.bool_)
    if len(values) > 1:
        found[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
        found[points.edges[:-1][points.edges[:-1] < len(values)]] = False
    return found


def _counted(vector: RangeVector, notes: Notes, flags: Flags, differs: Differs) -> Outcome:
    floats = vector.floats
    some = vector.some_floats & ~vector.some_histograms
    first, last = floats.low, floats.high - 1
    if vector.edge is Edge.ANCHORED:
        first, last, counted = bounds(vector)
        some &= counted
    running = np.append(0, np.cumsum(flags))
    top = len(running) - 1
    number = running[np.clip(last + 1, 0, top)] - running[np.clip(first + 1, 0, top)]
    values = np.maximum(number, 0).astype(np.float64)
    for cell in vector.cells(vector.some_histograms, notes):
        found = _mixed(vector, cell, differs)
        if found is not None:
            some[cell.row, cell.column] = True
            values[cell.row, cell.column] = found
    return Outcome(values, some)


def _mixed(vector: RangeVector, cell: Cell, differs: Differs) -> int | None:
    """The count in a window that has histograms, and maybe floats between them."""
    points = vector.floats.points
    part = slice(int(vector.floats.low[cell.row, cell.column]), int(vector.floats.high[cell.row, cell.column]))
    starts = np.zeros(part.stop - part.start, np.int64) if points.starts is None else points.starts[part]
    merged: list[tuple[int, int, float | Histogram]] = sorted(
        [
            *zip(points.times[part].tolist(), starts.tolist(), points.values[part].tolist(), strict=True),
            *zip(cell.times.tolist(), cell.starts.tolist(), cell.values, strict=True),
        ],
        key=lambda sample: sample[0],
    )
    if vector.edge is Edge.ANCHORED:
        left = int(vector.floats.left[cell.column])
        before = sum(sample[0] <= left for sample in merged)
        if before == len(merged):
            return None
        merged = merged[max(before - 1, 0) :]
    times, begins = (np.array([sample[number] for sample in merged], np.int64) for number in (0, 1))
    anew = started_anew(begins[:-1], times[:-1], begins[1:], times[1:]).tolist()
    return sum(differs(old[2], new[2], moved) for old, new, moved in zip(merged, merged[1:], anew, strict=False))


def _changed(old: float | Histogram, new: float | Histogram, moved: bool) -> bool:
    if isinstance(old, Histogram) and isinstance(new, Histogram):
        return not old.same(new)
    if isinstance(old, Histogram) or isinstance(new, Histogram):
        return True
    return old != new and not (np.isnan(old) and np.isnan(new))


def _reset(old: float | Histogram, new: float | Histogram, moved: bool) -> bool:
    if isinstance(old, Histogram) and isinstance(new, Histogram):
        return moved or was_reset(new, old)
    if isinstance(old, Histogram) or isinstance(new, Histogram):
        return True
    return moved or new < old
