"""Columns that grow: numpy arrays with room at the end, and a table that finds rows by a 64-bit key.

A view that was taken stays as it was while rows are added: growing makes a new array.
"""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

_FIRST = 1024
_HALVES_UNTIL = 1 << 20
"""Up to here a full column doubles; a larger one grows by a quarter, so that little stands empty."""


class Column:
    """One growing array of fixed-width values."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._array: npt.NDArray[Any] = np.zeros(_FIRST, dtype)
        self._cells: memoryview[Any] = self._array.data  # a third of numpy's time for one cell
        self._size = 0

    def __len__(self) -> int:
        """How many values there are."""
        return self._size

    def __getitem__(self, at: int) -> int:
        """One value, as Python's integer. `at` is not checked against the length."""
        value: int = self._cells[at]
        return value

    def __setitem__(self, at: int, value: int) -> None:
        """Put one value in place."""
        self._cells[at] = value

    @property
    def view(self) -> npt.NDArray[Any]:
        """All values."""
        return self._array[: self._size]

    def append(self, value: int) -> None:
        """One more value."""
        if self._size == len(self._array):
            self._grow(self._size + 1)
        self._cells[self._size] = value
        self._size += 1

    def part(self, begin: int, end: int) -> list[int]:
        """Some values that lie together, as Python's integers."""
        numbers: list[int] = self._cells[begin:end].tolist()
        return numbers

    def put_few(self, values: "array[int]") -> None:
        """A handful more, in an array of the same type: half of the time that `append` takes for each."""
        until = self._size + len(values)
        if until > len(self._array):
            self._grow(until)
        self._cells[self._size : until] = values
        self._size = until

    def extend(self, values: npt.ArrayLike) -> None:
        """More values."""
        more = np.asarray(values, self._array.dtype)
        until = self._size + len(more)
        if until > len(self._array):
            self._grow(until)
        self._array[self._size : until] = more
        self._size = until

    def _grow(self, least: int) -> None:
        size = len(self._array)
        room = max(least, 2 * size if size < _HALVES_UNTIL else size + size // 4)
        larger = np.zeros(room, self._array.dtype)
        larger[: self._size] = self._array[: self._size]
        self._array, self._cells = larger, larger.data


class KeyTable:
    """Rows numbered from 0, each with a 64-bit key whose low bits are random: open addressing, 14 to 20 bytes a row."""

    def __init__(self) -> None:
        self._keys = Column(np.uint64)
        self._use(np.zeros(2 * _FIRST, np.uint32))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._keys)

    @property
    def keys(self) -> Keys:
        """Every row's key."""
        return self._keys.view

    def key(self, row: int) -> int:
        """One row's key."""
        return self._keys[row]

    def row(self, key: int) -> int | None:
        """A row with `key`."""
        slots, keys, mask = self._cells, self._keys, self._mask
        at = key & mask
        while row := slots[at]:
            if keys[row - 1] == key:
                return row - 1
            at = at + 1 & mask
        return None

    def rows(self, key: int) -> Iterator[int]:
        """The rows with `key`."""
        slots, keys, mask = self._cells, self._keys, self._mask
        at = key & mask
        while row := slots[at]:
            if keys[row - 1] == key:
                yield row - 1
            at = at + 1 & mask

    def find(self, keys: Keys) -> Numbers:
        """A row of each of `keys`, -1 where there is none."""
        mask, found = np.uint64(self._mask), np.full(len(keys), -1, np.int64)
        mine, slots = self._keys.view, self._slots
        pending = np.arange(len(keys))
        sought, at = keys, (keys & mask).astype(np.int64)
        while len(pending):
            row = slots[at].astype(np.int64) - 1
            taken = row >= 0
            if not taken.all():
                pending, sought, at, row = pending[taken], sought[taken], at[taken], row[taken]
            same = mine[row] == sought
            found[pending[same]] = row[same]
            pending, sought, at = pending[~same], sought[~same], at[~same] + 1 & self._mask
        return found

    def append(self, key: int) -> int:
        """One more row; its number."""
        row = len(self._keys)
        self._keys.append(key)
        if 3 * row >= 2 * len(self._slots):
            self._rebuild()
            return row
        slots, mask = self._cells, self._mask
        at = key & mask
        while slots[at]:
            at = at + 1 & mask
        slots[at] = row + 1
        return row

    def extend(self, keys: Keys) -> None:
        """More rows."""
        before = len(self._keys)
        self._keys.extend(keys)
        if 3 * len(self._keys) >= 2 * len(self._slots):
            self._rebuild()
        else:
            self._insert(np.arange(before, len(self._keys)))

    def _rebuild(self) -> None:
        size = len(self._slots)
        while 3 * len(self._keys) >= size:  # a third is taken then: it is two thirds full before it is made anew
            size *= 2
        self._use(np.zeros(size, np.uint32))
        self._insert(np.arange(len(self._keys)))

    def _use(self, slots: npt.NDArray[np.uint32]) -> None:
        self._slots, self._cells, self._mask = slots, slots.data, len(slots) - 1

    def _insert(self, rows: Numbers) -> None:
        at = (self._keys.view[rows] & np.uint64(self._mask)).astype(np.int64)
        while len(rows):
            free = self._slots[at] == 0
            self._slots[at[free]] = rows[free] + 1  # of several that want one slot the last has it
            left = self._slots[at] != rows + 1
            rows, at = rows[left], at[left] + 1 & self._mask
