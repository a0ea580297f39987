"""A hash table of 128-bit keys in numpy arrays: open addressing, at most half full, compiled.

`slots` are rows (key, key, id) of uint64; a key of zeros is a free slot (`_first` sees to it that no key is that).
"""

import numpy as np
import numpy.typing as npt

from trimtab.doors.protobuf import jit
from trimtab.doors.protobuf.jit import compiled

Words = npt.NDArray[np.uint64]
Word = np.uint64

_0, _1 = np.uint64(0), np.uint64(1)


@compiled
def find(slots: Words, keys: Words, ids: Words, missing: npt.NDArray[np.int64]) -> int:
    """Put the id of each row of `keys` into `ids`, and the numbers of those without one into `missing`: how many."""
    count = 0
    for i in range(len(keys)):
        at = _slot(slots, keys[i, 0], keys[i, 1])
        if slots[at, 0] == _0 and slots[at, 1] == _0:
            missing[count] = i
            count += 1
        else:
            ids[i] = slots[at, 2]
    return count


@compiled
def insert(slots: Words, key1: Word, key2: Word, id_: Word) -> bool:
    """Put one key in, or give it another id. Whether it was new."""
    at = _slot(slots, key1, key2)
    new: bool = slots[at, 0] == _0 and slots[at, 1] == _0
    slots[at, 0] = _first(key1, key2)
    slots[at, 1] = key2
    slots[at, 2] = id_
    return new


@compiled
def move(slots: Words, larger: Words) -> None:
    """Put everything of `slots` into the empty `larger`."""
    for i in range(len(slots)):
        if slots[i, 0] != _0 or slots[i, 1] != _0:
            insert(larger, slots[i, 0], slots[i, 1], slots[i, 2])


@compiled
def _first(key1: Word, key2: Word) -> Word:
    return _1 if key1 == _0 and key2 == _0 else key1


@compiled
def _slot(slots: Words, key1: Word, key2: Word) -> Word:
    """Where the key is, or the free slot where it would go."""
    key1 = _first(key1, key2)
    mask = np.uint64(len(slots) - 1)
    at = (key1 ^ key2) & mask
    while not (slots[at, 0] == key1 and slots[at, 1] == key2) and (slots[at, 0] != _0 or slots[at, 1] != _0):
        at = (at + _1) & mask
    return at


def is_cached() -> bool:
    """Whether an earlier run compiled this module and kept it."""
    return jit.is_cached(find)


def warm() -> None:
    """Call each function once, so that it is compiled."""
    slots, keys = np.zeros((4, 3), np.uint64), np.ones((1, 2), np.uint64)
    insert(slots, keys[0, 0], keys[0, 1], np.uint64(1))
    move(slots, np.zeros((8, 3), np.uint64))
    find(slots, keys, np.empty(1, np.uint64), np.empty(1, np.int64))
