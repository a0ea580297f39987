"""Writes: events become sections of the audit's write-ahead log; durable when `write` returns.

A record that is held already is left out, so that files may be read any number of times and nothing happens twice.
"""

import asyncio
import logging
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.audit.model import AuditEvent
from trimtab.audit.record import packed
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.rowbinary import string, varint

logger = logging.getLogger(__name__)

Tap = Callable[[Sequence[AuditEvent]], Awaitable[None]]
_QUERIES = load_queries("trimtab.audit")
_MONTH_MS = 28 * 86_400_000  # partitions are months: a span of this many ms is in two of them at most
_TIME, _TAKEN = struct.Struct("<q"), struct.Struct("<qQ")
_LATEST = 1 << 62
_SETTLE_S = 60.0
AT_ONCE = 5000
"""Events that are looked for, and appended, at a time: 10 MB of records."""


class Written(Struct, frozen=True):
    """What came of a write: events that are new, and how many were held already."""

    events: Sequence[AuditEvent]
    known: int


class AuditIngest:
    """The only writer of audit events. Each of `taps` is told what was kept, after it is durable.

    At the next start they are told again of the newest, since a crash may have come between; a tap must know an event
    by its id. `feed.Announcer` tells of changes by the outbox, exactly once.
    """

    def __init__(self, log: IngestLog, telemetry: Telemetry, clock: Clock) -> None:
        self._log = log
        self._telemetry = telemetry
        self._clock = clock
        self._alone = asyncio.Lock()
        self.taps: list[Tap] = []

    def check_room(self) -> None:
        """Raise Throttled or DiskFull where a write would be refused now: ask before a change that must be audited."""
        self._log.check_room()

    async def write(self, events: Sequence[AuditEvent]) -> Written:
        """Append events with ids of our own, which nobody can have sent before. Raises Throttled, DiskFull."""
        now_ms = self._clock.now_ms()
        taken = [replace(event, ingested_ms=now_ms) for event in events]
        if taken:
            await self._log.append(_sections(taken))
            await self._tell(taken)
        return Written(taken, 0)

    async def write_new(self, events: Sequence[AuditEvent]) -> Written:
        """Append those events that are not held yet. Raises Throttled, DiskFull, Unavailable."""
        new: list[AuditEvent] = []
        async with self._alone:  # two readers of one file would both find its records missing
            for at in range(0, len(events), AT_ONCE):
                part = {(one.account, one.id): one for one in events[at : at + AT_ONCE]}
                held = await self._held(list(part.values()))
                new += (await self.write([one for key, one in part.items() if key not in held])).events
        return Written(new, len(events) - len(new))

    async def settled(self) -> None:
        """Wait until what was appended before can be read. Raises Unavailable where that takes too long."""
        if not await self._log.settled(_SETTLE_S):
            raise Unavailable("cannot read the newest audit records: the engine is behind; try again in a minute")

    async def _held(self, events: Sequence[AuditEvent]) -> set[tuple[str, str]]:
        await self.settled()
        times = [event.time_ms for event in events]
        params = {
            "accounts": sorted({event.account for event in events}),
            "start": min(times),
            "end": max(times) + 1,
            "ids": [event.id for event in events],
        }
        found = await self._telemetry.fetch(_QUERIES["held"], params)
        return set(zip(found["account"].tolist(), found["event_id"].tolist(), strict=True))

    async def tell_again(self, events: Sequence[AuditEvent]) -> None:
        """Tell the taps of events that a stop may have kept from them; each knows an event by its id."""
        await self._tell(events)

    async def _tell(self, events: Sequence[AuditEvent]) -> None:
        for tap in self.taps:
            try:
                await tap(events)
            except TrimtabError as problem:  # the events are durable: what comes of them cannot undo that
                logger.warning("cannot use audit events for more than reading: %s", problem)


def _sections(events: Sequence[AuditEvent]) -> list[Section]:
    bodies: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        bodies[event.time_ms // _MONTH_MS].append(_row(event))
    return [
        Section("audit_events", len(rows), frozenset((month, month + 1)), b"".join(rows))
        for month, rows in sorted(bodies.items())
    ]


def _row(event: AuditEvent) -> bytes:
    texts = (
        event.user_name,
        event.session_name,
        event.user_type,
        event.user_arn,
        event.access_key_id,
        event.source_ip,
        event.user_agent,
        event.error_code,
        event.error_message,
    )
    return b"".join(
        (
            _string(event.account),
            _string(event.region),
            _TIME.pack(event.time_ms),
            _string(event.id),
            _string(event.name),
            _string(event.source),
            _string(event.type),
            _string(event.category),
            bytes((event.read_only,)),
            *map(_string, texts),
            _strings(event.resource_types),
            _strings(event.resource_names),
            _strings(event.touched),
            _string(event.request_id),
            _string(event.origin),
            _string(packed(event.record)),
            _TAKEN.pack(event.ingested_ms, _LATEST - event.ingested_ms),
        )
    )


def _string(text: str) -> bytes:
    """Text without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return string(text if text.isascii() else text.encode("utf-8", "replace").decode())


def _strings(texts: Sequence[str]) -> bytes:
    return varint(len(texts)) + b"".join(map(_string, texts))
