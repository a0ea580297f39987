"""Series ids by the 128-bit digest of what names the series on the wire, so that repeats are never decoded.

The cache belongs to one account: digests of different tenants never meet. It forgets everything when it is full,
which costs one slow pass over the live series and keeps out those that are gone.
"""

from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt

MAX_SERIES = 2_000_000
"""Keys kept: 24 bytes in a table at most half full, so 100 MB at worst."""
_FIRST_SLOTS = 1024

Keys = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]


class SeriesCache(Protocol):
    """Keys are rows of two uint64."""

    def find(self, keys: Keys) -> tuple[Ids, Positions]:
        """The id of each key, and the positions of those that have none (their id means nothing)."""
        ...

    def put(self, key: npt.NDArray[np.uint64], series_id: int) -> None:
        """Remember one key."""
        ...


class PlainCache:
    """A dict, for while there is nothing compiled."""

    def __init__(self, limit: int = MAX_SERIES) -> None:
        self._ids: dict[bytes, int] = {}
        self._limit = limit

    def find(self, keys: Keys) -> tuple[Ids, Positions]:
        """See SeriesCache."""
        raw, known = keys.tobytes(), self._ids
        found = [known.get(raw[at : at + 16], -1) for at in range(0, len(raw), 16)]
        missing = [position for position, series_id in enumerate(found) if series_id < 0]
        for position in missing:
            found[position] = 0
        return np.array(found, np.uint64), np.array(missing, np.int64)

    def put(self, key: npt.NDArray[np.uint64], series_id: int) -> None:
        """See SeriesCache."""
        if len(self._ids) >= self._limit:
            self._ids.clear()
        self._ids[key.tobytes()] = series_id


class CompiledCache:
    """The table of `table_compiled`, whose functions `kernels` has."""

    def __init__(self, kernels: ModuleType, limit: int = MAX_SERIES) -> None:
        self._kernels = kernels
        self._limit = limit
        self._count = 0
        self._slots = np.zeros((_FIRST_SLOTS, 3), np.uint64)

    def find(self, keys: Keys) -> tuple[Ids, Positions]:
        """See SeriesCache."""
        ids, missing = np.empty(len(keys), np.uint64), np.empty(len(keys), np.int64)
        count = self._kernels.find(self._slots, keys, ids, missing)
        return ids, missing[:count]

    def put(self, key: npt.NDArray[np.uint64], series_id: int) -> None:
        """See SeriesCache."""
        if self._count >= self._limit:
            self._slots, self._count = np.zeros((_FIRST_SLOTS, 3), np.uint64), 0
        elif 2 * (self._count + 1) > len(self._slots):
            larger = np.zeros((2 * len(self._slots), 3), np.uint64)
            self._kernels.move(self._slots, larger)
            self._slots = larger
        self._count += bool(self._kernels.insert(self._slots, key[0], key[1], np.uint64(series_id)))


class Caches:
    """The cache that goes with each way to decode, which make different digests of the same thing."""

    def __init__(self) -> None:
        self._plain = PlainCache()
        self._compiled: CompiledCache | None = None

    def of(self, kernels: ModuleType | None) -> SeriesCache:
        """The cache for keys that `kernels` made, or plain Python."""
        if kernels is None:
            return self._plain
        if self._compiled is None:
            self._compiled = CompiledCache(kernels)
        return self._compiled
