"""Writes: batches of events become sections of the log's own write-ahead log; durable when `write` returns."""

import itertools
import logging
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.rowbinary import string, varint

logger = logging.getLogger(__name__)

Tap = Callable[[Sequence[LogBatch]], Awaitable[None]]
Shape = Callable[[Sequence[LogBatch]], Awaitable[Sequence[LogBatch]]]
Keep = Callable[[Sequence[LogBatch], str | None], Awaitable[None]]
_DAY_MS = 86_400_000
_TIMES = struct.Struct("<qqQ")  # time, ingested, id
_ID = struct.Struct("<Q")
_NOTHING = b"\0\0\0\0"  # no severity, trace, span and attributes
_SHORT = 1024
_LENGTHS = tuple(map(varint, range(_SHORT)))
"""The lengths of most messages, as they are written."""
_PARTS = 6  # of a row, in the body of a section
_COUNT_BITS = 20
"""Of an event's id: a count within a millisecond. A process counts on from the time at which it started."""


class LogIngest:
    """The only writer of log events.

    `protect` masks what comes in, then `transform` reads fields of it. Each of `taps` is told what was kept, once:
    metric filters, live tails, EMF. Each of `keepers` is told before it is acknowledged, and of a repeated key again:
    what they make of it lasts as events do.
    """

    def __init__(self, log: IngestLog, groups: LogGroups, clock: Clock) -> None:
        self._log = log
        self._groups = groups
        self._clock = clock
        self.protect: Shape | None = None
        self.transform: Shape | None = None
        self.taps: list[Tap] = []
        self.keepers: list[Keep] = []
        self._ids = itertools.count(clock.now_ms() << _COUNT_BITS)

    async def write(self, batches: Sequence[LogBatch], key: str | None = None) -> Appended:
        """Append events; durable when this returns. A `key` acknowledged before writes nothing.

        Raises Throttled or DiskFull; then nothing was kept. Raises Unavailable also where a keeper could not keep its
        part: the events are kept, and a repeat with the same `key` completes it.
        """
        for shape in (self.protect, self.transform):
            if shape is not None:
                batches = await shape(batches)
        now_ms = self._clock.now_ms()
        bodies: dict[int, list[bytes]] = defaultdict(list)
        for batch in batches:
            for day, events in _by_day(batch.events):
                bodies[day] += self._rows(batch, events, now_ms)
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

    def _rows(self, batch: LogBatch, events: Sequence[LogEvent], now_ms: int) -> Iterable[bytes]:
        """The rows of events of a batch, _PARTS parts each, column by column. Most have a message and nothing else."""
        pack, ids = _TIMES.pack, self._ids
        known: dict[tuple[str, str], bytes] = {}
        messages = [event.message.encode("utf-8", "replace") for event in events]
        return chain.from_iterable(
            zip(
                repeat(b"".join(_heads(batch))),
                [pack(event.time_ms, now_ms, next(ids)) for event in events],
                [_about(event, known) for event in events],
                [_LENGTHS[len(message)] if len(message) < _SHORT else varint(len(message)) for message in messages],
                messages,
                [_string(event.original) if event.original else b"\0" for event in events],
                strict=False,  # the head is of every row
            )
        )


def _by_day(events: Sequence[LogEvent]) -> Iterator[tuple[int, Sequence[LogEvent]]]:
    """Events by the day of their time, in their order; most batches are of one day."""
    if not events:
        return
    first, last = (edge(event.time_ms for event in events) // _DAY_MS for edge in (min, max))
    if first == last:
        yield first, events
        return
    days: dict[int, list[LogEvent]] = defaultdict(list)
    for event in events:
        days[event.time_ms // _DAY_MS].append(event)
    yield from days.items()


def _about(event: LogEvent, known: dict[tuple[str, str], bytes]) -> bytes:
    """What an event has beside its message; `known` are attributes as they are written: most are of many events."""
    if not (event.severity or event.trace_id or event.span_id or event.attributes):
        return _NOTHING
    attributes = [known.get(pair) or _attribute(pair, known) for pair in event.attributes.items()]
    head = string(event.severity) + string(event.trace_id) + string(event.span_id)
    return b"".join((head, varint(len(attributes)), *attributes))


def _attribute(pair: tuple[str, str], known: dict[tuple[str, str], bytes]) -> bytes:
    written = known[pair] = _string(pair[0]) + _string(pair[1])
    return written


def _heads(batch: LogBatch) -> tuple[bytes, bytes]:
    group = batch.group
    head = string(group.account) + string(group.region) + _ID.pack(group.id) + string(group.name)
    return head, string(batch.stream.name) + _ID.pack(batch.stream.id)


def _string(text: str) -> bytes:
    """A String of it without lone surrogates, which JSON can carry and UTF-8 cannot: no reader could decode them."""
    raw = text.encode("utf-8", "replace")
    return varint(len(raw)) + raw
