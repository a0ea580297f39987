"""The asks in the state database. Each change is one transaction with the events that tell of it."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from trimtab.access.scope import Scope
from trimtab.asks.model import Answer, Ask, Stop, Subject
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.asks import owner_asks

DIGEST = "digest"
"""The kind of rows that say that a week's digest was sent."""
_a = owner_asks.c


class AskStore:
    """Reads what was asked."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def listed(self, scope: Scope, limit: int = 1000) -> list[Ask]:
        """What was asked of owners whom a scope sees, the newest first."""

        def read(connection: Connection) -> list[Ask]:
            rows = connection.execute(select(owner_asks).where(_a.kind != DIGEST).order_by(_a.asked_ms.desc(), _a.id))
            return [ask for row in rows if sees(scope, ask := ask_of(row))][:limit]

        return await self._state.read(read)

    async def get(self, scope: Scope, id_: str) -> Ask:
        """An ask. Raises NotFound."""
        ask = await self._state.read(lambda connection: ask_in(connection, id_))
        if not sees(scope, ask):
            raise _not_there(id_)
        return ask


def sees(scope: Scope, ask: Ask) -> bool:
    """Whether a scope covers the subject: its account, and by tags its owner as the team."""
    subject = ask.subject
    if scope.accounts is not None and subject.account not in scope.accounts:
        return False
    return scope.sees({"team": subject.owner})


def ask_in(connection: Connection, id_: str) -> Ask:
    """An ask, in the caller's transaction. Raises NotFound."""
    row = connection.execute(select(owner_asks).where(_a.id == id_, _a.kind != DIGEST)).first()
    if row is None:
        raise _not_there(id_)
    return ask_of(row)


def asks_in(connection: Connection, ids: Iterable[str]) -> dict[str, Ask]:
    """What was asked of these ids, in the caller's transaction."""
    wanted = set(ids)
    rows = connection.execute(select(owner_asks).where(_a.kind != DIGEST)).all()
    return {row.id: ask_of(row) for row in rows if row.id in wanted}


def put(connection: Connection, ask: Ask) -> None:
    """Write an ask as it is now."""
    row = _row_of(ask)
    if not connection.execute(update(owner_asks).where(_a.id == ask.id).values(row)).rowcount:
        connection.execute(insert(owner_asks).values(row))


def note_digest(connection: Connection, id_: str, owner: str, week: str, now_ms: int) -> bool:
    """Note that an owner gets the digest of a week; False where that was noted before."""
    if connection.execute(select(_a.id).where(_a.id == id_)).first() is not None:
        return False
    nothing = {"answer": "", "answered_by": "", "answered_ms": 0, "until_ms": 0, "stop": "", "stop_by": ""}
    row = {"id": id_, "kind": DIGEST, "owner": owner, "account": "", "subject": week, "asked_ms": now_ms, "round": 1}
    connection.execute(insert(owner_asks).values({**row, **nothing, "outcome": "", "closed_ms": 0}))
    return True


def ask_of(row: Row[Any]) -> Ask:
    """A row as an ask."""
    return Ask(
        id=row.id,
        subject=typed.decode(row.subject, type=Subject),
        asked_ms=row.asked_ms,
        round=row.round,
        answer=Answer(row.answer),
        answered_by=row.answered_by,
        answered_ms=row.answered_ms,
        until_ms=row.until_ms,
        stop=Stop(row.stop),
        stop_by=row.stop_by,
        outcome=row.outcome,
        closed_ms=row.closed_ms,
    )


def _row_of(ask: Ask) -> dict[str, Any]:
    subject = ask.subject
    return {
        "id": ask.id,
        "kind": subject.kind.value,
        "owner": subject.owner[:256],
        "account": subject.account,
        "subject": msgspec.json.encode(subject).decode(),
        "asked_ms": ask.asked_ms,
        "round": ask.round,
        "answer": ask.answer.value,
        "answered_by": ask.answered_by[:256],
        "answered_ms": ask.answered_ms,
        "until_ms": ask.until_ms,
        "stop": ask.stop.value,
        "stop_by": ask.stop_by[:256],
        "outcome": ask.outcome,
        "closed_ms": ask.closed_ms,
    }


def _not_there(id_: str) -> NotFound:
    return NotFound(f"cannot find what was asked as {id_[:40]!r}: the page /asked lists what there is")
