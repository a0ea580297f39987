"""count_values: how many series of a group have each value."""

from collections.abc import Callable

import numpy as np

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.histograms.text import shown
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.literals import decimal, quoted, valid_name
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Vector


def count_values(
    vector: Vector, name: str, grouping: tuple[str, ...], afford: Callable[[int], None], *, without: bool
) -> Vector:
    """A series for each group and value, which is in label `name`. Raises ExecutionFailed.

    `afford` is asked for their cells before they are made.
    """
    if not valid_name(name):
        raise ExecutionFailed(f"invalid label name {quoted(name)}")
    kept = frozenset(grouping if without else (*grouping, name))
    row, step = np.nonzero(vector.floats)
    distinct, value = np.unique(vector.values[row, step], return_inverse=True)
    texts = [decimal(number) for number in distinct.tolist()]
    pairs, pair = np.unique(row * max(len(texts), 1) + value, return_inverse=True)
    named = [(key // max(len(texts), 1), texts[key % max(len(texts), 1)]) for key in pairs.tolist()]
    groups = _Groups(vector, name, kept, without=without)
    places = np.array([groups.of(*key) for key in named], np.intp)[pair]
    if vector.histograms is not None:
        native = np.argwhere(vector.is_histogram)
        own = [groups.of(place, shown(vector.histograms[place, at])) for place, at in native.tolist()]
        places, step = np.append(places, np.array(own, np.intp)), np.append(step, native[:, 1])
    afford(len(groups.numbers) * vector.values.shape[1])
    counts = np.zeros((len(groups.numbers), vector.values.shape[1]))
    np.add.at(counts, (places.astype(np.intp), step), 1.0)
    return Vector(list(groups.numbers), counts, counts > 0, np.zeros(len(groups.numbers), np.bool_))


class _Groups:
    """The groups met so far, by their labels."""

    def __init__(self, vector: Vector, name: str, kept: frozenset[str], *, without: bool) -> None:
        self.numbers: dict[Labels, int] = {}
        self._vector, self._name, self._kept, self._without = vector, name, kept, without

    def of(self, row: int, value: str) -> int:
        """The group of a series with a value."""
        labels = sets.put(self._vector.labels[row], self._name, value)
        return self.numbers.setdefault(sets.grouped(labels, self._kept, without=self._without), len(self.numbers))
