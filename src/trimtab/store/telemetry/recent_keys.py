"""Idempotency keys acknowledged lately, as 64-bit hashes, bounded, oldest forgotten first."""

from collections.abc import Iterable
from itertools import islice

from trimtab.base.ids import hash64

WINDOW = 300_000
"""Keys remembered: over a minute and a half at 3,000 requests a second, a day at the pace of 3 hosts' agents.
botocore gives up its retries within a minute; two keys among so many collide with probability 5e-9."""


class RecentKeys:
    """An ordered, bounded set of key hashes (insertion order is a dict's)."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._keys: dict[int, None] = {}

    def __contains__(self, key: str) -> bool:
        return hash64(key) in self._keys

    def add(self, key: str) -> None:
        """Remember `key`."""
        self.add_hashes((hash64(key),))

    def add_hashes(self, hashes: Iterable[int]) -> None:
        """Remember keys by their hashes, oldest first."""
        self._keys.update(dict.fromkeys(hashes))
        excess = len(self._keys) - self._window
        if excess > 0:
            for old in list(islice(self._keys, excess)):
                del self._keys[old]

    def hashes(self) -> list[int]:
        """Every remembered hash, oldest first."""
        return list(self._keys)
