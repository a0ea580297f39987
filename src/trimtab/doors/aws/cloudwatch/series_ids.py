"""Remembers series ids by what a client literally sends, so that a repeated series is found without decoding it."""

Sent = tuple[str, bytes, str]
"""Metric name, the bytes of the Dimensions value, and the unit, as they stand in the body."""
Ids = dict[Sent, int]

LIMIT = 200_000
"""Entries kept, about 300 bytes each; past it the memory starts anew (a miss costs some 10 µs, once a series)."""


class SeriesIds:
    """Ids by (account, region, namespace), then by what was sent. A series sent in two spellings has two entries."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._spaces: dict[tuple[str, str, str], Ids] = {}

    def of(self, account: str, region: str, namespace: str) -> Ids:
        """The ids known of one namespace, to look up in; add with `remember`."""
        return self._spaces.get((account, region, namespace), _EMPTY)

    def remember(self, account: str, region: str, namespace: str, sent: Sent, series_id: int) -> Ids:
        """Keep one id; the mapping to look up in from now on."""
        if self._size >= self._limit:
            self.clear()
        self._size += 1
        ids = self._spaces.setdefault((account, region, namespace), {})
        ids[sent] = series_id
        return ids

    def clear(self) -> None:
        """Forget everything: the registry that gave the ids was emptied."""
        self._spaces.clear()
        self._size = 0


_EMPTY: Ids = {}
