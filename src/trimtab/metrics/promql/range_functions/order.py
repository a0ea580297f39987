"""Functions of the sorted values of a range: quantiles and the median absolute deviation."""

import numpy as np

from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.ranges import Outcome, RangeVector
from trimtab.metrics.promql.values import Floats, Integers


def quantiles(values: Floats, group: Integers, starts: Integers, count: Integers, q: Floats) -> Floats:
    """The quantile `q` (one for each group) of values in runs, interpolated linearly; NaN is below everything."""
    missing = np.isnan(values)
    order = np.lexsort((np.where(missing, -np.inf, values), ~missing, group))
    ranked = values[order]
    with np.errstate(invalid="ignore"):
        rank = np.where(np.isnan(q), 0.0, np.clip(q, 0.0, 1.0)) * (count - 1)
        below = np.floor(rank).astype(np.int64)
        above = np.minimum(below + 1, count - 1)
        share = rank - below
        result: Floats = ranked[starts + below] * (1 - share) + ranked[starts + above] * share
        result = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, result))
    return np.where(np.isnan(q), np.nan, result)


def quantile_over_time(vector: RangeVector, q: Floats, notes: Notes) -> Outcome:
    """The quantile of the values; `q` by step."""
    vector.tell_ignored(notes)
    floats, some = vector.floats, vector.some_floats
    for value in np.unique(q[some.any(axis=0)]).tolist():
        if not 0 <= value <= 1:
            notes.quantile(value, vector.position)
    asked = np.broadcast_to(q, some.shape)[some]
    result = np.full(some.shape, np.nan)
    for part in floats.expanded(some, notes):
        group = np.repeat(np.arange(len(part.count)), part.count)
        found = quantiles(floats.points.values[part.index], group, part.starts, part.count, asked[part.part])
        result.ravel()[np.flatnonzero(some)[part.part]] = found
    return Outcome(result, some)


def median_deviation(vector: RangeVector, notes: Notes) -> Outcome:
    """The median of the distances to the median; NaN where a value is."""
    vector.tell_ignored(notes)
    floats, some = vector.floats, vector.some_floats
    result = np.full(some.shape, np.nan)
    for part in floats.expanded(some, notes):
        group = np.repeat(np.arange(len(part.count)), part.count)
        values = floats.points.values[part.index]
        half = np.full(len(part.count), 0.5)
        middle = quantiles(values, group, part.starts, part.count, half)
        with np.errstate(invalid="ignore"):
            apart = np.abs(values - part.spread(middle))
        found = quantiles(apart, group, part.starts, part.count, half)
        found[np.logical_or.reduceat(np.isnan(values), part.starts)] = np.nan
        result.ravel()[np.flatnonzero(some)[part.part]] = found
    return Outcome(result, some)
