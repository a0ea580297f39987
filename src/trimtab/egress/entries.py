"""The list: places beyond the public internet that may be connected to; and what was refused, counted by place."""

import threading
from collections.abc import Sequence

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.egress.address import Place, forbidden
from trimtab.store.state.database import State
from trimtab.store.state.schema.egress import egress_entries, egress_refusals

MOST_ENTRIES = 5000
MOST_REFUSALS = 1000
"""Places of refusals that are kept; the oldest go first."""
_FRESH_S = 2.0
"""How long the list of another process's change may be out of date here."""
_TOLD_S = 5.0
"""A place that is refused again so soon is counted with the next refusal: callers that go on asking cost no writes."""
_LONGEST_NOTE = 500
_LONGEST_NAME = 256
_entries, _refusals = egress_entries.c, egress_refusals.c


class Entry(Struct, frozen=True):
    """A place that may be connected to: who let it, when, and what for."""

    place: Place
    note: str
    made_by: str
    made_ms: int


class Refusal(Struct, frozen=True):
    """A place that was refused, how often, who asked last, and how many of these are not in the audit yet."""

    place: Place
    reason: str
    asked_by: str
    first_ms: int
    last_ms: int
    count: int
    unaudited: int

    @property
    def is_final(self) -> bool:
        """Whether no administrator can allow it."""
        return bool(forbidden(self.place))


class Entries(Struct):
    """The list in a state database. All of it blocks: callers on an event loop use a thread."""

    state: State
    clock: Clock
    _known: frozenset[Place] = frozenset()
    _read_s: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[Place, tuple[float | None, int]] = field(default_factory=dict)

    def has(self, place: Place) -> bool:
        """Whether a place is listed. That it is not is never answered from memory: it may have been put just now."""
        return place in self._places(_FRESH_S) or place in self._places(0.0)

    def _places(self, fresh_s: float) -> frozenset[Place]:
        with self._lock:
            now_s = self.clock.monotonic()
            if self._read_s is None or now_s - self._read_s >= fresh_s:
                self._known = frozenset(one.place for one in self.listed())
                self._read_s = now_s
            return self._known

    def listed(self) -> list[Entry]:
        """Every entry, by place."""
        query = select(egress_entries).order_by(_entries.host, _entries.port)
        return self.state.read_sync(lambda connection: [_entry(row) for row in connection.execute(query)])

    def add(self, place: Place, note: str, made_by: str) -> Entry:
        """Let a place be connected to; one that is listed stays as it is. Raises LimitExceeded."""
        made = Entry(place, note[:_LONGEST_NOTE], made_by[:_LONGEST_NAME], self.clock.now_ms())

        def write(connection: Connection) -> Entry:
            known = connection.execute(select(egress_entries).where(_at(place))).first()
            if known is not None:
                return _entry(known)
            if connection.execute(select(func.count()).select_from(egress_entries)).scalar_one() >= MOST_ENTRIES:
                raise LimitExceeded(f"cannot allow {place}: there are {MOST_ENTRIES} entries; remove one")
            connection.execute(
                insert(egress_entries).values(
                    host=place.host,
                    port=place.port,
                    note=made.note,
                    made_by=made.made_by,
                    made_ms=made.made_ms,
                    audited=0,
                )
            )
            connection.execute(
                delete(egress_refusals).where(_refusals.host == place.host, _refusals.port == place.port)
            )
            return made

        done = self.state.change_sync(write)
        self.forget()
        return done

    def remove(self, place: Place) -> Entry:
        """Let a place be connected to no more. Raises NotFound."""

        def write(connection: Connection) -> Entry:
            known = connection.execute(select(egress_entries).where(_at(place))).first()
            if known is None:
                raise NotFound(f"cannot find {place} in the list; `trimtab egress list` shows what is in it")
            connection.execute(delete(egress_entries).where(_at(place)))
            return _entry(known)

        gone = self.state.change_sync(write)
        self.forget()
        return gone

    def forget(self) -> None:
        """Read the list anew when it is next asked."""
        with self._lock:
            self._read_s = None

    def refused(self, place: Place, reason: str, asked_by: str) -> None:
        """Count a refusal."""
        times = self._due(place)
        if not times:
            return
        now_ms = self.clock.now_ms()
        here = (_refusals.host == place.host) & (_refusals.port == place.port)
        values = {"reason": reason[:_LONGEST_NOTE], "asked_by": asked_by[:_LONGEST_NAME], "last_ms": now_ms}

        def write(connection: Connection) -> None:
            again = update(egress_refusals).where(here).values(count=_refusals.count + times, **values)
            if connection.execute(again).rowcount:
                return
            kept = connection.execute(select(func.count()).select_from(egress_refusals)).scalar_one()
            if kept >= MOST_REFUSALS:
                oldest = connection.execute(select(_refusals.host, _refusals.port).order_by(_refusals.last_ms)).first()
                if oldest is not None:
                    gone = (_refusals.host == oldest.host) & (_refusals.port == oldest.port)
                    connection.execute(delete(egress_refusals).where(gone))
            new = {"host": place.host, "port": place.port, "first_ms": now_ms, "count": times, "audited": 0}
            connection.execute(insert(egress_refusals).values(**new, **values))

        self.state.change_sync(write)

    def _due(self, place: Place) -> int:
        """How many refusals of a place are to be written now: 0 while it was told of a moment ago."""
        with self._lock:
            now_s = self.clock.monotonic()
            last_s, waiting = self._told.get(place, (None, 0))
            if last_s is not None and now_s - last_s < _TOLD_S:
                self._told[place] = last_s, waiting + 1
                return 0
            if len(self._told) >= MOST_REFUSALS:
                self._told.clear()
            self._told[place] = now_s, 0
            return waiting + 1

    def refusals(self) -> list[Refusal]:
        """What was refused, the latest first."""
        query = select(egress_refusals).order_by(_refusals.last_ms.desc(), _refusals.host, _refusals.port)
        return self.state.read_sync(lambda connection: [_refusal(row) for row in connection.execute(query)])

    def unaudited(self) -> list[Entry]:
        """The entries that are not in the audit yet."""
        query = select(egress_entries).where(_entries.audited == 0).order_by(_entries.host, _entries.port)
        return self.state.read_sync(lambda connection: [_entry(row) for row in connection.execute(query)])

    def audited(self, entries: Sequence[Entry], refusals: Sequence[Refusal]) -> None:
        """They are in the audit now, with the refusals' counts."""
        if not entries and not refusals:
            return

        def write(connection: Connection) -> None:
            for entry in entries:
                connection.execute(update(egress_entries).where(_at(entry.place)).values(audited=1))
            for one in refusals:
                here = (_refusals.host == one.place.host) & (_refusals.port == one.place.port)
                more = _refusals.audited + one.unaudited
                connection.execute(update(egress_refusals).where(here).values(audited=more))

        self.state.change_sync(write)


def _at(place: Place) -> ColumnElement[bool]:
    return (_entries.host == place.host) & (_entries.port == place.port)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(Place(row.host, row.port), row.note, row.made_by, row.made_ms)


def _refusal(row: Row[tuple[object, ...]]) -> Refusal:
    return Refusal(
        place=Place(row.host, row.port),
        reason=row.reason,
        asked_by=row.asked_by,
        first_ms=row.first_ms,
        last_ms=row.last_ms,
        count=row._mapping["count"],  # `row.count` is a method of tuples
        unaudited=row._mapping["count"] - row.audited,
    )
