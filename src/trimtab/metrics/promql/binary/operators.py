"""What an operator makes of two samples: floats all at once, native histograms one by one."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.histograms.arithmetic import Combined, IncompatibleSchemas, add, subtract
from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.histograms.trim import trimmed
from trimtab.metrics.promql.language.tokens import COMPARISONS, TRIMS
from trimtab.metrics.promql.notes import ADD, SUBTRACT, Notes
from trimtab.metrics.promql.values import Flags, Floats, Histograms, no_histograms, not_none

_NUMBERS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARED: dict[str, Callable[[Floats, Floats], Flags]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Cells(Struct, frozen=True):
    """Samples of one side: floats, and histograms where there are any."""

    values: Floats
    histograms: Histograms | None = None


class Result(Struct, frozen=True):
    """`kept` are samples that pass (all, but for comparisons); `valid` those of types that the operator takes."""

    values: Floats
    histograms: Histograms | None
    kept: Flags
    valid: Flags


def scalars(op: str, left: Floats, right: Floats) -> Floats:
    """An operator between numbers; comparisons give 1 or 0."""
    with np.errstate(all="ignore"):
        if op in _COMPARED:
            return _COMPARED[op](left, right).astype(np.float64)
        return _NUMBERS[op](left, right)


def operate(op: str, left: Cells, right: Cells, present: Flags, notes: Notes, position: int, *, tell: bool) -> Result:
    """An operator between samples that are `present` on both sides."""
    shape = present.shape
    values = np.broadcast_to(left.values, shape)
    with np.errstate(all="ignore"):
        if op in _COMPARED:
            kept = np.broadcast_to(_COMPARED[op](left.values, right.values), shape).copy()
            values = values.copy()
        elif op in TRIMS:
            kept = np.zeros(shape, np.bool_)
            values = np.full(shape, np.nan)
        else:
            kept = np.ones(shape, np.bool_)
            values = np.broadcast_to(_NUMBERS[op](left.values, right.values), shape).copy()
    valid = np.full(shape, op not in TRIMS)
    if left.histograms is None and right.histograms is None:
        if op in TRIMS and present.any() and tell:
            notes.incompatible("float", op, "float", position)
        return Result(values, None, kept, valid & present)
    return _with_histograms(op, left, right, present, Result(values, None, kept, valid), notes, position, tell=tell)


def _with_histograms(
    op: str, left: Cells, right: Cells, present: Flags, floats: Result, notes: Notes, position: int, *, tell: bool
) -> Result:
    shape = present.shape
    own, other = _spread(left.histograms, shape), _spread(right.histograms, shape)
    numbers, others = np.broadcast_to(left.values, shape), np.broadcast_to(right.values, shape)
    cells = no_histograms(shape)
    touched = present & (not_none(own) | not_none(other))
    if op in TRIMS and (present & ~touched).any() and tell:
        notes.incompatible("float", op, "float", position)
    one = _One(op, notes, position, tell)
    for row, step in notes.watched(np.argwhere(touched).tolist()):
        a, b = own[row, step], other[row, step]
        made = one.of(numbers[row, step] if a is None else a, others[row, step] if b is None else b)
        floats.valid[row, step] = made is not None
        floats.kept[row, step] = made is not None and made[1]
        cells[row, step] = None if made is None else made[0]
    return Result(floats.values, cells, floats.kept, floats.valid & present)


def _spread(histograms: Histograms | None, shape: tuple[int, ...]) -> Histograms:
    return no_histograms(shape) if histograms is None else np.broadcast_to(histograms, shape)


class _One(Struct, frozen=True):
    """An operator on one pair of which one is a histogram at least."""

    op: str
    notes: Notes
    position: int
    tell: bool

    def of(self, left: "float | Histogram", right: "float | Histogram") -> tuple[Histogram, bool] | None:
        """The result and whether it is kept; None for types that the operator does not take."""
        if isinstance(left, Histogram) and isinstance(right, Histogram):
            found = self._both(left, right)
        elif isinstance(left, Histogram) and not isinstance(right, Histogram):
            found = self._scaled(left, float(right))
        elif isinstance(right, Histogram) and not isinstance(left, Histogram) and self.op == "*":
            found = right.times(float(left)).compact(), True
        else:
            found = None
        if found is None and self.tell and not self._both_told(left, right):
            kinds = ["histogram" if isinstance(side, Histogram) else "float" for side in (left, right)]
            self.notes.incompatible(kinds[0], self.op, kinds[1], self.position)
        return found

    def _both_told(self, left: "float | Histogram", right: "float | Histogram") -> bool:
        return isinstance(left, Histogram) and isinstance(right, Histogram) and self.op in "+-"

    def _scaled(self, left: Histogram, right: float) -> tuple[Histogram, bool] | None:
        match self.op:
            case "*":
                return left.times(right).compact(), True
            case "/":
                return left.over(right).compact(), True
            case "</" | ">/":
                return trimmed(left, right, upper=self.op == "</"), True
        return None

    def _both(self, left: Histogram, right: Histogram) -> tuple[Histogram, bool] | None:
        if self.op in ("==", "!="):
            return left, left.same(right) is (self.op == "==")
        if self.op not in ("+", "-"):
            return None
        try:
            made: Combined = add(left, right) if self.op == "+" else subtract(left, right)
        except IncompatibleSchemas:
            self.notes.warn(f"incompatible bucket layout encountered for binary operator {self.op}", self.position)
            return None
        operation = ADD if self.op == "+" else SUBTRACT
        if made.collision:
            self.notes.collision(operation, self.position)
        if made.reconciled:
            self.notes.reconciled(operation, self.position)
        result = made.histogram if self.op == "+" else made.histogram.hinted(Hint.GAUGE)
        return result.compact(), True


def is_comparison(op: str) -> bool:
    """Whether the operator compares."""
    return op in COMPARISONS


def keeps_name(op: str) -> bool:
    """Whether the result is still the metric on the left: it was compared or cut, not calculated with."""
    return op in COMPARISONS or op in TRIMS
