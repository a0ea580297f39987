"""The groups of an aggregation: rows sorted so that each group's are one run."""

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.values import Flags, Floats, Integers, Vector


class Groups(Struct, frozen=True):
    """`labels` of each group, `vector` with rows in the order of groups, and where each group's rows begin."""

    labels: list[Labels]
    vector: Vector
    starts: Integers
    number: Integers

    @classmethod
    def of(cls, vector: Vector, names: tuple[str, ...], *, without: bool) -> "Groups":
        """Group the series of `vector`, which has one at least."""
        # The name a metric is going to lose still tells series apart here, as in Prometheus.
        numbers: dict[Labels, int] = {}
        kept = frozenset(names)
        if not names and not without:
            group_of = np.zeros(len(vector.labels), np.int64)
            numbers[()] = 0
        else:
            found = (sets.grouped(labels, kept, without=without) for labels in vector.labels)
            group_of = np.array([numbers.setdefault(labels, len(numbers)) for labels in found], np.int64)
        order = np.argsort(group_of, kind="stable")
        ordered = group_of[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])).astype(np.int64)
        return cls(list(numbers), vector if len(numbers) == 1 else vector.chosen(order), starts, ordered)

    @property
    def sizes(self) -> Integers:
        """The rows of each group."""
        return np.diff(np.append(self.starts, len(self.number)))

    def count(self, flags: Flags) -> Integers:
        """How many cells of each group and step are set."""
        found: Integers = np.add.reduceat(flags.astype(np.int64), self.starts, axis=0)
        return found

    def spread(self, by_group: Floats) -> Floats:
        """A number of each group and step, repeated for its rows."""
        repeated: Floats = by_group[self.number]
        return repeated

    def drop(self) -> Flags:
        """Groups that lose their name, since a series of theirs does."""
        found: Flags = np.logical_or.reduceat(self.vector.drop, self.starts)
        return found
