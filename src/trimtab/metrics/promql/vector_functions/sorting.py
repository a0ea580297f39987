"""sort, sort_desc and their kin by label: the order of rows, which an instant query's answer keeps."""

import re
from functools import cmp_to_key

import numpy as np

from trimtab.metrics.promql.labels import Labels, get
from trimtab.metrics.promql.values import Vector

_CHUNK = re.compile(r"(\d+|\D+)")


def by_value(vector: Vector, *, descending: bool) -> Vector:
    """Rows by their value at the last step, NaN last; histograms are left out."""
    kept = Vector(vector.labels, vector.values, vector.floats, vector.drop).occupied()
    if not kept.labels:
        return kept
    values = np.where(kept.present[:, -1], kept.values[:, -1], np.nan)
    key = np.where(np.isnan(values), np.inf, -values if descending else values)
    return kept.chosen(np.lexsort((np.isnan(values), key)) if np.isinf(key).any() else np.argsort(key, kind="stable"))


def by_label(vector: Vector, names: list[str], *, descending: bool) -> Vector:
    """Rows by the values of labels in natural order (a2 before a10), then by all labels."""

    def compare(left: int, right: int) -> int:
        one, other = vector.labels[left], vector.labels[right]
        for name in names:
            mine, theirs = get(one, name), get(other, name)
            if mine != theirs:
                return -1 if natural_key(mine) < natural_key(theirs) else 1
        return _order(one, other)

    sign = -1 if descending else 1

    def signed(left: int, right: int) -> int:
        return sign * compare(left, right)

    return vector.chosen(np.array(sorted(range(len(vector.labels)), key=cmp_to_key(signed)), dtype=np.intp))


def _order(one: Labels, other: Labels) -> int:
    return (one > other) - (one < other)


def natural_key(text: str) -> list[tuple[bool, int, str]]:
    """Numbers in a text compare by value."""
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in _CHUNK.findall(text)]
