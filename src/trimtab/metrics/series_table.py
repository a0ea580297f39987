"""Every series as columns: no object a series, some 90 bytes each beside the text of its labels."""

from array import array

import numpy as np
import numpy.typing as npt

from trimtab.metrics.columns import Column, KeyTable, Numbers
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.pair_table import Pair, PairTable
from trimtab.metrics.postings import Ordinals, runs

Shape = tuple[str, str, str, str, str, Kind]
"""Account, region, namespace, name, unit and kind: what the series of a metric have alike. There are thousands."""
Group = tuple[str, str, str, str]
"""The first four of a shape: what nearly every search names."""

_KEPT = 16_384
"""Identities that are kept made, about 10 MB: what pages and jobs ask again and again."""
_LOOP_LIMIT = 64  # Below this many points a look-up each is faster than the array way.
_NO_RESOURCE: Pair = ("", "")


class SeriesTable:
    """Series by ordinal: they are numbered from 0 in the order in which they became known."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        """Every shape, in the order in which they came."""
        self.groups: dict[Group, list[int]] = {}
        """The shapes of each group, in the order in which they came."""
        self.pairs = PairTable()
        self.shape_of = Column(np.uint32)
        self.labels = Column(np.uint32)
        """The numbers of the pairs of each series, in the order of their names, a series after another."""
        self.starts = Column(np.uint32)
        """Where the labels of each series begin, and where the last one's end."""
        self.starts.append(0)
        self._shape_numbers: dict[Shape, int] = {}
        self._ids = KeyTable()
        self._first_seen = Column(np.int64)
        self._last_seen = Column(np.int64)
        self._resources = PairTable()
        self._resources.put(_NO_RESOURCE)
        self._resource_of = Column(np.uint32)
        self._made: dict[int, Identity] = {}

    def __len__(self) -> int:
        """How many series there are."""
        return len(self._ids)

    @property
    def ids(self) -> npt.NDArray[np.uint64]:
        """Ids by ordinal."""
        return self._ids.keys

    @property
    def first_seen(self) -> Numbers:
        """When each became known, in ms."""
        times: Numbers = self._first_seen.view
        return times

    @property
    def last_seen(self) -> Numbers:
        """When each last had a point, in ms; 0 where none is known."""
        times: Numbers = self._last_seen.view
        return times

    def ordinal(self, series_id: int) -> int | None:
        """The ordinal of an id."""
        return self._ids.row(series_id)

    def ordinals(self, ids: npt.NDArray[np.uint64]) -> Numbers:
        """The ordinals of ids, -1 where one is not known."""
        return self._ids.find(ids)

    def id_at(self, ordinal: int) -> int:
        """The id at `ordinal`."""
        return self._ids.key(ordinal)

    def first_seen_at(self, ordinal: int) -> int:
        """When the series at `ordinal` became known, in ms."""
        return self._first_seen[ordinal]

    def last_seen_at(self, ordinal: int) -> int:
        """When it last had a point, in ms; 0 where none is known."""
        return self._last_seen[ordinal]

    def put_shape(self, shape: Shape) -> int:
        """The number of a shape, which is new where there was none."""
        number = self._shape_numbers.get(shape)
        if number is None:
            number = self._shape_numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
            self.groups.setdefault(shape[:4], []).append(number)
        return number

    def is_at(self, ordinal: int, identity: Identity) -> bool:
        """Whether this identity, whatever its resource, is the one at `ordinal`."""
        if self._shape_numbers.get(shape_of(identity)) != self.shape_of[ordinal]:
            return False
        begin, end = self.starts[ordinal], self.starts[ordinal + 1]
        if end - begin != len(identity.dimensions):
            return False
        labels, number = self.labels, self.pairs.number
        return all(number(pair) == labels[begin + at] for at, pair in enumerate(identity.dimensions))

    def add(self, series_id: int, identity: Identity, first_seen_ms: int) -> int:
        """A new series; its ordinal."""
        self.labels.put_few(array("I", map(self.pairs.put, identity.dimensions)))
        self.starts.append(len(self.labels))
        self.shape_of.append(self.put_shape(shape_of(identity)))
        self._resource_of.append(self._resources.put(("", identity.resource)) if identity.resource else 0)
        self._first_seen.append(first_seen_ms)
        self._last_seen.append(0)
        return self._ids.append(series_id)

    def extend(
        self,
        ids: npt.NDArray[np.uint64],
        shapes: Numbers,
        labels: Numbers,
        sizes: Numbers,
        resources: Numbers,
        first_seen: Numbers,
    ) -> None:
        """New series as columns: numbers of shapes, of pairs (`sizes` of them a series) and of resources."""
        begin = len(self.labels)
        self.labels.extend(labels)
        self.starts.extend(begin + np.cumsum(sizes))
        self.shape_of.extend(shapes)
        self._resource_of.extend(resources)
        self._first_seen.extend(first_seen)
        self._last_seen.extend(np.zeros(len(ids), np.int64))
        self._ids.extend(ids)

    def put_resource(self, resource: str) -> int:
        """The number of a resource."""
        return self._resources.put(("", resource))

    def resource_at(self, ordinal: int) -> str:
        """The resource of a series; "" where there is none."""
        number = self._resource_of[ordinal]
        return self._resources.pair(number)[1] if number else ""

    def name_resource(self, ordinal: int, resource: str) -> None:
        """The series belongs to another resource now."""
        self._resource_of[ordinal] = self.put_resource(resource)
        self._made.pop(ordinal, None)

    def identity(self, ordinal: int) -> Identity:
        """The identity at `ordinal`: made of the columns, some µs."""
        made = self._made.get(ordinal)
        if made is None:
            account, region, namespace, name, unit, kind = self.shapes[self.shape_of[ordinal]]
            pairs = tuple(map(self.pairs.pair, self.labels_at(ordinal)))
            made = Identity(account, region, namespace, name, pairs, unit, kind, self.resource_at(ordinal))
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[ordinal] = made
        return made

    def labels_at(self, ordinal: int) -> list[int]:
        """The numbers of the pairs of one series."""
        return self.labels.part(self.starts[ordinal], self.starts[ordinal + 1])

    def labels_of(self, ordinals: Ordinals) -> tuple[npt.NDArray[np.uint32], Numbers]:
        """The numbers of the pairs of series, and beside each the place in `ordinals` of the series that has it."""
        starts = self.starts.view
        begins = starts[ordinals].astype(np.int64)
        sizes = starts[ordinals + np.uint32(1)] - begins
        return self.labels.view[runs(begins, sizes)], np.repeat(np.arange(len(ordinals)), sizes)

    def pair_named(self, ordinals: Ordinals, name: str) -> Numbers:
        """For each series the number of its pair with this name, -1 where it has none."""
        found = np.full(len(ordinals), -1, np.int64)
        number = self.pairs.name_number(name)
        if number is not None:
            labels, owners = self.labels_of(ordinals)
            chosen = self.pairs.name_of[labels] == number
            found[owners[chosen]] = labels[chosen]
        return found

    def seen(self, ids: npt.NDArray[np.uint64], times: Numbers) -> None:
        """Series `ids` had points at `times`; ids that are not known are ignored."""
        last = self._last_seen
        if len(ids) <= _LOOP_LIMIT:
            for series_id, time in zip(ids.tolist(), times.tolist(), strict=True):
                ordinal = self._ids.row(series_id)
                if ordinal is not None and time > last[ordinal]:
                    last[ordinal] = time
            return
        ordinals = self._ids.find(np.ascontiguousarray(ids))
        known = ordinals >= 0
        np.maximum.at(last.view, ordinals[known], times[known])


def shape_of(identity: Identity) -> Shape:
    """What an identity has beside its dimensions and resource."""
    return (
        identity.account, identity.region, identity.namespace, identity.name, identity.unit, identity.kind
    )  # fmt: skip
