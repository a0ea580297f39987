"""Live tail: events of some groups as this server takes them in, an update a second.

A tail is fed by the ingest's taps and holds at most MOST_EVENTS: of more that match in a second a fair sample is kept,
and the update says so. Nothing waits for a tail that is read slowly. Sources: API reference, StartLiveTail.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.logs.filters.match import Matcher, matcher
from trimtab.logs.model import Group, LogBatch, LogEvent

MOST_EVENTS = 500
"""Events of an update, as documented."""
MOST_BYTES = 4 << 20
"""Characters of messages that a tail holds: 500 events may each be a quarter of a megabyte."""
MOST_GROUPS = 10
"""Groups of a tail, as documented."""
MOST_TAILS = 50
"""Tails at one time: AWS documents 15 an account; each costs a match of every event of its groups."""
PACE_S = 1.0
"""Seconds between updates, as documented."""
LONGEST_S = 3 * 3600.0
"""How long a tail lasts, as documented."""


class TailQuery(Struct, frozen=True):
    """What a tail shows: events of groups that a filter pattern matches, of these streams or of all."""

    groups: Sequence[Group]
    pattern: str = ""
    streams: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()


class TailEvent(Struct, frozen=True):
    """An event as a tail shows it: masked as its group's policies say."""

    group: Group
    stream: str
    event: LogEvent
    ingested_ms: int


class Update(Struct, frozen=True):
    """What came since the last one, in the order of arrival; `seen` is how many matched."""

    events: tuple[TailEvent, ...]
    seen: int

    @property
    def sampled(self) -> bool:
        """Whether some of what matched is not here."""
        return self.seen > len(self.events)


class Tail(Struct):
    """One tail. `take` empties it."""

    query: TailQuery
    match: Matcher
    draw: random.Random = field(default_factory=random.Random)
    _kept: list[tuple[int, TailEvent]] = field(default_factory=list)
    _seen: int = 0
    _bytes: int = 0

    def offer(self, batch: LogBatch, now_ms: int) -> None:
        """Keep what matches of a batch, as far as there is room; the rest by chance in place of what is kept."""
        if not self._wants(batch.stream.name):
            return
        for event in batch.events:
            if self.match(event.message) is not None:
                self._keep(TailEvent(batch.group, batch.stream.name, event, now_ms))

    def take(self) -> Update:
        """What came since the last call."""
        update = Update(tuple(event for _, event in sorted(self._kept, key=lambda one: one[0])), self._seen)
        self._kept, self._seen, self._bytes = [], 0, 0
        return update

    def _wants(self, stream: str) -> bool:
        named = self.query.streams or self.query.prefixes
        return not named or stream in self.query.streams or stream.startswith(self.query.prefixes)

    def _keep(self, event: TailEvent) -> None:
        size, place = len(event.event.message), self._seen
        self._seen += 1
        if len(self._kept) < MOST_EVENTS and self._bytes + size <= MOST_BYTES:
            self._kept.append((place, event))
            self._bytes += size
            return
        at = self.draw.randrange(self._seen)
        if at < len(self._kept):
            there = len(self._kept[at][1].event.message)
            if self._bytes - there + size <= MOST_BYTES:
                self._kept[at] = (place, event)
                self._bytes += size - there


class LiveTails:
    """A tap of the ingest that feeds the tails that are open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_group: dict[int, list[Tail]] = {}
        self._open = 0

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Offer what was kept to who follows its group."""
        if not self._by_group:
            return
        now_ms = self._clock.now_ms()
        for batch in batches:
            for tail in self._by_group.get(batch.group.id, ()):
                tail.offer(batch, now_ms)

    @contextmanager
    def open(self, query: TailQuery) -> Iterator[Tail]:
        """A tail, fed until the block ends. Raises InvalidInput, LimitExceeded."""
        if not 0 < len(query.groups) <= MOST_GROUPS:
            raise InvalidInput(f"cannot tail {len(query.groups)} log groups; expected 1 to {MOST_GROUPS}")
        if self._open >= MOST_TAILS:
            raise LimitExceeded(f"cannot open another live tail: {MOST_TAILS} are open; close one")
        tail = Tail(query, matcher(query.pattern))
        groups = {group.id for group in query.groups}
        self._open += 1
        for group in groups:
            self._by_group.setdefault(group, []).append(tail)
        try:
            yield tail
        finally:
            self._open -= 1
            for group in groups:
                self._by_group[group].remove(tail)
                if not self._by_group[group]:
                    del self._by_group[group]

    async def updates(self, tail: Tail, *, pace_s: float = PACE_S) -> AsyncIterator[Update]:
        """An update every `pace_s` seconds, also without events, until LONGEST_S have passed."""
        until = self._clock.monotonic() + LONGEST_S
        while self._clock.monotonic() < until:
            await asyncio.sleep(pace_s)
            yield tail.take()
