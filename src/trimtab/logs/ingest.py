"""Writes: batches of events become sections of the log's own write-ahead log; durable when `write` returns."""

import itertools
import struct
from collections import defaultdict
from collections.abc import Sequence

from trimtab.base.clock import Clock
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.rowbinary import string, string_map

_DAY_MS = 86_400_000
_TIMES = struct.Struct("<qqQ")  # time, ingested, id
_ID = struct.Struct("<Q")
_COUNT_BITS = 20
"""Of an event's id: a count within a millisecond. A process counts on from the time at which it started."""


class LogIngest:
    """The only writer of log events."""

    def __init__(self, log: IngestLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._ids = itertools.count(clock.now_ms() << _COUNT_BITS)

    async def write(self, batches: Sequence[LogBatch], key: str | None = None) -> Appended:
        """Append events; durable when this returns. A `key` acknowledged before writes nothing.

        Raises Throttled or DiskFull; then nothing was kept.
        """
        now_ms = self._clock.now_ms()
        bodies: dict[int, list[bytes]] = defaultdict(list)
        for batch in batches:
            head, stream = _heads(batch)
            for event in batch.events:
                bodies[event.time_ms // _DAY_MS].append(head + stream + self._row(event, now_ms))
        sections = [
            Section("log_events", len(rows), frozenset((day,)), b"".join(rows)) for day, rows in sorted(bodies.items())
        ]
        return await self._log.append(sections, key)

    def _row(self, event: LogEvent, now_ms: int) -> bytes:
        return b"".join(
            (
                _TIMES.pack(event.time_ms, now_ms, next(self._ids)),
                string(event.severity),
                string(event.trace_id),
                string(event.span_id),
                string_map(event.attributes.items()),
                string(event.message),
            )
        )


def _heads(batch: LogBatch) -> tuple[bytes, bytes]:
    group = batch.group
    head = string(group.account) + string(group.region) + _ID.pack(group.id) + string(group.name)
    return head, string(batch.stream.name) + _ID.pack(batch.stream.id)
