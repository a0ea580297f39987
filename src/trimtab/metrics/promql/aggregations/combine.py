"""Aggregations that make one sample of a group: sum, avg, min, max, count, group, stddev, stdvar, quantile."""

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.aggregations.groups import Groups
from trimtab.metrics.promql.histograms.arithmetic import IncompatibleSchemas
from trimtab.metrics.promql.histograms.summing import mean, total
from trimtab.metrics.promql.notes import AGGREGATE, Notes
from trimtab.metrics.promql.range_functions.order import quantiles
from trimtab.metrics.promql.sums import grouped_sums
from trimtab.metrics.promql.values import Flags, Floats, Vector, no_histograms

_IGNORING = frozenset(("min", "max", "stddev", "stdvar", "quantile"))
"""Aggregations that leave histograms out."""


def combine(op: str, groups: Groups, q: Floats | None, notes: Notes, position: int) -> Vector:
    """One row for each group. `q` is the quantile by step; `position` is where the expression stands."""
    vector = groups.vector
    if op in _IGNORING and vector.histograms is not None and vector.is_histogram.any():
        notes.ignored_in_aggregation(op, position)
    floats = groups.count(vector.floats)
    if op in ("count", "group"):
        number = groups.count(vector.present)
        values = number.astype(np.float64) if op == "count" else np.ones(number.shape)
        return _made(groups, values, number > 0)
    values = _values(op, groups, floats > 0, floats.astype(np.float64), q)
    made = _made(groups, values, floats > 0)
    if op in ("sum", "avg") and vector.histograms is not None and vector.is_histogram.any():
        made = _with_histograms(op, groups, made, notes, position)
    return made


def _made(groups: Groups, values: Floats, present: Flags) -> Vector:
    return Vector(groups.labels, values, present, groups.drop())


def _values(op: str, groups: Groups, some: Flags, count: Floats, q: Floats | None) -> Floats:
    vector = groups.vector
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        match op:
            case "min":
                return _extreme(np.fmin, groups)
            case "max":
                return _extreme(np.fmax, groups)
            case "sum":
                return grouped_sums(np.where(vector.floats, vector.values, 0.0), groups.starts)
            case "avg":
                return _mean(groups, count)
            case "stddev" | "stdvar":
                apart = _apart(groups, count)
                squares = np.where(vector.floats, apart * apart, 0.0)
                spread = np.add.reduceat(squares, groups.starts, axis=0) / count
                return np.sqrt(spread) if op == "stddev" else spread
            case _:
                return _quantile(groups, some, np.zeros(some.shape[1]) if q is None else q)


def _extreme(ufunc: np.ufunc, groups: Groups) -> Floats:
    values = np.where(groups.vector.floats, groups.vector.values, np.nan)
    found: Floats = ufunc.reduceat(values, groups.starts, axis=0)
    return found


def _mean(groups: Groups, count: Floats) -> Floats:
    values = np.where(groups.vector.floats, groups.vector.values, 0.0)
    sums = grouped_sums(values, groups.starts)
    means = sums / count
    overflown = ~np.isfinite(sums)
    if overflown.any():  # the mean of large numbers may be a number where their sum is none
        scaled = grouped_sums(values / groups.spread(count), groups.starts)
        means[overflown] = scaled[overflown]
    return means


def _apart(groups: Groups, count: Floats) -> Floats:
    """How far every float is from its group's mean: taken from the group's largest, so that equals are no distance."""
    near = groups.vector.values - groups.spread(_extreme(np.fmax, groups))
    return near - groups.spread(_mean(replace(groups, vector=replace(groups.vector, values=near)), count))


def _quantile(groups: Groups, some: Flags, q: Floats) -> Floats:
    vector = groups.vector
    row, step = np.nonzero(vector.floats)
    cell = groups.number[row] * some.shape[1] + step
    order = np.argsort(cell, kind="stable")
    places = np.flatnonzero(some.ravel())
    count = groups.count(vector.floats).ravel()[places]
    starts = np.cumsum(count) - count
    group = np.repeat(np.arange(len(places)), count)
    asked = np.broadcast_to(q, some.shape).ravel()[places]
    result = np.full(some.shape, np.nan)
    result.ravel()[places] = quantiles(vector.values[row, step][order], group, starts, count, asked)
    return result


def _with_histograms(op: str, groups: Groups, made: Vector, notes: Notes, position: int) -> Vector:
    """Groups of histograms added up; those with floats too have no result."""
    vector = groups.vector
    is_native = vector.is_histogram
    native = groups.count(is_native)
    mixed = (native > 0) & made.present
    if mixed.any():
        notes.mixed_aggregation(position)
    present = made.present & ~mixed
    cells = no_histograms(present.shape)
    own = vector.histograms
    if own is None:
        return made
    combined = mean if op == "avg" else total
    for group, step in notes.watched(np.argwhere((native > 0) & ~mixed).tolist()):
        first = int(groups.starts[group])
        rows = first + np.flatnonzero(is_native[first : first + int(groups.sizes[group]), step])
        try:
            summed = combined(own[rows, step].tolist())
        except IncompatibleSchemas as problem:
            notes.mixed_schemas(sets.get(vector.labels[rows[problem.place]], sets.NAME), position)
            continue
        if summed.collision:
            notes.collision(AGGREGATE, position)
        if summed.reconciled:
            notes.reconciled(AGGREGATE, position)
        present[group, step] = True
        cells[group, step] = summed.histogram.compact()
    return replace(made, present=present, histograms=cells)
