"""rate, increase and delta, extrapolated to the edges of their range as Prometheus does; irate and idelta.

Source: Prometheus, promql/functions.go (extrapolatedRate, instantValue).
"""

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.histograms.arithmetic import IncompatibleSchemas, add
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.language.syntax import Edge
from trimtab.metrics.promql.notes import ADD, Notes
from trimtab.metrics.promql.range_functions.edges import edged
from trimtab.metrics.promql.range_functions.histogram_rates import increase_of, last_step
from trimtab.metrics.promql.range_functions.resets import overlapping, reset_flags, started_anew
from trimtab.metrics.promql.ranges import Cell, Outcome, RangeVector
from trimtab.metrics.promql.values import Flags, Floats, Integers, Points

_THRESHOLD = 1.1  # of the average distance: a sample that far from the edge is taken to be where the series ends
COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")


def rate(vector: RangeVector, notes: Notes) -> Outcome:
    """The increase per second of a counter."""
    return _extrapolated(vector, notes, counter=True, per_second=True)


def increase(vector: RangeVector, notes: Notes) -> Outcome:
    """The increase of a counter over the range."""
    return _extrapolated(vector, notes, counter=True, per_second=False)


def delta(vector: RangeVector, notes: Notes) -> Outcome:
    """The difference of a gauge over the range."""
    return _extrapolated(vector, notes, counter=False, per_second=False)


class _Sampled(Struct, frozen=True):
    """What is known of windows before extrapolation, by window: times in ms, `steps` samples less one."""

    first_at: Integers
    last_at: Integers
    left: Integers
    right: Integers
    steps: Integers


def _extrapolated(vector: RangeVector, notes: Notes, *, counter: bool, per_second: bool) -> Outcome:
    mixed = vector.tell_mixed(notes) if vector.has_histograms else np.zeros(vector.low.shape, np.bool_)
    if vector.edge is not Edge.PLAIN:
        outcome = edged(vector, notes, ~mixed, counter=counter, per_second=per_second)
    else:
        values, found = _floats(vector, ~mixed, counter=counter)
        if per_second:
            values = values / vector.length_s
        cells = _histograms(vector, notes, found, ~mixed, counter=counter, per_second=per_second)
        outcome = Outcome(values, found, cells)
        if counter:
            _tell_overlaps(vector, notes, outcome)
    if counter:
        _tell_names(vector, notes, outcome)
    return outcome


def _tell_names(vector: RangeVector, notes: Notes, outcome: Outcome) -> None:
    some = (outcome.present & vector.some_floats).any(axis=1)
    for row in np.flatnonzero(some).tolist():
        name = vector.name(row)
        if name and not name.endswith(COUNTER_SUFFIXES):
            notes.maybe_no_counter(name, vector.position)


def _tell_overlaps(vector: RangeVector, notes: Notes, outcome: Outcome) -> None:
    floats = vector.floats
    if floats.points.starts is None and vector.points.starts is None:
        return
    twice = overlapping(floats.points, floats.low, floats.high)
    twice |= overlapping(vector.points, vector.low, vector.high)
    for row in np.flatnonzero((twice & outcome.present).any(axis=1)).tolist():
        notes.overlap(vector.name(row), vector.position)


def _floats(vector: RangeVector, allowed: Flags, *, counter: bool) -> tuple[Floats, Flags]:
    floats, points = vector.floats, vector.floats.points
    some = allowed & vector.some_floats
    result = np.full(some.shape, np.nan)
    if not some.any():
        return result, some
    first, last = floats.first()[some], floats.last()[some]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        gain = points.values[last] - points.values[first]
        if counter:
            gain = gain + _lost(points, first, last)
        sampled = _Sampled(
            points.times[first],
            points.times[last],
            np.broadcast_to(floats.left, some.shape)[some],
            np.broadcast_to(floats.right, some.shape)[some],
            last - first,
        )
        began = points.starts[first] if counter and points.starts is not None else np.zeros(len(first), np.int64)
        inside = _began_inside(began, sampled)
        gain = np.where(inside, gain + points.values[first], gain)
        zero_at = points.values[first] if counter else None
        factor = _factor(sampled, inside, began, gain, zero_at)
        result[some] = gain * factor
    enough = np.zeros(some.shape, np.bool_)
    enough[some] = inside | (sampled.steps > 0)
    return result, enough


def _lost(points: Points, first: Integers, last: Integers) -> Floats:
    """What counters lost by resets in windows of samples `first` to `last`; the first one's own does not count.

    Of each window by itself: a difference of running sums would keep the rounding of everything before, and be NaN
    behind an infinity.
    """
    flags = reset_flags(points)
    number = np.append(0, np.cumsum(flags))
    some = np.flatnonzero(number[last + 1] > number[first + 1])
    lost = np.zeros(len(first))
    if len(some):
        at = np.flatnonzero(flags)
        before = np.append(points.values[at - 1], 0.0)
        bounds = np.stack((number[first[some] + 1], number[last[some] + 1]), axis=1).ravel()
        lost[some] = np.add.reduceat(before, bounds)[::2]
    return lost


def _began_inside(began: Integers, sampled: _Sampled) -> Flags:
    """Windows whose counter began in them: it was 0 then."""
    found: Flags = (began != 0) & (began > sampled.left) & (began < sampled.first_at)
    return found


def _factor(sampled: _Sampled, inside: Flags, began: Integers, gain: Floats, zero_at: Floats | None) -> Floats:
    """By how much the gain between samples grows when it is extended to the window's edges."""
    interval = (sampled.last_at - sampled.first_at) / 1000
    average = np.where(sampled.steps > 0, interval / np.maximum(sampled.steps, 1), 0.0)
    to_start = (sampled.first_at - sampled.left) / 1000
    to_end = (sampled.right - sampled.last_at) / 1000
    to_start = np.where(to_start >= average * _THRESHOLD, average / 2, to_start)
    to_end = np.where(to_end >= average * _THRESHOLD, average / 2, to_end)
    if zero_at is not None:
        # A counter is not extended below 0.
        to_zero = np.where((gain > 0) & (zero_at >= 0), interval * (zero_at / gain), np.inf)
        to_start = np.minimum(to_start, to_zero)
    interval = np.where(inside, (sampled.last_at - began) / 1000, interval)
    to_start = np.where(inside, 0.0, to_start)
    factor: Floats = np.where(interval != 0, (interval + to_start + to_end) / interval, 1.0)
    return factor


def _histograms(
    vector: RangeVector, notes: Notes, found: Flags, allowed: Flags, *, counter: bool, per_second: bool
) -> "np.ndarray[tuple[int, ...], np.dtype[np.object_]] | None":
    """Fills in the windows of histograms, and marks them in `found`."""
    if not vector.has_histograms:
        return None
    cells = vector.no_cells()
    for cell in vector.cells(allowed & vector.some_histograms, notes):
        result = _histogram(vector, cell, notes, counter=counter)
        if result is not None:
            found[cell.row, cell.column] = True
            cells[cell.row, cell.column] = result.times(1 / vector.length_s) if per_second else result
    return cells


def _histogram(vector: RangeVector, cell: Cell, notes: Notes, *, counter: bool) -> Histogram | None:
    gain: Histogram | None = None
    if len(cell.values) > 1:
        gain = increase_of(cell, notes, vector.name(cell.row), vector.position, counter=counter)
        if gain is None:
            return None
    began = cell.starts[:1] if counter else np.zeros(1, np.int64)
    left, right = (edge[cell.column : cell.column + 1] for edge in (vector.floats.left, vector.floats.right))
    sampled = _Sampled(cell.times[:1], cell.times[-1:], left, right, np.array((len(cell.values) - 1,)))
    inside = _began_inside(began, sampled)
    if inside[0]:
        gain = cell.values[0] if gain is None else _plus(vector, cell, gain, notes)
    if gain is None:
        return None
    zero_at = np.array((cell.values[0].count,)) if counter else None
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = _factor(sampled, inside, began, np.array((gain.count,)), zero_at)
    return gain.times(float(factor[0]))


def _plus(vector: RangeVector, cell: Cell, gain: Histogram, notes: Notes) -> Histogram | None:
    """The gain with what was counted up to the first histogram of a counter that began in the window."""
    try:
        whole = add(gain, cell.values[0])
    except IncompatibleSchemas:
        notes.mixed_schemas(vector.name(cell.row), vector.position)
        return None
    if whole.reconciled:
        notes.reconciled(ADD, vector.position)
    return whole.histogram.hinted(gain.hint)


def irate(vector: RangeVector, notes: Notes) -> Outcome:
    """The increase per second between the last two samples."""
    return _instant(vector, notes, counter=True)


def idelta(vector: RangeVector, notes: Notes) -> Outcome:
    """The difference between the last two samples."""
    return _instant(vector, notes, counter=False)


def _instant(vector: RangeVector, notes: Notes, *, counter: bool) -> Outcome:
    floats, points = vector.floats, vector.floats.points
    plain = (floats.count >= 2) & ~vector.some_histograms
    result = np.full(plain.shape, np.nan)
    last = floats.last()[plain]
    if len(last):
        before = last - 1
        gap = (points.times[last] - points.times[before]) / 1000
        with np.errstate(invalid="ignore", over="ignore"):
            gain = points.values[last] - points.values[before]
            if counter:
                fell = points.values[last] < points.values[before]
                if points.starts is not None:
                    starts, times = points.starts, points.times
                    fell |= started_anew(starts[before], times[before], starts[last], times[last])
                gain = np.where(fell, points.values[last], gain) / gap
        result[plain] = gain
    if not vector.has_histograms:
        return Outcome(result, plain)
    cells = vector.no_cells()
    several = (floats.count + vector.high - vector.low >= 2) & vector.some_histograms
    for cell in vector.cells(several, notes):
        _instant_cell(vector, cell, notes, cells, plain, result, counter=counter)
    return Outcome(result, plain, cells)


def _instant_cell(
    vector: RangeVector,
    cell: Cell,
    notes: Notes,
    cells: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]",
    found: Flags,
    values: Floats,
    *,
    counter: bool,
) -> None:
    """The last two samples of a window that has histograms, whichever they are."""
    low, high = vector.floats.low[cell.row, cell.column], vector.floats.high[cell.row, cell.column]
    times = vector.floats.points.times[max(low, high - 2) : high]
    merged = sorted([(int(at), -1) for at in times] + [(int(at), number) for number, at in enumerate(cell.times)])
    (before, first), (last, second) = merged[-2:]
    if (first < 0) != (second < 0):
        notes.mixed(vector.name(cell.row), vector.position)
        return
    gap = (last - before) / 1000
    if second >= 0:
        gain = last_step(cell, notes, vector.name(cell.row), vector.position, counter=counter)
        if gain is not None:
            found[cell.row, cell.column] = True
            cells[cell.row, cell.column] = gain.over(gap) if counter else gain
        return
    points = vector.floats.points
    older, newest = points.values[high - 2 : high].tolist()
    fell = newest < older
    if points.starts is not None:
        own = slice(high - 2, high - 1), slice(high - 1, high)
        fell |= bool(started_anew(*(column[part] for part in own for column in (points.starts, points.times)))[0])
    gain_value = newest if counter and fell else newest - older
    found[cell.row, cell.column] = True
    values[cell.row, cell.column] = gain_value / gap if counter else gain_value
