"""When each series last had a point: one numpy array, updated by whole batches."""

import numpy as np
import numpy.typing as npt

_LOOP_LIMIT = 64  # Below this many points a dictionary look-up each is faster than the array way.


class LastSeen:
    """Ids and last times by ordinal. Times are milliseconds; 0 means never."""

    def __init__(self) -> None:
        self._ids: npt.NDArray[np.uint64] = np.empty(1024, dtype=np.uint64)
        self._times: npt.NDArray[np.int64] = np.zeros(1024, dtype=np.int64)
        self._ordinals: dict[int, int] = {}
        self._sorted: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)

    def __len__(self) -> int:
        """The number of series."""
        return len(self._ordinals)

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """Last times by ordinal, as a view."""
        return self._times[: len(self._ordinals)]

    def ordinal(self, series_id: int) -> int | None:
        """The ordinal of `series_id`."""
        return self._ordinals.get(series_id)

    def id_at(self, ordinal: int) -> int:
        """The id at `ordinal`."""
        return int(self._ids[ordinal])

    def ids_at(self, ordinals: npt.NDArray[np.uint32]) -> list[int]:
        """The ids at `ordinals`."""
        ids: list[int] = self._ids[ordinals].tolist()
        return ids

    def add(self, series_id: int) -> int:
        """Give a new series the next ordinal."""
        ordinal = len(self._ordinals)
        if ordinal == len(self._ids):
            self._ids = np.concatenate((self._ids, np.empty(ordinal, dtype=np.uint64)))
            self._times = np.concatenate((self._times, np.zeros(ordinal, dtype=np.int64)))
        self._ids[ordinal] = series_id
        self._ordinals[series_id] = ordinal
        return ordinal

    def seen(self, ids: npt.NDArray[np.uint64], times: npt.NDArray[np.int64]) -> None:
        """Series `ids` had points at `times`; ids that are not known are ignored."""
        if len(ids) <= _LOOP_LIMIT:
            for series_id, time in zip(ids.tolist(), times.tolist(), strict=True):
                ordinal = self._ordinals.get(series_id)
                if ordinal is not None and time > self._times[ordinal]:
                    self._times[ordinal] = time
            return
        ordinals, known = self._lookup(ids)
        np.maximum.at(self._times, ordinals[known], times[known])

    def _lookup(self, ids: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        number = len(self._ordinals)
        if not number:
            return np.zeros(len(ids), dtype=np.intp), np.zeros(len(ids), dtype=np.bool_)
        mine = self._ids[:number]
        if len(self._sorted) != number:
            self._sorted = np.argsort(mine)
        at = np.searchsorted(mine, ids, sorter=self._sorted)
        ordinals = self._sorted[np.minimum(at, number - 1)]
        return ordinals, mine[ordinals] == ids
