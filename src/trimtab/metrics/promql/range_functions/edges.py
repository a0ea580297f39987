"""`anchored` and `smoothed` ranges: values at the very edges instead of extrapolation.

An anchored range takes the last sample at or before its start as its value there; a smoothed one interpolates at both
edges. Source: Prometheus, promql/functions.go (extendedRate) and its documentation of extended range selectors.
"""

import numpy as np

from trimtab.metrics.promql.histograms.arithmetic import (
    IncompatibleSchemas,
    add,
    subtract,
    was_reset,
)
from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.language.syntax import Edge
from trimtab.metrics.promql.notes import ADD, SUBTRACT, Notes
from trimtab.metrics.promql.range_functions.resets import reset_flags
from trimtab.metrics.promql.ranges import Cell, Outcome, RangeVector
from trimtab.metrics.promql.values import Flags, Floats, Histograms, Integers
from trimtab.metrics.promql.windows import positions


def edged(vector: RangeVector, notes: Notes, allowed: Flags, *, counter: bool, per_second: bool) -> Outcome:
    """The increase, rate or delta of an anchored or smoothed range."""
    values, found = _floats(vector, allowed, counter=counter)
    if per_second:
        values = values / vector.length_s
    if not vector.has_histograms:
        return Outcome(values, found)
    cells: Histograms = vector.no_cells()
    for cell in vector.cells(allowed & vector.some_histograms, notes):
        gain = _Edges(vector, cell, notes, counter=counter).gain()
        if gain is not None:
            found[cell.row, cell.column] = True
            scaled = gain.over(vector.length_s) if per_second else gain
            cells[cell.row, cell.column] = scaled.hinted(Hint.GAUGE).compact()
    return Outcome(values, found, cells)


def bounds(vector: RangeVector) -> tuple[Integers, Integers, Flags]:
    """The first and last sample that count, and where there are any."""
    floats = vector.floats
    first = np.maximum(positions(floats.points, floats.left) - 1, floats.low)
    last = floats.high - 1
    if vector.edge is Edge.SMOOTHED:
        last = np.minimum(last, positions(floats.points, floats.right - 1))
    some = vector.some_floats.copy()
    if len(floats.points.times):
        top = len(floats.points.times) - 1
        some &= floats.points.times[np.clip(last, 0, top)] > floats.left
        if vector.edge is Edge.SMOOTHED:
            some &= floats.points.times[np.clip(first, 0, top)] <= floats.right
    return first, last, some


def _floats(vector: RangeVector, allowed: Flags, *, counter: bool) -> tuple[Floats, Flags]:
    floats, points = vector.floats, vector.floats.points
    first_all, last_all, some = bounds(vector)
    some &= allowed
    result = np.full(some.shape, np.nan)
    if not some.any():
        return result, some
    first, last = first_all[some], last_all[some]
    left = np.broadcast_to(floats.left, some.shape)[some]
    right = np.broadcast_to(floats.right, some.shape)[some]
    begin, end = points.values[first], points.values[last]
    if vector.edge is Edge.SMOOTHED:
        before = (points.times[first] < left) & (first < last)
        begin = np.where(before, _between(vector, first, left, counter=counter), begin)
        after = (points.times[last] > right) & (last > first)
        end = np.where(after, _between(vector, last - 1, right, counter=counter), end)
    gain = end - begin
    if counter:
        gain = gain + _lost(vector, first, last, (left, right), (begin, end))
    result[some] = gain
    return result, some


def _between(vector: RangeVector, at: Integers, time: Integers, *, counter: bool) -> Floats:
    """The value at a time between sample `at` and the next; a counter that was reset between begins at 0."""
    points = vector.floats.points
    after = np.minimum(at + 1, len(points.times) - 1)
    low, high = points.values[at], points.values[after]
    if counter:
        low = np.where(high < low, 0.0, low)
    gap = np.maximum(points.times[after] - points.times[at], 1)
    result: Floats = low + (high - low) * (time - points.times[at]) / gap
    return result


def _lost(
    vector: RangeVector,
    first: Integers,
    last: Integers,
    edges: tuple[Integers, Integers],
    values: tuple[Floats, Floats],
) -> Floats:
    """What resets took away between the edges: only samples strictly inside the range are looked at, and the edges."""
    points = vector.floats.points
    begin, end = values
    inner_first = first + (points.times[first] <= edges[0])
    inner_last = last - (points.times[last] >= edges[1])
    some = inner_last >= inner_first
    top = len(points.times) - 1
    flags = np.flatnonzero(reset_flags(points, use_starts=False))
    lost = np.zeros(len(points.values) + 1)
    lost[flags + 1] = points.values[flags - 1]
    running = np.cumsum(lost)
    head = np.clip(inner_first, 0, top)
    tail = np.clip(inner_last, 0, top)
    inside = np.where(some, running[tail + 1] - running[head + 1], 0.0)
    inside += np.where(some & (points.values[head] < begin), begin, 0.0)
    newest = np.where(some, points.values[tail], begin)
    return inside + np.where(end < newest, newest, 0.0)


class _Edges:
    """One window of histograms with values at its edges."""

    def __init__(self, vector: RangeVector, cell: Cell, notes: Notes, *, counter: bool) -> None:
        self._cell, self._notes, self._counter = cell, notes, counter
        self._left = int(vector.floats.left[cell.column])
        self._right = int(vector.floats.right[cell.column])
        self._smoothed = vector.edge is Edge.SMOOTHED
        self._metric, self._position = vector.name(cell.row), vector.position

    def gain(self) -> Histogram | None:
        """The growth between the edges; None where there is none to tell."""
        times, values = self._cell.times, self._cell.values
        first = max(int(np.searchsorted(times[:-1], self._left, side="right")) - 1, 0)
        last = len(times) - 1
        if self._smoothed:
            last = int(np.searchsorted(times[:-1], self._right))
        if times[last] <= self._left or (self._smoothed and times[first] > self._right):
            return None
        used = values[first : last + 1]
        if len({value.is_custom for value in used}) > 1:
            self._notes.mixed_schemas(self._metric, self._position)
            return None
        if self._counter and any(value.hint is Hint.GAUGE for value in used):
            self._notes.not_counter(self._metric, self._position)
        try:
            return self._gain(first, last)
        except IncompatibleSchemas:
            self._notes.mixed_schemas(self._metric, self._position)
            return None

    def _gain(self, first: int, last: int) -> Histogram:
        times, values = self._cell.times, self._cell.values
        begin, end = values[first], values[last]
        if self._smoothed and times[first] < self._left:
            begin = self._between(first, first + 1, self._left)
        if self._smoothed and last > 0 and times[last] > self._right:
            end = self._between(last - 1, last, self._right)
        if not self._counter and not begin.hint is end.hint is Hint.GAUGE:
            self._notes.not_gauge(self._metric, self._position)
        result = self._minus(end, begin)
        return self._corrected(result, first, last, begin, end) if self._counter else result

    def _corrected(self, result: Histogram, first: int, last: int, begin: Histogram, end: Histogram) -> Histogram:
        times, values = self._cell.times, self._cell.values
        at, before = first + 1, begin
        if self._smoothed and times[first] < self._left and was_reset(values[first + 1], values[first]):
            before, at = values[first + 1], first + 2
        if at > last:
            return result
        for value in [*values[at:last], end]:
            if was_reset(value, before):
                result = self._plus(result, before)
            before = value
        return result

    def _between(self, low: int, high: int, time: int) -> Histogram:
        times, values = self._cell.times, self._cell.values
        if time in (times[low], times[high]):
            return values[low] if time == times[low] else values[high]
        share = (time - int(times[low])) / (int(times[high]) - int(times[low]))
        return interpolated(values[low], values[high], share, self._notes, self._position, counter=self._counter)

    def _minus(self, left: Histogram, right: Histogram) -> Histogram:
        step = subtract(left, right)
        if step.reconciled:
            self._notes.reconciled(SUBTRACT, self._position)
        return step.histogram

    def _plus(self, left: Histogram, right: Histogram) -> Histogram:
        step = add(left, right)
        if step.reconciled:
            self._notes.reconciled(ADD, self._position)
        return step.histogram


def interpolated(
    low: Histogram, high: Histogram, share: float, notes: Notes, position: int, *, counter: bool
) -> Histogram:
    """A histogram between two, at `share` of the way; a counter that was reset between begins at 0.

    Raises IncompatibleSchemas.
    """
    if counter and was_reset(high, low):
        return high.times(share)
    step = subtract(high, low)
    if step.reconciled:
        notes.reconciled(SUBTRACT, position)
    whole = add(step.histogram.times(share), low)
    if whole.reconciled:
        notes.reconciled(ADD, position)
    return whole.histogram
