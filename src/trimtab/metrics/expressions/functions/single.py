"""Functions of each point by itself: ABS, CEIL, FLOOR, LOG, LOG10."""

from collections.abc import Callable, Sequence

import numpy as np

from trimtab.metrics.expressions.functions.function import EACH, Argument, Compute, Function, Setting
from trimtab.metrics.expressions.values import Lines, Matrix


def lines_of(argument: Argument) -> Lines:
    """An argument that the types say is a series or an array."""
    if not isinstance(argument, Lines):
        raise TypeError(f"cannot compute with {argument!r}: a bug, the types of arguments are checked before")
    return argument


def number_of(argument: Argument) -> float:
    """An argument that the types say is a number."""
    if isinstance(argument, (Lines, str)):
        raise TypeError(f"cannot compute with {argument!r}: a bug, the types of arguments are checked before")
    return argument


def _each(apply: Callable[[Matrix], Matrix]) -> Compute:
    def compute(setting: Setting, arguments: Sequence[Argument]) -> Lines:
        lines = lines_of(arguments[0])
        with np.errstate(all="ignore"):
            return lines.with_values(setting.dropped.keep(apply(lines.values), ~np.isnan(lines.values)))

    return compute


FUNCTIONS = (
    Function("ABS", EACH, "The absolute value of each point.", "ABS(m1 - m2)", _each(np.abs)),
    Function("CEIL", EACH, "Each point rounded up to a whole number.", "CEIL(m1)", _each(np.ceil)),
    Function("FLOOR", EACH, "Each point rounded down to a whole number.", "FLOOR(m1)", _each(np.floor)),
    Function("LOG", EACH, "The natural logarithm of each point; none of 0 and less.", "LOG(m1)", _each(np.log)),
    Function(
        "LOG10", EACH, "The logarithm to base 10 of each point; none of 0 and less.", "LOG10(m1)", _each(np.log10)
    ),
)
