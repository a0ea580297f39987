"""Operations between a vector and a number."""

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.binary.operators import Cells, is_comparison, keeps_name, operate
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.values import Flags, Scalar, Vector


def with_scalar(
    op: str, vector: Vector, scalar: Scalar, notes: Notes, position: int, *, swapped: bool, bool_: bool
) -> Vector:
    """The operation with the vector on the left, or on the right where it is `swapped`."""
    own, number = Cells(vector.values, vector.histograms), Cells(scalar.values[None, :])
    sides = (number, own) if swapped else (own, number)
    result = operate(op, *sides, vector.present, notes, position, tell=True)
    values, histograms, kept = result.values, result.histograms, result.kept & result.valid
    if is_comparison(op) and swapped:  # what passes is the vector's sample
        values, histograms = vector.values, vector.histograms
    if bool_:
        values, histograms, kept = _zero_or_one(kept), None, result.valid
    drop = vector.drop if keeps_name(op) and not bool_ else np.ones(len(vector.labels), np.bool_)
    stamps = vector.stamps if is_comparison(op) and not bool_ else None
    made = replace(vector, values=values, histograms=histograms, present=kept, drop=drop, stamps=stamps)
    return made.occupied()


def _zero_or_one(kept: Flags) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return kept.astype(np.float64)
