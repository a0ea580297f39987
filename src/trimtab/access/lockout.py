"""Sign-in lock-out: who fails too often, by name or by network address, waits longer and longer.

A try is counted before its password is looked at and taken back when it was right, so that many at once are no more
than so many one after another. What is counted lies in the state: every process and every start knows it.
"""

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound, Throttled
from trimtab.store.state.database import State
from trimtab.store.state.tables import sign_in_failures

NAME, ADDRESS = "name", "address"
MOST = {NAME: 10, ADDRESS: 50}
"""Failures within the window that are let pass: a person mistypes three times, an office of fifty shares an address."""
WINDOW_MS = 15 * 60_000
FIRST_MS = 30_000
"""The first wait; each further failure doubles it."""
LONGEST_MS = 15 * 60_000
"""Nobody waits longer than this for a try: 96 guesses a day at one name, and no name that is locked for good."""
_LONGEST_SUBJECT = 100


class LockedOut(Struct, frozen=True):
    """A name or an address that failed too often. `until_ms`: when it may try again."""

    kind: str
    subject: str
    failures: int
    last_ms: int
    until_ms: int
    untold: int = 0


class Lockout:
    """The failures of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def begin(self, name: str | None, address: str) -> None:
        """Count a try of `name` (None: of a token) from `address`. Raises Throttled for one that has to wait."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> int:
            connection.execute(delete(_table).where(_c.last_ms < now_ms - WINDOW_MS, _c.until_ms < now_ms - WINDOW_MS))
            rows = [(key, _find(connection, *key)) for key in _keys(name, address)]
            wait_ms = max((row["until_ms"] - now_ms for _, row in rows if row is not None), default=0)
            if wait_ms > 0:
                return int(wait_ms)
            for (kind, subject), row in rows:
                _count(connection, kind, subject, row, now_ms)
            return 0

        wait_ms = await self._state.change(write)
        if wait_ms > 0:
            seconds = -(-wait_ms // 1000)
            raise Throttled(f"too many failed sign-ins: try again in {seconds} s", retry_after_s=seconds)

    async def succeeded(self, name: str | None, address: str) -> None:
        """The try that was begun last was right: the name has failed no more, the address once less."""

        def write(connection: Connection) -> None:
            for kind, subject in _keys(name, address):
                row = _find(connection, kind, subject)
                if kind == NAME or (row is not None and row["count"] <= 1):
                    connection.execute(delete(_table).where(*_is(kind, subject)))
                elif row is not None:
                    less = {"count": row["count"] - 1, "until_ms": 0, "untold": max(0, row["untold"] - 1)}
                    connection.execute(update(_table).where(*_is(kind, subject)).values(less))

        await self._state.change(write)

    async def locked(self) -> list[LockedOut]:
        """Who has failed too often lately, the latest first."""
        rows = await self._state.read(lambda connection: list(connection.execute(select(_table)).mappings()))
        found = [_locked(row) for row in rows if row["count"] >= MOST[row["kind"]]]
        return sorted(found, key=lambda one: (-one.last_ms, one.subject))

    async def unlock(self, subject: str) -> None:
        """Forget the failures of a name or an address. Raises NotFound."""

        def write(connection: Connection) -> int:
            names = {subject, subject.lower()}
            return connection.execute(delete(_table).where(_c.subject.in_(names))).rowcount

        if await self._state.change(write) == 0:
            raise NotFound(f"cannot unlock {subject!r}: it has not failed lately")

    async def untold(self) -> list[LockedOut]:
        """What of those locked out the audit was not told yet, told from now on."""

        def write(connection: Connection) -> list[LockedOut]:
            rows = list(connection.execute(select(_table).where(_c.untold > 0)).mappings())
            found = [_locked(row) for row in rows if row["count"] >= MOST[row["kind"]]]
            for one in found:
                connection.execute(update(_table).where(*_is(one.kind, one.subject)).values(untold=0))
            return found

        return await self._state.change(write)


_table = sign_in_failures
_c = sign_in_failures.c


def _keys(name: str | None, address: str) -> list[tuple[str, str]]:
    named = [] if name is None else [(NAME, name.lower()[:_LONGEST_SUBJECT])]
    return [*named, (ADDRESS, address[:_LONGEST_SUBJECT])]


def _is(kind: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return _c.kind == kind, _c.subject == subject


def _find(connection: Connection, kind: str, subject: str) -> RowMapping | None:
    return connection.execute(select(_table).where(*_is(kind, subject))).mappings().one_or_none()


def _count(connection: Connection, kind: str, subject: str, row: RowMapping | None, now_ms: int) -> None:
    if row is None:
        first = {"kind": kind, "subject": subject, "count": 1, "first_ms": now_ms, "last_ms": now_ms, "until_ms": 0}
        connection.execute(insert(_table).values({**first, "untold": 1}))
        return
    most = MOST[kind]
    over = row["count"] < most and now_ms - row["first_ms"] >= WINDOW_MS
    count = 1 if over else row["count"] + 1
    wait_ms = 0 if count < most else min(FIRST_MS << min(count - most, 10), LONGEST_MS)
    values = {
        "count": count,
        "first_ms": now_ms if over else row["first_ms"],
        "last_ms": now_ms,
        "until_ms": now_ms + wait_ms if wait_ms else 0,
        "untold": row["untold"] + 1,
    }
    connection.execute(update(_table).where(*_is(kind, subject)).values(values))


def _locked(row: RowMapping) -> LockedOut:
    return LockedOut(row["kind"], row["subject"], row["count"], row["last_ms"], row["until_ms"], row["untold"])
