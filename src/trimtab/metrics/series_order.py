"""Keeps every series at its place in the sort order of listings, cheaply while series keep coming."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trimtab.base.tags import Tags
from trimtab.metrics.model import Identity

_RESORT_SHARE = 8  # Inserting more than an eighth of what is sorted costs more than sorting anew.

SortKey = tuple[str, str, Tags, str, str, str, str]


def sort_key(identity: Identity) -> SortKey:
    """Listings are ordered by namespace, name, dimensions, account, region, unit and kind."""
    return (
        identity.namespace,
        identity.name,
        identity.dimensions,
        identity.account,
        identity.region,
        identity.unit,
        identity.kind,
    )


class SeriesOrder:
    """The rank of every ordinal of a growing list of identities, brought up to date when asked for."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = identities
        self._order: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._rank: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def ranks(self) -> npt.NDArray[np.int64]:
        """The rank of each ordinal. Equal identities cannot be, so ranks are unique and stable but for insertions."""
        known, now = len(self._order), len(self._identities)
        if known != now:
            self._insert(known, now)
            self._rank = np.empty(now, dtype=np.int64)
            self._rank[self._order] = np.arange(now)
        return self._rank

    def _insert(self, known: int, now: int) -> None:
        if (now - known) * _RESORT_SHARE > known:
            self._order = np.array(sorted(range(now), key=self._key), dtype=np.int64)
            return
        fresh = sorted(range(known, now), key=self._key)
        order = self._order
        places = [bisect_left(order, self._key(ordinal), key=self._key) for ordinal in fresh]
        self._order = np.insert(order, places, fresh)

    def _key(self, ordinal: int) -> SortKey:
        return sort_key(self._identities[ordinal])
