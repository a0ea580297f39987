"""IF and FILL: which value a point has.

IF: where the condition has no point there is none; where it is true and the chosen series has no point, 0; where it is
false and there is nothing to choose, none. Source: "Using IF expressions", with its tables.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.metrics.expressions.functions.change import last_point
from trimtab.metrics.expressions.functions.function import ARRAY, TS, Argument, Function, S, Setting, Words, forms
from trimtab.metrics.expressions.functions.single import lines_of, number_of
from trimtab.metrics.expressions.values import Lines, Matrix, Value, aligned, series

REPEAT, LINEAR = "REPEAT", "LINEAR"


def _if(setting: Setting, arguments: Sequence[Argument]) -> Value:
    condition = arguments[0]
    if isinstance(condition, Lines):
        return _by_point(condition, arguments[1:])
    truth = number_of(condition)
    if np.isnan(truth):
        chosen: Argument = float("nan")
    else:
        chosen = arguments[1] if truth else (arguments[2] if len(arguments) > 2 else float("nan"))
    if isinstance(chosen, Lines):
        return chosen
    others = [argument for argument in arguments[1:] if isinstance(argument, Lines)]
    if not others:
        return number_of(chosen)
    grid = others[0].grid
    return series(grid, np.full(grid.count, number_of(chosen)))


def _by_point(condition: Lines, choices: Sequence[Argument]) -> Lines:
    found = aligned(condition, *(choice for choice in choices if isinstance(choice, Lines)))
    condition, rest = found[0], iter(found[1:])
    rows = [next(rest).values if isinstance(choice, Lines) else np.array(number_of(choice)) for choice in choices]
    yes = np.nan_to_num(rows[0], nan=0.0) if rows[0].ndim else rows[0]
    no = rows[1] if len(rows) > 1 else np.array(np.nan)
    values = np.where(np.isnan(condition.values), np.nan, np.where(condition.values != 0, yes, no))
    return series(condition.grid, values[0])


def _fill(setting: Setting, arguments: Sequence[Argument]) -> Value:
    lines, filler = lines_of(arguments[0]), arguments[1]
    if filler == REPEAT:
        return lines.with_values(_repeated(lines.values))
    if filler == LINEAR:
        return lines.with_values(_interpolated(lines))
    if isinstance(filler, Lines):
        lines, filler = aligned(lines, filler)
        return lines.with_values(np.where(np.isnan(lines.values), filler.values, lines.values))
    return lines.with_values(np.where(np.isnan(lines.values), number_of(filler), lines.values))


def _repeated(values: Matrix) -> Matrix:
    if not values.size:
        return values
    before = last_point(values)
    earlier = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    return np.where(np.isnan(values) & (before >= 0), earlier, values)


def _interpolated(lines: Lines) -> Matrix:
    columns = np.arange(lines.grid.count)
    rows = []
    for row in lines.values:
        known = np.flatnonzero(~np.isnan(row))
        # Before the first point and after the last there is no gap, as a gap has two ends.
        rows.append(np.interp(columns, known, row[known], left=np.nan, right=np.nan) if len(known) else row)
    return np.array(rows).reshape(lines.values.shape)


_FILLERS = (Words((REPEAT, LINEAR)), S, TS)
_CHOICES = (TS, S)

FUNCTIONS = (
    Function(
        "IF",
        forms(
            *(((TS, yes), TS) for yes in _CHOICES),
            *(((TS, yes, no), TS) for yes in _CHOICES for no in _CHOICES),
            ((S, TS), TS),
            *(((S, yes, no), TS) for yes, no in ((TS, TS), (TS, S), (S, TS))),
            ((S, S, S), S),
        ),
        "The second value where the first is not 0, the third (or nothing) where it is.",
        "IF(m1 > 400, m1, 0)",
        _if,
    ),
    Function(
        "FILL",
        forms(*(((TS, filler), TS) for filler in _FILLERS), *(((ARRAY, filler), ARRAY) for filler in _FILLERS)),
        "Puts a number, another series' points, the last value (REPEAT) or a straight line (LINEAR) where points lack.",
        "FILL(METRICS(), 0)",
        _fill,
    ),
)
