"""Functions of each point and those before it: DIFF, DIFF_TIME, RATE, RUNNING_SUM."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trimtab.metrics.expressions.functions.function import EACH, Argument, Compute, Function, Setting
from trimtab.metrics.expressions.functions.single import lines_of
from trimtab.metrics.expressions.values import Lines, Matrix


def last_point(values: Matrix) -> npt.NDArray[np.int64]:
    """For every cell the column of the newest point before it in its row, -1 where there is none."""
    columns = np.where(np.isnan(values), -1, np.arange(values.shape[1], dtype=np.int64))
    newest = np.maximum.accumulate(columns, axis=1)
    return np.concatenate([np.full((len(values), 1), -1, dtype=np.int64), newest[:, :-1]], axis=1)[:, : values.shape[1]]


def _change(apply: Callable[[Matrix, Matrix], Matrix]) -> Compute:
    """`apply` is given what a point adds to the one before it, and the seconds between them."""

    def compute(setting: Setting, arguments: Sequence[Argument]) -> Lines:
        lines = lines_of(arguments[0])
        before = last_point(lines.values)
        earlier = np.take_along_axis(lines.values, np.maximum(before, 0), axis=1) if lines.grid.count else lines.values
        seconds = (np.arange(lines.grid.count) - before) * np.float64(lines.grid.period_ms / 1000)
        found = apply(lines.values - earlier, seconds)
        return lines.with_values(np.where(np.isnan(lines.values) | (before < 0), np.nan, found))

    return compute


def _running_sum(setting: Setting, arguments: Sequence[Argument]) -> Lines:
    lines = lines_of(arguments[0])
    sums = np.cumsum(np.nan_to_num(lines.values, nan=0.0), axis=1)
    return lines.with_values(setting.dropped.keep(sums, ~np.isnan(lines.values)))


FUNCTIONS = (
    Function("DIFF", EACH, "Each point less the point before it.", "DIFF(m1)", _change(lambda change, seconds: change)),
    Function(
        "DIFF_TIME",
        EACH,
        "The seconds between each point and the point before it.",
        "DIFF_TIME(METRICS())",
        _change(lambda change, seconds: seconds),
    ),
    Function(
        "RATE",
        EACH,
        "What each point adds to the point before it, per second.",
        "RATE(m1)",
        _change(lambda change, seconds: change / seconds),
    ),
    Function("RUNNING_SUM", EACH, "The sum of the points so far.", "RUNNING_SUM([m1, m2])", _running_sum),
)
