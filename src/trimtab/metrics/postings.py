"""Postings: which series have a key, as sorted arrays, a segment of 65,536 series at a time.

A full segment is indexed when it is first asked (2 bytes for each key of a series); series after the last full one are
looked through, which takes 0.2 ms at most.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.columns import Column

Ordinals = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

NOTHING: Ordinals = np.empty(0, dtype=np.uint32)
SEGMENT = 65_536
"""Series a segment: their places in it take 2 bytes."""
_FEW = 32  # keys that are looked up each by itself: more are looked for at once


class _Segment(Struct, frozen=True):
    """The index of one segment: `places` of the series by key; those of `keys[i]` begin at `begins[i]`."""

    first: int
    keys: npt.NDArray[np.uint32]
    begins: npt.NDArray[np.uint32]
    places: npt.NDArray[np.uint16]

    def run(self, key: int) -> tuple[int, int]:
        """Where the places of a key begin and end."""
        at = int(self.keys.searchsorted(np.uint32(key)))
        if at == len(self.keys) or self.keys[at] != key:
            return 0, 0
        return int(self.begins[at]), int(self.begins[at + 1])


class Postings:
    """Series by key, over columns that grow: those of series i are `keys[starts[i]:starts[i + 1]]`, each once; without
    `starts` each series has one.
    """

    def __init__(self, keys: Column, starts: Column | None = None) -> None:
        self._keys = keys
        self._starts = starts
        self._segments: list[_Segment] = []

    def __len__(self) -> int:
        """How many series there are."""
        return len(self._keys) if self._starts is None else len(self._starts) - 1

    def get(self, key: int) -> Ordinals:
        """The series that have `key`, ascending."""
        parts = []
        for segment in self._full():
            begin, end = segment.run(key)
            if end > begin:
                parts.append(segment.places[begin:end] + np.uint32(segment.first))
        first, keys, bounds = self._rest()
        rest = np.flatnonzero(keys == key)
        if len(rest):
            parts.append((self._owners(rest, bounds) + first).astype(np.uint32))
        return _joined(parts)

    def count(self, key: int) -> int:
        """How many series have `key`."""
        number = 0
        for segment in self._full():
            begin, end = segment.run(key)
            number += end - begin
        return number + int(np.count_nonzero(self._rest()[1] == key))

    def union(self, keys: Iterable[int]) -> Ordinals:
        """The series that have any of `keys`, ascending, each once."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) < 2:
            return self.get(wanted[0]) if wanted else NOTHING
        if len(wanted) <= _FEW:
            return np.unique(np.concatenate([self.get(key) for key in wanted]))
        flags = np.zeros(max(max(wanted), int(self._keys.view.max(initial=0))) + 1, np.bool_)
        flags[wanted] = True
        return self.among(flags)

    def among(self, flags: Flags) -> Ordinals:
        """The series that have any key that is flagged, ascending, each once. Flags cover every key."""
        parts = []
        for segment in self._full():
            chosen = np.flatnonzero(flags[segment.keys])
            if not len(chosen):
                continue
            begins = segment.begins[chosen].astype(np.int64)
            own = segment.places[runs(begins, segment.begins[chosen + 1] - begins)]
            has = np.zeros(SEGMENT, np.bool_)
            has[own] = True
            parts.append((np.flatnonzero(has) + segment.first).astype(np.uint32))
        first, keys, bounds = self._rest()
        rest = np.flatnonzero(flags[keys])
        if len(rest):
            parts.append((np.unique(self._owners(rest, bounds)) + first).astype(np.uint32))
        return _joined(parts)

    def _full(self) -> list[_Segment]:
        while (len(self._segments) + 1) * SEGMENT <= len(self):
            first = len(self._segments) * SEGMENT
            keys, bounds = self._part(first, first + SEGMENT)
            places = np.arange(SEGMENT, dtype=np.uint16)
            if bounds is not None:
                places = np.repeat(places, np.diff(bounds))
            order = np.argsort(keys, kind="stable")
            present, begins = np.unique(keys[order], return_index=True)
            edges = np.append(begins, len(keys)).astype(np.uint32)
            self._segments.append(_Segment(first, present, edges, places[order]))
        return self._segments

    def _rest(self) -> tuple[int, npt.NDArray[np.uint32], npt.NDArray[np.int64] | None]:
        """After the last full segment: the first series, the keys, and where the keys of each series begin."""
        first = len(self._segments) * SEGMENT
        return first, *self._part(first, len(self))

    def _part(self, first: int, until: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64] | None]:
        if self._starts is None:
            return self._keys.view[first:until], None
        bounds = self._starts.view[first : until + 1].astype(np.int64)
        return self._keys.view[bounds[0] : bounds[-1]], bounds - bounds[0]

    @staticmethod
    def _owners(places: npt.NDArray[np.intp], bounds: npt.NDArray[np.int64] | None) -> npt.NDArray[np.intp]:
        return places if bounds is None else np.searchsorted(bounds, places, side="right") - 1


def runs(begins: npt.NDArray[np.int64], sizes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """The numbers of runs that begin at `begins` and have `sizes`, one run after another."""
    sizes = sizes.astype(np.int64)
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    numbers: npt.NDArray[np.int64] = np.arange(total) + np.repeat(begins - (ends - sizes), sizes)
    return numbers


def within(found: Ordinals, other: Ordinals) -> Ordinals:
    """What of `found` is in `other`; both ascend."""
    if not len(other):
        return NOTHING
    at = np.minimum(np.searchsorted(other, found), len(other) - 1)
    shared: Ordinals = found[other[at] == found]
    return shared


def _joined(parts: list[Ordinals]) -> Ordinals:
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
