"""Operations between vectors: series are matched by their labels, at every step anew.

Two series that match and are never there at the same step do no harm; so every pair that could match is calculated over
all steps, and what is there at the same step is checked.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.binary.operators import Cells, keeps_name, operate
from trimtab.metrics.promql.binary.signatures import Signatures
from trimtab.metrics.promql.labels import Labels, shown
from trimtab.metrics.promql.language.syntax import Binary, Card
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Flags, Integers, Vector, no_histograms

_MANY = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_GROUPING = "multiple matches for labels: grouping labels must ensure unique matches"


class _Pairs(Struct, frozen=True):
    """Rows of both sides that are calculated together; `many` is the side that may have several."""

    many: Vector
    one: Vector
    signature: Integers


def with_vector(node: Binary, left: Vector, right: Vector, notes: Notes, afford: Callable[[int], None]) -> Vector:
    """The operation of `node`. Raises ExecutionFailed where series do not match one to one (or to many).

    `afford` is asked for the cells of all pairs before they are made.
    """
    matching = node.matching
    flipped = matching.card is Card.ONE_TO_MANY
    many, one = (right, left) if flipped else (left, right)
    fill_one, fill_many = matching.fill_right, matching.fill_left
    steps = left.present.shape[1]
    if not many.labels or not one.labels:
        filled = (many.labels and fill_one is not None) or (one.labels and fill_many is not None)
        if not filled:
            return Vector.empty(steps)
    found = Signatures.of(many, one, matching)
    _check_one(node, many, one, found)
    pairs = _pairs(node, many, one, found, fill_one, fill_many, afford)
    return _calculated(node, pairs, found, notes, flipped=flipped)


def _check_one(node: Binary, many: Vector, one: Vector, found: Signatures) -> None:
    """The side that must be unique is so wherever there is something to match."""
    count = found.count(one, found.right)
    doubled = (count > 1) & (many.present.any(axis=0) | (node.matching.fill_left is not None))
    if not doubled.any():
        return
    signature, step = (int(place) for place in np.argwhere(doubled)[0])
    rows = np.flatnonzero((found.right == signature) & one.present[:, step])[:2]
    pair = ", ".join(sorted(shown(one.labels[row]) for row in rows.tolist()))
    side = "left" if node.matching.card is Card.ONE_TO_MANY else "right"
    group = sets.keep(one.labels[int(rows[0])], node.matching.labels) if node.matching.on else found.keys[signature]
    raise ExecutionFailed(
        f"found duplicate series for the match group {shown(group)} on the {side} hand-side of the operation: "
        f"[{pair}];many-to-many matching not allowed: matching labels must be unique on one side"
    )


def _pairs(
    node: Binary,
    many: Vector,
    one: Vector,
    found: Signatures,
    fill_one: float | None,
    fill_many: float | None,
    afford: Callable[[int], None],
) -> _Pairs:
    """Every row of the many side with every row of the other that has its signature, and with what fills a gap."""
    order = np.argsort(found.right, kind="stable")
    ranked = found.right[order]
    low, high = (np.searchsorted(ranked, found.left, side=side) for side in ("left", "right"))
    size = high - low
    afford(int(size.sum()) * many.present.shape[1])
    rows = np.repeat(np.arange(len(many.labels)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    others = order[np.repeat(low, size) + within]
    parts = [_Pairs(many.chosen(rows), one.chosen(others), found.left[rows])]
    if fill_one is not None and many.labels:
        gaps = many.present & ~found.present(one, found.right)[found.left]
        parts.append(_Pairs(replace(many, present=gaps), _filler(node, many, fill_one), found.left))
    if fill_many is not None and one.labels:
        gaps = one.present & ~found.present(many, found.left)[found.right]
        parts.append(_Pairs(_filler(node, one, fill_many), replace(one, present=gaps), found.right))
    if len(parts) == 1:
        return parts[0]
    return _Pairs(
        _stack([part.many for part in parts]),
        _stack([part.one for part in parts]),
        np.concatenate([part.signature for part in parts]),
    )


def _filler(node: Binary, vector: Vector, value: float) -> Vector:
    """Series that stand for those that are not there: with the labels that would have matched, and a value."""
    names = frozenset(node.matching.labels)
    labels = [sets.matched(each, names, on=node.matching.on) for each in vector.labels]
    present = np.ones(vector.present.shape, np.bool_)
    return Vector(labels, np.full(present.shape, value), present, np.zeros(len(labels), np.bool_))


def _stack(vectors: list[Vector]) -> Vector:
    histograms = None
    if any(vector.histograms is not None for vector in vectors):
        histograms = np.concatenate(
            [
                no_histograms(vector.present.shape) if vector.histograms is None else vector.histograms
                for vector in vectors
            ]
        )
    return Vector(
        [labels for vector in vectors for labels in vector.labels],
        np.concatenate([vector.values for vector in vectors]),
        np.concatenate([vector.present for vector in vectors]),
        np.concatenate([vector.drop for vector in vectors]),
        histograms,
    )


def _calculated(node: Binary, pairs: _Pairs, found: Signatures, notes: Notes, *, flipped: bool) -> Vector:
    both = pairs.many.present & pairs.one.present
    many, one = (Cells(side.values, side.histograms) for side in (pairs.many, pairs.one))
    sides = (one, many) if flipped else (many, one)
    result = operate(node.op, *sides, both, notes, node.start, tell=True)
    labels = [
        _result_labels(node, mine, other) for mine, other in zip(pairs.many.labels, pairs.one.labels, strict=True)
    ]
    _check_unique(node, labels, pairs.signature, result.valid, len(found.keys))
    values, histograms, present = result.values, result.histograms, result.kept & result.valid
    if node.bool_:
        values, histograms, present = (result.kept & result.valid).astype(np.float64), None, result.valid
    drop = np.full(len(labels), node.bool_) | (pairs.many.drop & keeps_name(node.op))
    return Vector(labels, values, present, drop, histograms).occupied()


def _result_labels(node: Binary, mine: Labels, other: Labels) -> Labels:
    matching = node.matching
    result = mine if keeps_name(node.op) else sets.drop(mine, sets.METADATA)
    if matching.card is Card.ONE_TO_ONE:
        result = sets.keep(result, matching.labels) if matching.on else sets.drop(result, matching.labels)
    for name in matching.include:
        result = sets.put(result, name, sets.get(other, name))
    return result


def _check_unique(node: Binary, labels: list[Labels], signature: Integers, valid: Flags, signatures: int) -> None:
    """No two results of one signature (and, with grouping, of the same labels) at the same step."""
    if node.matching.card is Card.ONE_TO_ONE:
        count = np.zeros((signatures, valid.shape[1]), np.int64)
        np.add.at(count, signature, valid)
        if (count > 1).any():
            raise ExecutionFailed(_MANY)
        return
    numbers: dict[tuple[int, Labels], int] = {}
    keys = zip(signature.tolist(), labels, strict=True)
    place = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    if len(numbers) == len(labels):
        return
    count = np.zeros((len(numbers), valid.shape[1]), np.int64)
    np.add.at(count, place, valid)
    if (count > 1).any():
        raise ExecutionFailed(_GROUPING)
