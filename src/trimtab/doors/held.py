"""`Held`: points whose sender waits for no answer, kept in memory, within bounds, until the log has them.

EMF and StatsD have no acknowledgement. What they bring waits here for at most a flush (one second) and is durable after
it; a server that is killed loses what it holds. While the log is full or the disk is, points stay and are tried again;
when `room` is gone the door must refuse or let its sender wait, and say so in the ledger.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

import numpy as np
from msgspec import Struct, field

from trimtab.base.errors import TrimtabError
from trimtab.base.tags import Tags
from trimtab.doors.writing import Writing
from trimtab.inventory.resolver import resolve
from trimtab.metrics.model import SAMPLE_ROW, SET_ROW, VALUE_ROW, Identity, Kind, MetricBatch

MOST_POINTS = 200_000
"""Points held at most: some 30 MB, and half a minute of a busy machine."""
_MOST_SERIES = 100_000  # identities remembered; some hundred bytes each
_BLOCK = 50_000  # points a write: what the log takes at once without holding up others

Value = tuple[int, int, float, float]
Set = tuple[int, int, float, float, float, float]
Sample = tuple[int, int, float]
Statistics = tuple[float, float, float, float]
"""Count, sum, minimum, maximum."""


class _Rows(Struct):
    """Rows by their shape, and from which source (of the ledger) they came, with its bytes."""

    values: list[Value] = field(default_factory=list)
    sets: list[Set] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.values) + len(self.sets) + len(self.samples)


class Held:
    """The points of one door."""

    def __init__(self, writing: Writing, door: str, most: int = MOST_POINTS) -> None:
        self.writing = writing
        self._door = door
        self._most = most
        self._filling = _Rows()
        self._full: list[_Rows] = []
        self._held = 0
        self._freed = asyncio.Event()
        self._series: dict[tuple[str, str, Tags, str, Kind], int] = {}
        writing.forget.append(self._series.clear)

    @property
    def room(self) -> int:
        """Points that may be added now."""
        return self._most - self._held

    async def wait_for_room(self, points: int) -> None:
        """Wait until that many points may be added."""
        while self.room < points:
            self._freed.clear()
            await self._freed.wait()

    def series(self, namespace: str, name: str, dimensions: Tags, unit: str, kind: Kind = Kind.EVENTS) -> int:
        """The id of a series of the default account and region, registered if it is new."""
        key = (namespace, name, dimensions, unit, kind)
        known = self._series.get(key)
        if known is None:
            account, region = self.writing.account, self.writing.region
            resource = resolve(dict(dimensions), account, region).path
            identity = Identity(account, region, namespace, name, dimensions, unit, kind, resource)
            known = self.writing.registry.add(identity)
            if len(self._series) >= _MOST_SERIES:
                self._series.clear()
            self._series[key] = known
        return known

    def values(self, series: int, time_ms: int, pairs: Iterable[tuple[float, float]]) -> None:
        """Add values at one time: (value, how often it was seen)."""
        rows = [(series, time_ms, value, count) for value, count in pairs]
        self._filling.values += rows
        self._grown(len(rows))

    def set(self, series: int, time_ms: int, statistics: Statistics) -> None:
        """Add a statistic set."""
        self._filling.sets.append((series, time_ms, *statistics))
        self._grown(1)

    def sample(self, series: int, time_ms: int, value: float) -> None:
        """Add a sample."""
        self._filling.samples.append((series, time_ms, value))
        self._grown(1)

    def credit(self, source: str, rows: int, bytes_: int) -> None:
        """Say of which source `rows` of what was added since the last call are: counted once they are durable."""
        self._filling.rows[source] += rows
        self._filling.bytes[source] += bytes_

    def refuse(self, source: str, reason: str, example: str, rows: int = 1) -> None:
        """Count rows of a source that were not taken."""
        writing = self.writing
        writing.ledger.rejected(self._door, source, writing.account, writing.region, reason, example, rows)

    async def flush(self) -> None:
        """Make durable what is held. Raises Throttled or Unavailable; what is not written by then stays held."""
        self._close()
        while self._full:
            rows = self._full.pop(0)
            written = False
            try:
                await self.writing.ingest.write(
                    MetricBatch(
                        np.array(rows.values, VALUE_ROW),
                        np.array(rows.sets, SET_ROW),
                        np.array(rows.samples, SAMPLE_ROW),
                    )
                )
                written = True
            finally:
                if not written:
                    self._full.insert(0, rows)
            self._held -= len(rows)
            self._freed.set()
            self._count(rows)

    async def flush_last(self) -> str:
        """Flush at the end; what is wrong if points are lost by it, "" if none are."""
        try:
            await self.flush()
        except TrimtabError as problem:
            return f"{self._held} points of {self._door} are lost, they could not be written: {problem}"
        return ""

    def _grown(self, rows: int) -> None:
        self._held += rows
        if len(self._filling) >= _BLOCK:
            self._close()

    def _close(self) -> None:
        if len(self._filling):
            self._full.append(self._filling)
            self._filling = _Rows()

    def _count(self, rows: _Rows) -> None:
        writing = self.writing
        for source, count in rows.rows.items():
            writing.ledger.accepted(self._door, source, writing.account, writing.region, count, rows.bytes[source])
