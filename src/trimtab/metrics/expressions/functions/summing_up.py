"""Functions that make a number of a series and a series of an array: AVG, MIN, MAX, SUM, STDDEV and the counts.

Only points that exist take part, but for AVG of an array, which counts a series without a point as 0 (documented).
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trimtab.metrics.expressions.functions.function import (
    ARRAY,
    SUMMED_UP,
    Argument,
    Compute,
    Function,
    S,
    Setting,
    forms,
)
from trimtab.metrics.expressions.functions.single import lines_of
from trimtab.metrics.expressions.values import Matrix, Value, series

Floats = npt.NDArray[np.float64]
Reduce = Callable[[Matrix, int], Floats]
"""A matrix and the axis that goes: 1 leaves a value a row, 0 a value a column; without any point it is NaN."""


def counts(values: Matrix, axis: int) -> Floats:
    """How many points there are."""
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=axis), dtype=np.float64)


def total(values: Matrix, axis: int) -> Floats:
    """Their sum."""
    return _where_any(np.nansum(values, axis=axis), values, axis)


def mean(values: Matrix, axis: int) -> Floats:
    """Their mean."""
    return total(values, axis) / np.maximum(counts(values, axis), 1)


def least(values: Matrix, axis: int) -> Floats:
    """The smallest."""
    return _where_any(np.min(values, axis=axis, initial=np.inf, where=~np.isnan(values)), values, axis)


def greatest(values: Matrix, axis: int) -> Floats:
    """The greatest."""
    return _where_any(np.max(values, axis=axis, initial=-np.inf, where=~np.isnan(values)), values, axis)


def deviation(values: Matrix, axis: int) -> Floats:
    """The standard deviation of the population. CloudWatch does not say which it takes."""
    middle = np.expand_dims(mean(values, axis), axis)
    return np.sqrt(mean((values - middle) ** 2, axis))


def count_any(values: Matrix, axis: int) -> Floats:
    """How many points there are, where there are some."""
    return _where_any(counts(values, axis), values, axis)


def summary(name: str, values: Matrix) -> Floats:
    """AVG, MIN, MAX, SUM or COUNT of every row."""
    return {"AVG": mean, "MIN": least, "MAX": greatest, "SUM": total, "COUNT": count_any}[name](values, 1)


def _where_any(found: Floats, values: Matrix, axis: int) -> Floats:
    return np.where(np.isnan(values).all(axis=axis), np.nan, found)


def _summed_up(of_series: Reduce, of_array: Reduce) -> Compute:
    def compute(setting: Setting, arguments: Sequence[Argument]) -> Value:
        lines = lines_of(arguments[0])
        if lines.array:
            return series(lines.grid, of_array(lines.values, 0))
        return float(of_series(lines.values, 1)[0])

    return compute


def _mean_with_zeros(values: Matrix, axis: int) -> Floats:
    return total(values, axis) / np.float64(max(values.shape[axis], 1))


def _metric_count(setting: Setting, arguments: Sequence[Argument]) -> Value:
    return float(len(lines_of(arguments[0]).values))


FUNCTIONS = (
    Function(
        "AVG",
        SUMMED_UP,
        "The mean of a series' points; of an array, at each time, the sum over the number of series.",
        "m1 - AVG(m1)",
        _summed_up(mean, _mean_with_zeros),
    ),
    Function(
        "MAX",
        SUMMED_UP,
        "The greatest point of a series, or at each time.",
        "MAX(METRICS())",
        _summed_up(greatest, greatest),
    ),
    Function(
        "MIN", SUMMED_UP, "The smallest point of a series, or at each time.", "m1 - MIN(m1)", _summed_up(least, least)
    ),
    Function(
        "SUM", SUMMED_UP, "The sum of a series' points, or at each time.", "SUM([m1, m2])", _summed_up(total, total)
    ),
    Function(
        "STDDEV",
        SUMMED_UP,
        "The standard deviation (of the population) of a series' points, or at each time.",
        "m1 / STDDEV(m1)",
        _summed_up(deviation, deviation),
    ),
    Function(
        "DATAPOINT_COUNT",
        SUMMED_UP,
        "How many points a series has, or how many series have a point at each time.",
        "SUM(m1) / DATAPOINT_COUNT(m1) + TIME_SERIES(0)",
        _summed_up(counts, count_any),
    ),
    Function(
        "METRIC_COUNT",
        forms(((ARRAY,), S)),
        "How many series an array has.",
        "m1 / METRIC_COUNT(METRICS())",
        _metric_count,
    ),
)
