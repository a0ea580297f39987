"""Keeps every series at its place in the sort order of listings, cheaply while series keep coming."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trimtab.base.tags import Tags
from trimtab.metrics.model import Identity
from trimtab.metrics.postings import Ordinals
from trimtab.metrics.series_table import SeriesTable

_RESORT_SHARE = 8  # Inserting more than an eighth of what is sorted costs more than sorting anew.
_FEW = 1000
"""Series that are sorted by themselves: to bring all in order takes longer."""

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
    """The rank of every series of a growing table, brought up to date when asked for. 8 bytes a series, once asked."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._order: npt.NDArray[np.uint32] = np.empty(0, dtype=np.uint32)
        self._rank: npt.NDArray[np.uint32] = np.empty(0, dtype=np.uint32)

    def ranks(self) -> npt.NDArray[np.uint32]:
        """The rank of each ordinal. Equal identities cannot be, so ranks are unique and stable but for insertions."""
        known, now = len(self._order), len(self._table)
        if known != now:
            self._insert(known, now)
            self._rank = np.empty(now, dtype=np.uint32)
            self._rank[self._order] = np.arange(now, dtype=np.uint32)
        return self._rank

    def sorted(self, found: Ordinals) -> Ordinals:
        """Some series in order: few without a look at the others."""
        if len(found) <= _FEW and len(self._order) != len(self._table):
            return np.array(sorted(found.tolist(), key=self._key), dtype=np.uint32)
        return found[np.argsort(self.ranks()[found])]

    def _insert(self, known: int, now: int) -> None:
        if (now - known) * _RESORT_SHARE > known:
            self._order = _sorted(self._table)
            return
        fresh = sorted(range(known, now), key=self._key)
        order = self._order
        places = [bisect_left(order, self._key(ordinal), key=self._key) for ordinal in fresh]
        self._order = np.insert(order, places, fresh)

    def _key(self, ordinal: int) -> SortKey:
        return sort_key(self._table.identity(int(ordinal)))


def _sorted(table: SeriesTable) -> npt.NDArray[np.uint32]:
    """Every ordinal in order, without an object a series: texts become their ranks, and columns of ranks are sorted."""
    number = len(table)
    shape_of = table.shape_of.view
    heads = [(shape[2], shape[3]) for shape in table.shapes]  # before the dimensions: namespace and name
    tails = [(shape[0], shape[1], shape[4], str(shape[5])) for shape in table.shapes]  # and after them
    starts = table.starts.view.astype(np.int64)
    sizes = np.diff(starts)
    ranks = table.pairs.sorted_ranks().astype(np.uint32) + np.uint32(1)
    columns: list[npt.NDArray[np.uint32]] = [_ranks(tails)[shape_of]]
    for place in range(int(sizes.max(initial=0)) - 1, -1, -1):
        column = np.zeros(number, np.uint32)  # a series that has no more pairs comes before those that have
        having = sizes > place
        column[having] = ranks[table.labels.view[starts[:-1][having] + place]]
        columns.append(column)
    columns.append(_ranks(heads)[shape_of])
    return np.lexsort(columns).astype(np.uint32)


def _ranks(texts: Sequence[tuple[str, ...]]) -> npt.NDArray[np.uint32]:
    place = {text: at for at, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts], np.uint32)
