"""Postings: for each key the ordinals of the series that have it, in little memory and as numpy on demand."""

from array import array
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Ordinals = npt.NDArray[np.uint32]
K = TypeVar("K", bound=Hashable)

NOTHING: Ordinals = np.empty(0, dtype=np.uint32)


class Postings(Generic[K]):
    """An append-only multimap from a key to ascending ordinals.

    Most keys of a big index have one ordinal (a pod's name, a GPU's uuid): those are kept as a bare int, which takes a
    third of the memory of an array.
    """

    def __init__(self) -> None:
        self._lists: dict[K, int | array[int]] = {}

    def __contains__(self, key: K) -> bool:
        """Whether any ordinal has `key`."""
        return key in self._lists

    def __len__(self) -> int:
        """The number of keys."""
        return len(self._lists)

    def keys(self) -> Iterable[K]:
        """Every key, oldest first."""
        return self._lists.keys()

    def add(self, key: K, ordinal: int) -> bool:
        """Note that `ordinal`, which must not be below those noted before, has `key`. True for a new key."""
        present = self._lists.get(key)
        if present is None:
            self._lists[key] = ordinal
            return True
        if isinstance(present, int):
            self._lists[key] = array("I", (present, ordinal))
        else:
            present.append(ordinal)
        return False

    def count(self, key: K) -> int:
        """How many ordinals have `key`."""
        present = self._lists.get(key)
        if present is None:
            return 0
        return 1 if isinstance(present, int) else len(present)

    def get(self, key: K) -> Ordinals:
        """The ordinals of `key`, ascending. A copy: an array whose buffer is lent out could not grow."""
        present = self._lists.get(key)
        if present is None:
            return NOTHING
        return np.array((present,) if isinstance(present, int) else present, dtype=np.uint32)

    def union(self, keys: Iterable[K]) -> Ordinals:
        """The ordinals that have any of `keys`, ascending, each once."""
        parts = [self.get(key) for key in keys]
        if len(parts) == 1:
            return parts[0]
        return np.unique(np.concatenate(parts)) if parts else NOTHING
