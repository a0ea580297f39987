"""Functions that choose series of an array: FIRST, LAST, SLICE, SORT, REMOVE_EMPTY."""

from collections.abc import Sequence

import numpy as np

from trimtab.metrics.expressions.functions.function import ARRAY, TS, Argument, Function, S, Setting, Words, forms
from trimtab.metrics.expressions.functions.single import lines_of, number_of
from trimtab.metrics.expressions.functions.summing_up import summary
from trimtab.metrics.expressions.values import Lines, Matrix, series

_ORDERS = Words(("ASC", "DESC"))
_BY = Words(("AVG", "MIN", "MAX", "SUM"))


def ranked(values: Matrix, by: str, order: str) -> list[int]:
    """The rows in the order of a summary of each; rows without a point come last, ties keep their order."""
    found = summary(by, values)
    key = -found if order == "DESC" else found
    return [int(row) for row in np.argsort(key, kind="stable")]


def _end(lines: Lines, row: int) -> Lines:
    if not len(lines.values):
        return series(lines.grid, np.full(lines.grid.count, np.nan))
    return lines.one(row % len(lines.values))


def _slice(setting: Setting, arguments: Sequence[Argument]) -> Lines:
    lines = lines_of(arguments[0])
    bounds = [_place(number_of(argument)) for argument in arguments[1:]]
    return lines.chosen(range(len(lines.values))[slice(bounds[0], bounds[1] if len(bounds) > 1 else None)])


def _sort(setting: Setting, arguments: Sequence[Argument]) -> Lines:
    lines = lines_of(arguments[0])
    limit = _place(number_of(arguments[3])) if len(arguments) > 3 else None
    return lines.chosen(ranked(lines.values, str(arguments[1]), str(arguments[2]))[:limit])


def _place(number: float) -> int:
    return max(0, int(min(number, 1e9))) if number == number else 0


def _remove_empty(setting: Setting, arguments: Sequence[Argument]) -> Lines:
    lines = lines_of(arguments[0])
    return lines.chosen(np.flatnonzero(~np.isnan(lines.values).all(axis=1)).tolist())


FUNCTIONS = (
    Function(
        "FIRST",
        forms(((ARRAY,), TS)),
        "The first series of an array; the upper limit of a band.",
        "FIRST(SORT(METRICS(), AVG, DESC))",
        lambda setting, arguments: _end(lines_of(arguments[0]), 0),
    ),
    Function(
        "LAST",
        forms(((ARRAY,), TS)),
        "The last series of an array; the lower limit of a band.",
        "LAST(ANOMALY_DETECTION_BAND(m1))",
        lambda setting, arguments: _end(lines_of(arguments[0]), -1),
    ),
    Function(
        "SLICE",
        forms(((ARRAY, S), ARRAY), ((ARRAY, S, S), ARRAY)),
        "The series from a place on (0 is the first), up to another place that is not part of it.",
        "SLICE(SORT(METRICS(), SUM, DESC), 0, 10)",
        _slice,
    ),
    Function(
        "SORT",
        forms(((ARRAY, _BY, _ORDERS), ARRAY), ((ARRAY, _BY, _ORDERS, S), ARRAY)),
        "The series by their AVG, MIN, MAX or SUM, ascending or descending; with a number only so many.",
        "SORT(METRICS(), AVG, DESC, 10)",
        _sort,
    ),
    Function(
        "REMOVE_EMPTY",
        forms(((ARRAY,), ARRAY)),
        "The series that have a point.",
        "REMOVE_EMPTY(METRICS())",
        _remove_empty,
    ),
)
