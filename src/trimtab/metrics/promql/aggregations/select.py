"""Aggregations that keep some series of a group: topk, bottomk, limitk, limit_ratio."""

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.aggregations.groups import Groups
from trimtab.metrics.promql.label_hash import label_hash
from trimtab.metrics.promql.language.literals import general
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Flags, Floats, Integers, Vector

_LARGEST = 2.0**63


def checked_k(k: Floats) -> Integers:
    """The parameter k by step. Raises ExecutionFailed."""
    if np.isnan(k).any():
        raise ExecutionFailed("Parameter value is NaN")
    if k.min() <= -_LARGEST:
        raise ExecutionFailed(f"Scalar value {general(float(k.min()))} underflows int64")
    if k.max() >= _LARGEST:
        raise ExecutionFailed(f"Scalar value {general(float(k.max()))} overflows int64")
    return np.trunc(k).astype(np.int64)


def extreme(groups: Groups, k: Integers, *, largest: bool, notes: Notes, position: int) -> Vector:
    """The k largest or smallest floats of each group; NaN comes last. At one step they are sorted."""
    vector = groups.vector
    if vector.histograms is not None and vector.is_histogram.any():
        notes.ignored_in_aggregation("topk" if largest else "bottomk", position)
    key = -vector.values if largest else vector.values
    # Everything that is there is before everything that is not: NaN is behind infinity.
    key = np.where(np.isnan(vector.values), np.inf, key)
    rank = np.where(np.isnan(vector.values), 1, 0) + np.where(vector.floats, 0, 2)
    kept = vector.floats & _first(groups, key, rank, k, notes)
    made = replace(vector, present=kept, histograms=None)
    if vector.values.shape[1] == 1:
        order = np.lexsort((key[:, 0], rank[:, 0], groups.number))
        return made.chosen(order[kept[order, 0]])
    return made.occupied()


def _first(groups: Groups, key: Floats, rank: Integers, k: Integers, notes: Notes) -> Flags:
    """The k first cells of each group at every step, by rank and key, the first of equals."""
    if len(groups.starts) == 1 and len(k) and (k == k[0]).all() and not (rank == 1).any():
        return _first_of_all(np.where(rank == 0, key, np.inf), rank == 0, int(k[0]))
    kept = np.zeros(key.shape, np.bool_)
    for step in notes.watched(range(key.shape[1])):
        order = np.lexsort((key[:, step], rank[:, step], groups.number))
        place = np.arange(len(order)) - np.repeat(groups.starts, groups.sizes)
        kept[order, step] = place < k[step]
    return kept


def _first_of_all(key: Floats, some: Flags, k: int) -> Flags:
    """The same for one group and one k: by the k-th smallest key, without sorting."""
    if k < 1:
        return np.zeros(key.shape, np.bool_)
    if k >= len(key):
        return some
    limit = np.partition(key, k - 1, axis=0)[k - 1]
    below = key < limit
    equal = (key == limit) & some
    room = k - below.sum(axis=0)
    kept: Flags = (below & some) | (equal & (np.cumsum(equal, axis=0) <= room))
    return kept


def limited(groups: Groups, k: Integers) -> Vector:
    """The first k samples of each group."""
    running = np.cumsum(groups.vector.present, axis=0)
    before: Integers = running[groups.starts] - groups.vector.present[groups.starts]
    within: Integers = running - before[groups.number]
    return replace(groups.vector, present=groups.vector.present & (within <= k)).occupied()


def checked_ratio(ratio: Floats) -> Floats:
    """The parameter of limit_ratio by step. Raises ExecutionFailed."""
    if np.isnan(ratio).any():
        raise ExecutionFailed("Ratio value is NaN")
    return ratio


def sampled(vector: Vector, ratio: Floats, notes: Notes, position: int) -> Vector:
    """The series whose hash is in a share of all: r takes those below it, -r the complement of 1 - r.

    The hash is Prometheus' own, so that both take the same series.
    """
    if ratio.max() > 1:
        notes.ratio(float(ratio.max()), 1.0, position)
    if ratio.min() < -1:
        notes.ratio(float(ratio.min()), -1.0, position)
    ratio = np.clip(ratio, -1.0, 1.0)
    offset = np.array([label_hash(labels) / 2**64 for labels in vector.labels])[:, None]
    kept = np.where(ratio >= 0, offset < ratio, offset >= 1 + ratio)
    return replace(vector, present=vector.present & kept).occupied()
