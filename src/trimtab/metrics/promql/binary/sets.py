"""and, or, unless: which series are there, whatever their values."""

import numpy as np

from trimtab.metrics.promql.binary.signatures import Signatures
from trimtab.metrics.promql.language.syntax import Matching
from trimtab.metrics.promql.values import Vector, no_histograms


def and_(left: Vector, right: Vector, matching: Matching) -> Vector:
    """Samples of the left side that have a match on the right."""
    found = Signatures.of(left, right, matching)
    return _kept(left, left.present & found.present(right, found.right)[found.left])


def unless(left: Vector, right: Vector, matching: Matching) -> Vector:
    """Samples of the left side that have none."""
    found = Signatures.of(left, right, matching)
    return _kept(left, left.present & ~found.present(right, found.right)[found.left])


def or_(left: Vector, right: Vector, matching: Matching) -> Vector:
    """Everything of the left side, and samples of the right side that have no match there."""
    found = Signatures.of(left, right, matching)
    rest = _kept(right, right.present & ~found.present(left, found.left)[found.right])
    return stacked(left, rest)


def _kept(vector: Vector, present: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Vector:
    kept = Vector(vector.labels, vector.values, present, vector.drop, vector.histograms)
    return kept.occupied()


def stacked(upper: Vector, lower: Vector) -> Vector:
    """Two vectors, one below the other."""
    histograms = None
    if upper.histograms is not None or lower.histograms is not None:
        parts = [
            no_histograms(side.present.shape) if side.histograms is None else side.histograms for side in (upper, lower)
        ]
        histograms = np.concatenate(parts)
    return Vector(
        [*upper.labels, *lower.labels],
        np.concatenate((upper.values, lower.values)),
        np.concatenate((upper.present, lower.present)),
        np.concatenate((upper.drop, lower.drop)),
        histograms,
    )
