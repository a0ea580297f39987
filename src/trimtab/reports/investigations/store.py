"""Kept investigations and their notes in the state database."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select

from trimtab.access.principal import Principal
from trimtab.access.scope import Scope, rows_of_text, rows_text
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.reports.investigations.kept import (
    MOST_INVESTIGATIONS,
    MOST_NOTES,
    NAME_LENGTH,
    NOTE_LENGTH,
    Investigation,
    Note,
    is_seen_by,
)
from trimtab.reports.investigations.model import Entry, Inquiry, Subject
from trimtab.store.state.database import State
from trimtab.store.state.schema.investigations import investigation_notes, investigations

_i, _n = investigations.c, investigation_notes.c
_Places = tuple[list[str] | None, list[str] | None]


class InvestigationStore:
    """The investigations of one state database. `home` is the account of callers who are bound to none."""

    def __init__(self, state: State, clock: Clock, home: str) -> None:
        self._state = state
        self._clock = clock
        self._home = home

    async def keep(self, caller: Principal, name: str, inquiry: Inquiry) -> Investigation:
        """Keep an inquiry under a name. Raises InvalidInput, LimitExceeded."""
        name = name.strip()
        if not 0 < len(name) <= NAME_LENGTH:
            raise InvalidInput(
                f"cannot keep the investigation: expected a name of 1 to {NAME_LENGTH} letters", field="name"
            )
        made = Investigation(
            id=new_id(),
            account=caller.account or self._home,
            name=name,
            at_ms=inquiry.at_ms,
            around_ms=inquiry.around_ms,
            subject=inquiry.subject,
            maker=caller.scope,
            created_ms=self._clock.now_ms(),
            created_by=caller.name,
        )

        def write(connection: Connection) -> None:
            mine = select(func.count()).select_from(investigations).where(_i.account == made.account)
            if connection.execute(mine).scalar_one() >= MOST_INVESTIGATIONS:
                raise LimitExceeded(
                    f"cannot keep the investigation: there are {MOST_INVESTIGATIONS}, as many as may be"
                )
            connection.execute(insert(investigations).values(_row(made)))

        await self._state.change(write)
        return made

    async def listed(self, scope: Scope) -> list[Investigation]:
        """Those that a caller sees, without their notes, the newest first."""
        query = select(investigations).order_by(_i.created_ms.desc(), _i.id)
        kept = await self._state.read(lambda connection: [_read(row) for row in connection.execute(query)])
        return [one for one in kept if is_seen_by(scope, one.maker)]

    async def get(self, scope: Scope, id_: str) -> Investigation:
        """One with its notes, the oldest first. Raises NotFound."""
        return await self._state.read(lambda connection: _get(connection, scope, id_))

    async def remove(self, scope: Scope, id_: str) -> None:
        """Remove one with its notes. Raises NotFound."""

        def write(connection: Connection) -> None:
            _get(connection, scope, id_)
            connection.execute(delete(investigation_notes).where(_n.investigation == id_))
            connection.execute(delete(investigations).where(_i.id == id_))

        await self._state.change(write)

    async def note(self, caller: Principal, id_: str, text: str, entry: Entry | None = None) -> Note:
        """Add a note, or pin an entry. Raises InvalidInput, LimitExceeded, NotFound."""
        text = text.strip()
        if len(text) > NOTE_LENGTH or not (text or entry):
            raise InvalidInput(f"cannot add the note: expected 1 to {NOTE_LENGTH} letters", field="text")
        made = Note(new_id(), self._clock.now_ms(), caller.name, text, entry)

        def write(connection: Connection) -> None:
            if len(_get(connection, caller.scope, id_).notes) >= MOST_NOTES:
                raise LimitExceeded(f"cannot add the note: there are {MOST_NOTES}, as many as may be")
            connection.execute(insert(investigation_notes).values(_note_row(id_, made)))

        await self._state.change(write)
        return made

    async def remove_note(self, scope: Scope, id_: str, note: str) -> None:
        """Remove a note. Raises NotFound."""

        def write(connection: Connection) -> None:
            _get(connection, scope, id_)
            where = (_n.investigation == id_, _n.id == note)
            if not connection.execute(delete(investigation_notes).where(*where)).rowcount:
                raise NotFound(f"cannot find the note {note[:40]!r} of this investigation")

        await self._state.change(write)


def _get(connection: Connection, scope: Scope, id_: str) -> Investigation:
    row = connection.execute(select(investigations).where(_i.id == id_)).first()
    kept = _read(row) if row is not None else None
    if kept is None or not is_seen_by(scope, kept.maker):
        raise NotFound(f"cannot find the investigation {id_[:40]!r}")
    query = select(investigation_notes).where(_n.investigation == id_).order_by(_n.written_ms, _n.id)
    return replace(kept, notes=tuple(_read_note(one) for one in connection.execute(query)))


def _row(one: Investigation) -> dict[str, object]:
    plain = ("id", "account", "name", "at_ms", "around_ms", "created_ms", "created_by")
    return {
        **{name: getattr(one, name) for name in plain},
        "subject": msgspec.json.encode(one.subject).decode(),
        "places": msgspec.json.encode([_sorted(one.maker.accounts), _sorted(one.maker.regions)]).decode(),
        "scope_rows": rows_text(one.maker.rows),
    }


def _read(row: Row[tuple[object, ...]]) -> Investigation:
    accounts, regions = typed.decode(row.places, type=_Places)
    return Investigation(
        id=row.id,
        account=row.account,
        name=row.name,
        at_ms=row.at_ms,
        around_ms=row.around_ms,
        subject=typed.decode(row.subject, type=Subject),
        maker=Scope(_set(accounts), _set(regions), rows_of_text(row.scope_rows)),
        created_ms=row.created_ms,
        created_by=row.created_by,
    )


def _note_row(investigation: str, note: Note) -> dict[str, object]:
    return {
        "id": note.id,
        "investigation": investigation,
        "written_ms": note.written_ms,
        "author": note.author,
        "text": note.text,
        "entry": msgspec.json.encode(note.entry).decode(),
    }


def _read_note(row: Row[tuple[object, ...]]) -> Note:
    return Note(row.id, row.written_ms, row.author, row.text, typed.decode(row.entry, type=Entry | None))


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _set(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
