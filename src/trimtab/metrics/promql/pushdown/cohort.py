"""The series of a piece as the engine is told of them: their ids, and with each its group and its place in order."""

import base64
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.syntax import Aggregate
from trimtab.metrics.promql.translation import Entry

Numbers = npt.NDArray[np.uint32]


class Encoded(Struct, frozen=True):
    """Text in base64, in which nothing needs escaping: the driver would look at each character of a `str` for that,
    15 ms for 10,000 series, and takes of anything else what `str()` says.
    """

    text: str

    def __str__(self) -> str:
        return self.text


class Cohort(Struct, frozen=True):
    """Series by id, ascending. `places` are their numbers in the order of labels, `groups` those of their groups."""

    ids: npt.NDArray[np.uint64]
    places: Numbers
    groups: Numbers
    labels: list[Labels]
    """Of the groups by number; of the series by place where there is no aggregation."""

    @property
    def rows(self) -> int:
        """How many rows an answer may have: groups, or series where there is no aggregation."""
        return min(len(self.ids), len(self.labels))

    def parts(self, most: int) -> Iterator["Cohort"]:
        """The same in parts of at most `most` series."""
        for at in range(0, len(self.ids), most):
            part = slice(at, at + most)
            yield Cohort(self.ids[part], self.places[part], self.groups[part], self.labels)

    def only(self, places: npt.NDArray[Any]) -> "Cohort":
        """The series at some places."""
        kept = np.isin(self.places, places)
        return Cohort(self.ids[kept], self.places[kept], self.groups[kept], self.labels)

    def parameters(self) -> dict[str, "Encoded"]:
        """The arrays as text that the engine decodes: half the size of a list of numbers."""
        arrays: dict[str, npt.NDArray[Any]] = {"ids": self.ids, "groups": self.groups, "places": self.places}
        return {name: Encoded(base64.b64encode(array.tobytes()).decode()) for name, array in arrays.items()}


def cohort_of(entries: list[Entry], aggregate: Aggregate | None) -> Cohort | None:
    """The series of `entries`; None where two of them have the same labels, whose samples would be one series'."""
    ordered = sorted(entries, key=lambda entry: entry.labels)
    if any(left.labels == right.labels for left, right in pairwise(ordered)):
        return None
    ids = np.array([entry.series for entry in ordered], np.uint64)
    by_id = np.argsort(ids, kind="stable")
    places = np.arange(len(ids), dtype=np.uint32)
    if aggregate is None:
        return Cohort(ids[by_id], places[by_id], places[by_id], [entry.labels for entry in ordered])
    groups, labels = _groups(ordered, aggregate)
    return Cohort(ids[by_id], places[by_id], groups[by_id], labels)


def _groups(ordered: list[Entry], aggregate: Aggregate) -> tuple[Numbers, list[Labels]]:
    kept = frozenset(aggregate.labels)
    numbers: dict[Labels, int] = {}
    if not kept and not aggregate.without:
        return np.zeros(len(ordered), np.uint32), [()]
    found = (sets.grouped(entry.labels, kept, without=aggregate.without) for entry in ordered)
    groups = np.array([numbers.setdefault(labels, len(numbers)) for labels in found], np.uint32)
    return groups, list(numbers)
