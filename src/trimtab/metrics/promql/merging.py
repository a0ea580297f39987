"""The end of an evaluation: names are dropped, and series that then have the same labels become one."""

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Vector

_TWICE = "vector cannot contain metrics with the same labelset"


def finished(vector: Vector) -> Vector:
    """The vector as it is answered. Raises ExecutionFailed where two series of the same labels meet at a step."""
    labels = [
        sets.drop(each, sets.METADATA) if dropped else each
        for each, dropped in zip(vector.labels, vector.drop.tolist(), strict=True)
    ]
    return merged(replace(vector, labels=labels))


def merged(vector: Vector) -> Vector:
    """Series of the same labels as one. Raises ExecutionFailed where they meet at a step."""
    vector = vector.occupied()
    if sets.unique(vector.labels):
        return vector
    numbers: dict[sets.Labels, int] = {}
    place = np.array([numbers.setdefault(labels, len(numbers)) for labels in vector.labels], np.int64)
    count = np.zeros((len(numbers), vector.present.shape[1]), np.int64)
    np.add.at(count, place, vector.present)
    if (count > 1).any():
        raise ExecutionFailed(_TWICE)
    first = np.unique(place, return_index=True)[1]
    made = vector.chosen(first.astype(np.intp))
    values, drop = made.values.copy(), made.drop.copy()
    histograms = None if made.histograms is None else made.histograms.copy()
    row, step = np.nonzero(vector.present)
    values[place[row], step] = vector.values[row, step]
    if histograms is not None and vector.histograms is not None:
        histograms[place[row], step] = vector.histograms[row, step]
    np.logical_or.at(drop, place, vector.drop)
    return Vector(made.labels, values, count > 0, drop, histograms)
