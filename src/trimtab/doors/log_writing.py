"""What a door that takes log events needs to write, for senders that make no groups and streams themselves."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.doors.inflight import InFlight
from trimtab.inventory.sources import SourceLedger
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom

MAX_NAME = 512
"""Characters of a group's or a stream's name."""
_NOT_OF_A_GROUP = re.compile(r"[^.\-_/#A-Za-z0-9]")
_NOT_OF_A_STREAM = re.compile(r"[:*]")
_HOUR_MS = 3_600_000
PAST_MS, FUTURE_MS = 14 * 24 * _HOUR_MS, 2 * _HOUR_MS
"""How far from now an event may be: what PutLogEvents takes."""

Place = tuple[str, str]
"""The names of a group and a stream."""


class LogWriting(Struct, frozen=True):
    """`account` and `region` are for callers that name none."""

    logs: LogsRoom
    ledger: SourceLedger
    account: str
    region: str
    inflight: InFlight = field(default_factory=InFlight)

    def in_time(self, time_ms: int) -> bool:
        """Whether an event of that time is taken."""
        now_ms = self.logs.clock.now_ms()
        return now_ms - PAST_MS <= time_ms <= now_ms + FUTURE_MS

    async def write(
        self, door: str, events: Mapping[Place, Sequence[LogEvent]], account: str, key: str | None, size: int
    ) -> None:
        """Make events durable, with the groups and streams that are missing. Raises Throttled or Unavailable."""
        streams: dict[str, list[str]] = {}
        for group, stream in events:
            streams.setdefault(group, []).append(stream)
        batches: list[LogBatch] = []
        for name, wanted in streams.items():
            found, made = await self.logs.groups.ensure(account, self.region, name, wanted)
            batches += [LogBatch(found, stream, events[name, stream.name]) for stream in made]
        if not batches:
            return
        appended = await self.logs.ingest.write(batches, key)
        if not appended.duplicate:
            total = sum(len(batch.events) for batch in batches)
            for name, wanted in streams.items():
                rows = sum(len(events[name, stream]) for stream in wanted)
                self.ledger.accepted(door, name, account, self.region, rows, size * rows // total)


def place_of(group: str, stream: str) -> Place:
    """The names that come nearest to those given."""
    return (
        _NOT_OF_A_GROUP.sub("_", group)[:MAX_NAME] or "unknown",
        _NOT_OF_A_STREAM.sub("_", stream)[:MAX_NAME] or "default",
    )
