"""Writes: batches of events become sections of the log's own write-ahead log; durable when `write` returns."""

import itertools
import logging
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.rowbinary import string, string_map

logger = logging.getLogger(__name__)

Tap = Callable[[Sequence[LogBatch]], Awaitable[None]]
Protect = Callable[[Sequence[LogBatch]], Awaitable[Sequence[LogBatch]]]
Keep = Callable[[Sequence[LogBatch], str | None], Awaitable[None]]
_DAY_MS = 86_400_000
_TIMES = struct.Struct("<qqQ")  # time, ingested, id
_ID = struct.Struct("<Q")
_COUNT_BITS = 20
"""Of an event's id: a count within a millisecond. A process counts on from the time at which it started."""


class LogIngest:
    """The only writer of log events.

    `protect` masks what comes in. Each of `taps` is told what was kept, once: metric filters, live tails, EMF. Each of
    `keepers` is told before it is acknowledged, and of a repeated key again: what they make of it lasts as events do.
    """

    def __init__(self, log: IngestLog, groups: LogGroups, clock: Clock) -> None:
        self._log = log
        self._groups = groups
        self._clock = clock
        self.protect: Protect | None = None
        self.taps: list[Tap] = []
        self.keepers: list[Keep] = []
        self._ids = itertools.count(clock.now_ms() << _COUNT_BITS)

    async def write(self, batches: Sequence[LogBatch], key: str | None = None) -> Appended:
        """Append events; durable when this returns. A `key` acknowledged before writes nothing.

        Raises Throttled or DiskFull; then nothing was kept. Raises Unavailable also where a keeper could not keep its
        part: the events are kept, and a repeat with the same `key` completes it.
        """
        if self.protect is not None:
            batches = await self.protect(batches)
        now_ms = self._clock.now_ms()
        bodies: dict[int, list[bytes]] = defaultdict(list)
        for batch in batches:
            head, stream = _heads(batch)
            for event in batch.events:
                bodies[event.time_ms // _DAY_MS].append(head + stream + self._row(event, now_ms))
        sections = [
            Section("log_events", len(rows), frozenset((day,)), b"".join(rows)) for day, rows in sorted(bodies.items())
        ]
        appended = await self._log.append(sections, key)
        for keep in self.keepers:
            await keep(batches, key)
        if not appended.duplicate:
            await self._tell(batches)
        return appended

    async def _tell(self, batches: Sequence[LogBatch]) -> None:
        for batch in batches:
            times = [event.time_ms for event in batch.events]
            if times:
                self._groups.saw(batch.stream, min(times), max(times))
        for tap in self.taps:
            try:
                await tap(batches)
            except TrimtabError as problem:  # the events are durable: what comes of them cannot undo that
                logger.warning("cannot use log events for more than reading: %s", problem)

    def _row(self, event: LogEvent, now_ms: int) -> bytes:
        return b"".join(
            (
                _TIMES.pack(event.time_ms, now_ms, next(self._ids)),
                string(event.severity),
                string(event.trace_id),
                string(event.span_id),
                string_map((_text(key), _text(value)) for key, value in event.attributes.items()),
                string(_text(event.message)),
                string(_text(event.original)),
            )
        )


def _heads(batch: LogBatch) -> tuple[bytes, bytes]:
    group = batch.group
    head = string(group.account) + string(group.region) + _ID.pack(group.id) + string(group.name)
    return head, string(batch.stream.name) + _ID.pack(batch.stream.id)


def _text(text: str) -> str:
    """Text without lone surrogates, which JSON can carry and UTF-8 cannot: no reader could decode them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
