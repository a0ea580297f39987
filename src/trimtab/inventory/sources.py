"""`SourceLedger`: who sends what through which door, how old it is, how fast it comes, and what was refused and why.

Doors call `accepted` and `rejected` on every request: both only touch memory. `flush`, called by a job every few
seconds, brings what changed to the state tables; what a crash takes of it is statistics, never data.
"""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.inventory.source_rows import Refused, Rejection, Source, read_ledger, write_ledger
from trimtab.store.state.database import State

__all__ = ["Rejection", "Source", "SourceLedger"]

MAX_SOURCES = 10_000
"""Sources kept; past that the one that was silent longest goes. A fleet of hosts behind one door stays below it."""
MAX_REJECTIONS = 1_000
"""Rejections kept: some screens full, and some hundred kilobytes."""
REPEAT_MS = 60_000
"""A reason that a source repeats within a minute is one rejection with more rows."""
_RATE_SLOTS = 12
_SLOT_MS = 5_000  # 12 × 5 s: the last minute, in numbers that take 100 bytes a source
_EXAMPLE_LENGTH = 500
_REASON_LENGTH = 1_000
_NAME_LENGTH = 256  # the width of sources.name
_PLACE_LENGTH = 64  # the width of sources.account and sources.region


class _Rate:
    """Rows of the last minute, in twelve slots of five seconds."""

    __slots__ = ("_slots", "_stamps")

    def __init__(self) -> None:
        self._slots = [0] * _RATE_SLOTS
        self._stamps = [-1] * _RATE_SLOTS

    def add(self, now_ms: int, rows: int) -> None:
        stamp = now_ms // _SLOT_MS
        at = stamp % _RATE_SLOTS
        if self._stamps[at] != stamp:
            self._stamps[at], self._slots[at] = stamp, 0
        self._slots[at] += rows

    def per_second(self, now_ms: int) -> float:
        oldest = now_ms // _SLOT_MS - _RATE_SLOTS + 1
        rows = sum(rows for rows, stamp in zip(self._slots, self._stamps, strict=True) if stamp >= oldest)
        return rows * 1000 / (_RATE_SLOTS * _SLOT_MS)


class _Account(Struct):
    """A source as it is counted."""

    source: Source
    rate: _Rate = field(default_factory=_Rate)
    first_seen_ms: int = 0
    last_seen_ms: int = 0
    rows: int = 0
    bytes: int = 0
    rejected: int = 0

    def totals(self) -> Source:
        return replace(
            self.source, last_seen_ms=self.last_seen_ms, rows=self.rows, bytes=self.bytes, rejected=self.rejected
        )


class SourceLedger:
    """Counts by source. Used from one thread (the event loop's); only the writing of `flush` runs in another."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()  # the longest silent first
        self._refused: OrderedDict[tuple[str, str, int], Refused] = OrderedDict()  # the oldest first
        self._latest: dict[tuple[str, str], Refused] = {}
        self._changed: set[str] = set()
        self._changed_refused: dict[int, Refused] = {}
        self._gone: set[str] = set()

    # -- what doors call ----------------------------------------------------------------------------------------

    def accepted(self, door: str, name: str, account: str, region: str, rows: int, bytes_: int) -> None:
        """A request of the source `name` brought `rows` rows in `bytes_` bytes (as sent), now durable."""
        now = self._clock.now_ms()
        kept = self._account(door, name, account, region, now)
        kept.last_seen_ms = now
        kept.rows += rows
        kept.bytes += bytes_
        kept.rate.add(now, rows)
        self._accounts.move_to_end(kept.source.id)

    def rejected(self, door: str, name: str, account: str, region: str, reason: str, example: str, rows: int) -> None:
        """`rows` rows of the source `name` were refused. The `reason` is the same text for the same fault; what was
        particular (the series, the value) belongs into `example`.
        """
        now = self._clock.now_ms()
        kept = self._account(door, name, account, region, now)
        kept.rejected += rows
        source, reason = kept.source.id, reason[:_REASON_LENGTH]
        refused = self._latest.get((source, reason))
        if refused is not None and now - refused.since_ms < REPEAT_MS:
            refused.rows += rows
            refused.at_ms = now
        else:
            refused = Refused(source, reason, example[:_EXAMPLE_LENGTH], now, now, rows)
            self._keep(refused)
        self._changed_refused[id(refused)] = refused

    # -- what pages and the API ask -----------------------------------------------------------------------------

    def list(self) -> Sequence[Source]:
        """Every source with its totals and its rate over the last minute; the one last heard of first."""
        now = self._clock.now_ms()
        kept = reversed(self._accounts.values())
        return tuple(replace(item.totals(), rows_per_s=item.rate.per_second(now)) for item in kept)

    def rejections(self, limit: int) -> Sequence[Rejection]:
        """The `limit` newest rejections, the newest first."""
        newest = sorted(self._refused.values(), key=lambda item: item.at_ms, reverse=True)[:limit]
        return tuple(Rejection(item.source, item.at_ms, item.reason, item.example, item.rows) for item in newest)

    # -- life ---------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what earlier runs counted. Call once, before the first request."""
        sources, refused = await self._state.read(
            lambda connection: read_ledger(connection, MAX_SOURCES, MAX_REJECTIONS)
        )
        for source in sources:
            self._accounts[source.id] = _Account(
                source,
                first_seen_ms=source.first_seen_ms,
                last_seen_ms=source.last_seen_ms,
                rows=source.rows,
                bytes=source.bytes,
                rejected=source.rejected,
            )
        for item in refused:
            self._keep(item)

    async def flush(self) -> None:
        """Bring what changed to the state database. Raises Unavailable; what failed to go is tried again next time."""
        changed = [self._accounts[name].totals() for name in self._changed if name in self._accounts]
        refused = list(self._changed_refused.values())
        gone = set(self._gone)
        if not changed and not refused and not gone:
            return
        self._changed.clear()
        self._changed_refused.clear()
        self._gone.clear()
        try:
            await self._state.change(
                lambda connection: write_ledger(connection, changed, refused, gone, MAX_REJECTIONS)
            )
        except BaseException:  # a cancelled write too: what was not saved is saved by the next flush
            self._changed.update(source.id for source in changed)
            self._changed_refused.update((id(item), item) for item in refused)
            self._gone |= gone
            raise

    def clear(self) -> None:
        """Forget everything in memory: for `admin reset`, which wipes the tables itself."""
        for kept in (self._accounts, self._refused, self._latest, self._changed, self._changed_refused, self._gone):
            kept.clear()

    def _account(self, door: str, name: str, account: str, region: str, now_ms: int) -> _Account:
        name, account, region = name[:_NAME_LENGTH], account[:_PLACE_LENGTH], region[:_PLACE_LENGTH]
        source_id = f"{door}/{account}/{region}/{name}"
        kept = self._accounts.get(source_id)
        if kept is None:
            kept = _Account(
                Source(source_id, door, name, account, region, now_ms, now_ms),
                first_seen_ms=now_ms,
                last_seen_ms=now_ms,
            )
            self._accounts[source_id] = kept
            self._gone.discard(source_id)
            if len(self._accounts) > MAX_SOURCES:
                silent, _ = self._accounts.popitem(last=False)
                self._gone.add(silent)
        self._changed.add(source_id)
        return kept

    def _keep(self, refused: Refused) -> None:
        self._refused[refused.source, refused.reason, refused.since_ms] = refused
        self._latest[refused.source, refused.reason] = refused
        if len(self._refused) > MAX_REJECTIONS:
            _, oldest = self._refused.popitem(last=False)
            self._changed_refused.pop(id(oldest), None)
            if self._latest.get((oldest.source, oldest.reason)) is oldest:
                del self._latest[oldest.source, oldest.reason]
