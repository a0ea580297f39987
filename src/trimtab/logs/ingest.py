"""Writes: batches of events become sections of the log's own write-ahead log; durable when `write` returns."""

import itertools
import logging
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import LogBatch
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.rowbinary import string, string_map, varint

logger = logging.getLogger(__name__)

Tap = Callable[[Sequence[LogBatch]], Awaitable[None]]
Protect = Callable[[Sequence[LogBatch]], Awaitable[Sequence[LogBatch]]]
Keep = Callable[[Sequence[LogBatch], str | None], Awaitable[None]]
_DAY_MS = 86_400_000
_TIMES = struct.Struct("<qqQ")  # time, ingested, id
_ID = struct.Struct("<Q")
_NOTHING = b"\0\0\0\0"  # no severity, trace, span and attributes
_PARTS = 5  # of a row, in the body of a section
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
            self._rows(batch, now_ms, bodies)
        sections = [
            Section("log_events", len(parts) // _PARTS, frozenset((day,)), b"".join(parts))
            for day, parts in sorted(bodies.items())
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

    def _rows(self, batch: LogBatch, now_ms: int, bodies: dict[int, list[bytes]]) -> None:
        """Add the rows of a batch to the bodies of their days. Most events have a message and nothing else."""
        head = b"".join(_heads(batch))
        ids, pack = self._ids, _TIMES.pack
        for event in batch.events:
            body = bodies[event.time_ms // _DAY_MS]
            body.append(head)
            body.append(pack(event.time_ms, now_ms, next(ids)))
            if event.severity or event.trace_id or event.span_id or event.attributes:
                attributes = string_map((_text(key), _text(value)) for key, value in event.attributes.items())
                body.append(string(event.severity) + string(event.trace_id) + string(event.span_id) + attributes)
            else:
                body.append(_NOTHING)
            body.append(_string(event.message))
            body.append(_string(event.original))


def _heads(batch: LogBatch) -> tuple[bytes, bytes]:
    group = batch.group
    head = string(group.account) + string(group.region) + _ID.pack(group.id) + string(group.name)
    return head, string(batch.stream.name) + _ID.pack(batch.stream.id)


def _string(text: str) -> bytes:
    """A String of it; lone surrogates are replaced, see `_text`."""
    raw = text.encode("utf-8", "replace")
    return varint(len(raw)) + raw


def _text(text: str) -> str:
    """Text without lone surrogates, which JSON can carry and UTF-8 cannot: no reader could decode them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
