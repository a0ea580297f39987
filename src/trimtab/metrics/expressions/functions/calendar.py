"""Functions of time: MINUTE to EPOCH (UTC), PERIOD and TIME_SERIES. Their series have a point in every period."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trimtab.metrics.expressions.functions.function import TS, Argument, Compute, Function, S, Setting, forms
from trimtab.metrics.expressions.functions.single import lines_of, number_of
from trimtab.metrics.expressions.values import Lines, series

Integers = npt.NDArray[np.int64]
_DAY_S = 86_400


def _of_time(apply: Callable[[Integers], Integers]) -> Compute:
    def compute(setting: Setting, arguments: Sequence[Argument]) -> Lines:
        grid = lines_of(arguments[0]).grid
        return series(grid, apply(grid.times // 1000).astype(np.float64))

    return compute


def _date(seconds: Integers) -> Integers:
    days = (seconds // _DAY_S).astype("datetime64[D]")
    since: Integers = (days - days.astype("datetime64[M]")).astype(np.int64)
    return since + 1


def _month(seconds: Integers) -> Integers:
    return (seconds // _DAY_S).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def _year(seconds: Integers) -> Integers:
    return (seconds // _DAY_S).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def _time_series(setting: Setting, arguments: Sequence[Argument]) -> Lines:
    return series(setting.grid, np.full(setting.grid.count, number_of(arguments[0])))


_FORM = forms(((TS,), TS))

FUNCTIONS = (
    Function(
        "MINUTE", _FORM, "The minute of each time, 0 to 59.", "IF(MINUTE(m1) < 5, m1)", _of_time(lambda s: s // 60 % 60)
    ),
    Function(
        "HOUR", _FORM, "The hour of each time, 0 to 23.", "IF(HOUR(m1) >= 8, m1)", _of_time(lambda s: s // 3600 % 24)
    ),
    Function(
        "DAY",
        _FORM,
        "The day of the week of each time, 1 (Monday) to 7.",
        "IF(DAY(m1) < 6, m1)",
        _of_time(lambda s: (s // _DAY_S + 3) % 7 + 1),  # The epoch was a Thursday.
    ),
    Function("DATE", _FORM, "The day of the month of each time, 1 to 31.", "IF(DATE(m1) == 1, m1)", _of_time(_date)),
    Function("MONTH", _FORM, "The month of each time, 1 to 12.", "IF(MONTH(m1) == 4, m1)", _of_time(_month)),
    Function("YEAR", _FORM, "The year of each time.", "YEAR(m1)", _of_time(_year)),
    Function("EPOCH", _FORM, "Each time as seconds since 1970.", "EPOCH(m1)", _of_time(lambda s: s)),
    Function("PERIOD", forms(((TS,), S)), "The period of a metric, in seconds.", "m1 / PERIOD(m1)"),
    Function(
        "TIME_SERIES",
        forms(((S,), TS)),
        "A series with one number in every period.",
        "TIME_SERIES(MAX(m1))",
        _time_series,
    ),
)
