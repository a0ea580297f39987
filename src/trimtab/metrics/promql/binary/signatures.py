"""Signatures: what of its labels decides which series of the other side matches a series."""

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.labels import Labels, matched
from trimtab.metrics.promql.language.syntax import Matching
from trimtab.metrics.promql.values import Flags, Integers, Vector


class Signatures(Struct, frozen=True):
    """The distinct signatures of both sides, and the number of each row's."""

    keys: list[Labels]
    left: Integers
    right: Integers

    @classmethod
    def of(cls, left: Vector, right: Vector, matching: Matching) -> "Signatures":
        """The signatures of two vectors."""
        numbers: dict[Labels, int] = {}
        names = frozenset(matching.labels)
        sides = [
            np.array(
                [numbers.setdefault(matched(labels, names, on=matching.on), len(numbers)) for labels in side.labels],
                np.int64,
            )
            for side in (left, right)
        ]
        return cls(list(numbers), sides[0], sides[1])

    def count(self, vector: Vector, rows: Integers) -> Integers:
        """How many series of each signature there are at every step."""
        found = np.zeros((len(self.keys), vector.present.shape[1]), np.int64)
        np.add.at(found, rows, vector.present)
        return found

    def present(self, vector: Vector, rows: Integers) -> Flags:
        """Whether there is a series of each signature at every step."""
        found: Flags = self.count(vector, rows) > 0
        return found
