"""The operators of metric math on numbers, series and arrays.

A point that only one of two series has meets a 0 in the other; with a number nothing is added. What cannot be
computed (a division by zero, the logarithm of a negative number) is dropped. Source: "Using metric math".
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from trimtab.metrics.expressions.values import NO_TAG, Lines, Matrix, Value, aligned

Mask = npt.NDArray[np.bool_]


def _truth(mask: Mask) -> Matrix:
    return mask.astype(np.float64)


OPERATORS: Mapping[str, Callable[[Matrix, Matrix], Matrix]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "==": lambda left, right: _truth(np.equal(left, right)),
    "!=": lambda left, right: _truth(np.not_equal(left, right)),
    "<": lambda left, right: _truth(np.less(left, right)),
    "<=": lambda left, right: _truth(np.less_equal(left, right)),
    ">": lambda left, right: _truth(np.greater(left, right)),
    ">=": lambda left, right: _truth(np.greater_equal(left, right)),
    "&&": lambda left, right: _truth(np.logical_and(left, right)),
    "||": lambda left, right: _truth(np.logical_or(left, right)),
}
"""By sign; the parser writes AND and OR as && and ||."""


class Dropped:
    """Notes whether points were dropped because no number came out; CloudWatch tells its callers so."""

    def __init__(self) -> None:
        self.any = False

    def keep(self, result: Matrix, present: Mask) -> Matrix:
        """`result` where `present` and finite, NaN elsewhere."""
        good = np.isfinite(result) & present
        self.any = self.any or bool(np.any(present & ~good))
        return np.where(good, result, np.nan)


def combine(sign: str, left: Value, right: Value, dropped: Dropped) -> Value:
    """`left sign right`. Types were checked before: at most one is an array."""
    with np.errstate(all="ignore"):
        if isinstance(left, Lines) and isinstance(right, Lines):
            return _two_series(sign, left, right, dropped)
        if isinstance(left, Lines):
            return left.with_values(_with_number(sign, left.values, np.array(right), left.values, dropped))
        if isinstance(right, Lines):
            return right.with_values(_with_number(sign, np.array(left), right.values, right.values, dropped))
        known = not (np.isnan(left) or np.isnan(right))
        found = float(OPERATORS[sign](np.array(left), np.array(right))) if known else np.nan
        return found if np.isfinite(found) else float("nan")


def negated(value: Value) -> Value:
    """`-value`."""
    return value.with_values(-value.values) if isinstance(value, Lines) else -value


def _with_number(sign: str, left: Matrix, right: Matrix, known: Matrix, dropped: Dropped) -> Matrix:
    number = right if left is known else left
    if np.isnan(number):  # The average of no points and the like: no point can come of it.
        return np.full(known.shape, np.nan)
    return dropped.keep(OPERATORS[sign](left, right), ~np.isnan(known))


def _two_series(sign: str, left: Lines, right: Lines, dropped: Dropped) -> Lines:
    left, right = aligned(left, right)
    present = ~(np.isnan(left.values) & np.isnan(right.values))
    result = OPERATORS[sign](np.nan_to_num(left.values, nan=0.0), np.nan_to_num(right.values, nan=0.0))
    array = left.array or right.array
    tags = (left if left.array else right).tags if array else (NO_TAG,)
    return Lines(left.grid, dropped.keep(result, present), tags, array)
