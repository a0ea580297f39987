"""Postings: for each key the ordinals of what has it, in little memory and as numpy on demand."""

from array import array
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Ordinals = npt.NDArray[np.uint32]
K = TypeVar("K", bound=Hashable)

NOTHING: Ordinals = np.empty(0, dtype=np.uint32)


class Postings(Generic[K]):
    """An append-only multimap from a key to ascending ordinals. Keys are numbered in the order in which they came.

    Most keys of a big index have one ordinal (a pod's name, a GPU's uuid): those are kept as a bare int, which takes a
    third of the memory of an array.
    """

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}
        self._keys: list[K] = []
        self._lists: list[int | array[int]] = []

    @property
    def keys(self) -> Sequence[K]:
        """Every key, by number."""
        return self._keys

    def number(self, key: K) -> int | None:
        """The number of `key`."""
        return self._numbers.get(key)

    def add(self, key: K, ordinal: int) -> tuple[int, bool]:
        """Note that `ordinal`, not below those noted before, has `key`. The key's number, and whether it is new."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
            self._lists.append(ordinal)
            return number, True
        present = self._lists[number]
        if isinstance(present, int):
            self._lists[number] = array("I", (present, ordinal))
        else:
            present.append(ordinal)
        return number, False

    def count_at(self, number: int) -> int:
        """How many ordinals the key with `number` has."""
        present = self._lists[number]
        return 1 if isinstance(present, int) else len(present)

    def any_at(self, number: int, among: npt.NDArray[np.bool_]) -> bool:
        """Whether an ordinal of the key with `number` is `among` (a mask)."""
        present = self._lists[number]
        if isinstance(present, int):
            return bool(among[present])
        return bool(among[np.array(present, dtype=np.uint32)].any())

    def first(self, key: K) -> int | None:
        """The lowest ordinal of `key`; None where it has none."""
        number = self._numbers.get(key)
        if number is None:
            return None
        present = self._lists[number]
        return present if isinstance(present, int) else present[0]

    def get(self, key: K) -> Ordinals:
        """The ordinals of `key`, ascending."""
        number = self._numbers.get(key)
        return NOTHING if number is None else self.at(number)

    def at(self, number: int) -> Ordinals:
        """The ordinals of the key with `number`. A copy: an array whose buffer is lent out could not grow."""
        present = self._lists[number]
        return np.array((present,) if isinstance(present, int) else present, dtype=np.uint32)

    def union(self, numbers: Iterable[int]) -> Ordinals:
        """The ordinals that any key of `numbers` has, ascending, each once."""
        single, parts = array("I"), []
        for number in numbers:
            present = self._lists[number]
            if isinstance(present, int):
                single.append(present)
            else:
                parts.append(np.array(present, dtype=np.uint32))
        if not single and len(parts) == 1:
            return parts[0]
        return np.unique(np.concatenate((np.array(single, dtype=np.uint32), *parts)))
