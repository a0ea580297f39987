"""`…_over_time` of floats and histograms. Source: Prometheus documentation, "Query functions"."""

from collections.abc import Callable

import numpy as np

from trimtab.metrics.promql.histograms.arithmetic import IncompatibleSchemas
from trimtab.metrics.promql.histograms.summing import mean, total
from trimtab.metrics.promql.notes import AGGREGATE, Notes
from trimtab.metrics.promql.ranges import Outcome, RangeVector
from trimtab.metrics.promql.sums import grouped_means, grouped_sums
from trimtab.metrics.promql.values import Flags, Floats, Integers

_DOUBTFUL = 1e-3  # see sums.py


def count(vector: RangeVector, notes: Notes) -> Outcome:
    """How many samples."""
    number = vector.floats.count + (vector.high - vector.low)
    return Outcome(number.astype(np.float64), number > 0)


def present(vector: RangeVector, notes: Notes) -> Outcome:
    """1 where there is a sample."""
    some = vector.some_floats | vector.some_histograms
    return Outcome(np.ones(some.shape), some)


def sums(vector: RangeVector, notes: Notes) -> Outcome:
    """The sum."""
    floats = vector.floats
    with np.errstate(invalid="ignore", over="ignore"):
        plain = floats.reduce(np.add, floats.points.values)
        doubtful = _doubtful(vector, plain)
    for part in floats.expanded(doubtful, notes):
        rows = np.flatnonzero(doubtful)[part.part]
        plain.ravel()[rows] = grouped_sums(floats.points.values[part.index], part.starts)
    return _with_histograms(vector, plain, notes, average=False)


def average(vector: RangeVector, notes: Notes) -> Outcome:
    """The mean."""
    floats = vector.floats
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        plain = floats.reduce(np.add, floats.points.values)
        doubtful = _doubtful(vector, plain)
        plain = plain / floats.count
    for part in floats.expanded(doubtful, notes):
        rows = np.flatnonzero(doubtful)[part.part]
        plain.ravel()[rows] = grouped_means(floats.points.values[part.index], part.starts)
    return _with_histograms(vector, plain, notes, average=True)


def _doubtful(vector: RangeVector, plain: Floats) -> Flags:
    size = vector.floats.reduce(np.add, np.abs(vector.floats.points.values))
    found: Flags = vector.some_floats & ((np.abs(plain) < size * _DOUBTFUL) | ~np.isfinite(size))
    return found


def _with_histograms(vector: RangeVector, floats: Floats, notes: Notes, *, average: bool) -> Outcome:
    if not vector.has_histograms:
        return Outcome(floats, vector.some_floats)
    mixed = vector.tell_mixed(notes)
    found = vector.some_floats & ~mixed
    cells = vector.no_cells()
    combined = mean if average else total
    for cell in vector.cells(vector.some_histograms & ~mixed, notes):
        try:
            summed = combined(cell.values)
        except IncompatibleSchemas:
            notes.mixed_schemas(vector.name(cell.row), vector.position)
            continue
        if summed.collision:
            notes.collision(AGGREGATE, vector.position)
        if summed.reconciled:
            notes.reconciled(AGGREGATE, vector.position)
        found[cell.row, cell.column] = True
        cells[cell.row, cell.column] = summed.histogram
    return Outcome(floats, found, cells)


def minimum(vector: RangeVector, notes: Notes) -> Outcome:
    """The smallest value; NaN only where there is nothing else."""
    vector.tell_ignored(notes)
    return Outcome(vector.floats.reduce(np.fmin, vector.floats.points.values), vector.some_floats)


def maximum(vector: RangeVector, notes: Notes) -> Outcome:
    """The largest value; NaN only where there is nothing else."""
    vector.tell_ignored(notes)
    return Outcome(vector.floats.reduce(np.fmax, vector.floats.points.values), vector.some_floats)


def time_of_minimum(vector: RangeVector, notes: Notes) -> Outcome:
    """When the smallest value was last seen, in seconds."""
    return _time_of(vector, notes, minimum(vector, notes).values)


def time_of_maximum(vector: RangeVector, notes: Notes) -> Outcome:
    """When the largest value was last seen, in seconds."""
    return _time_of(vector, notes, maximum(vector, notes).values)


def _time_of(vector: RangeVector, notes: Notes, extreme: Floats) -> Outcome:
    floats, some = vector.floats, vector.some_floats
    result = np.full(some.shape, np.nan)
    for part in floats.expanded(some, notes):
        wanted = part.spread(extreme[some][part.part])
        values = floats.points.values[part.index]
        hit = (values == wanted) | np.isnan(wanted)
        last = np.maximum.reduceat(np.where(hit, part.index, -1), part.starts)
        result.ravel()[np.flatnonzero(some)[part.part]] = floats.points.times[last] / 1000
    return Outcome(result, some)


def _ends(vector: RangeVector, *, last: bool) -> tuple[Integers, Integers]:
    """Times of each window's first or last float and histogram; beyond all times where there is none."""
    floats = vector.floats
    none = np.int64(-(2**62) if last else 2**62)
    at = floats.last() if last else floats.first()
    times = np.where(vector.some_floats, floats.points.times[at], none) if len(floats.points.times) else none
    if not vector.has_histograms:
        return np.broadcast_to(times, vector.low.shape), np.broadcast_to(none, vector.low.shape)
    place = np.clip(vector.high - 1 if last else vector.low, 0, len(vector.points.times) - 1)
    own = np.where(vector.some_histograms, vector.points.times[place], none)
    return np.broadcast_to(times, vector.low.shape), own


def _end(vector: RangeVector, *, last: bool) -> Outcome:
    floats = vector.floats
    times, own = _ends(vector, last=last)
    at = floats.last() if last else floats.first()
    values = floats.points.values[at] if len(floats.points.times) else np.full(vector.low.shape, np.nan)
    found = vector.some_floats | vector.some_histograms
    if not vector.has_histograms:
        return Outcome(values, found)
    chosen = vector.some_histograms & ((own >= times) if last else (own <= times))
    cells = vector.no_cells()
    place = vector.high[chosen] - 1 if last else vector.low[chosen]
    cells[chosen] = vector.points.values[place]
    return Outcome(values, found, cells)


def first(vector: RangeVector, notes: Notes) -> Outcome:
    """The oldest sample."""
    return _end(vector, last=False)


def last(vector: RangeVector, notes: Notes) -> Outcome:
    """The newest sample."""
    return _end(vector, last=True)


def time_of_first(vector: RangeVector, notes: Notes) -> Outcome:
    """When the oldest sample was, in seconds."""
    return Outcome(np.minimum(*_ends(vector, last=False)) / 1000, vector.some_floats | vector.some_histograms)


def time_of_last(vector: RangeVector, notes: Notes) -> Outcome:
    """When the newest sample was, in seconds."""
    return Outcome(np.maximum(*_ends(vector, last=True)) / 1000, vector.some_floats | vector.some_histograms)


def deviation(vector: RangeVector, notes: Notes) -> Outcome:
    """The standard deviation of the population."""
    found = variance(vector, notes)
    return Outcome(np.sqrt(found.values), found.present)


def variance(vector: RangeVector, notes: Notes) -> Outcome:
    """The variance of the population."""
    vector.tell_ignored(notes)
    floats, some = vector.floats, vector.some_floats
    result = np.full(some.shape, np.nan)
    for part in floats.expanded(some, notes):
        values = floats.points.values[part.index]
        with np.errstate(invalid="ignore", over="ignore"):
            near = values - part.spread(values[part.starts])  # equal values are no distance apart, exactly
            apart = near - part.spread(grouped_means(near, part.starts))
            result.ravel()[np.flatnonzero(some)[part.part]] = part.sums(apart * apart) / part.count
    return Outcome(result, some)


Function = Callable[[RangeVector, Notes], Outcome]
FUNCTIONS: dict[str, Function] = {
    "avg_over_time": average,
    "count_over_time": count,
    "first_over_time": first,
    "last_over_time": last,
    "max_over_time": maximum,
    "min_over_time": minimum,
    "present_over_time": present,
    "stddev_over_time": deviation,
    "stdvar_over_time": variance,
    "sum_over_time": sums,
    "ts_of_first_over_time": time_of_first,
    "ts_of_last_over_time": time_of_last,
    "ts_of_max_over_time": time_of_maximum,
    "ts_of_min_over_time": time_of_minimum,
}
