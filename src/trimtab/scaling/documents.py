"""`DocumentStore`: documents of one kind in the state database, each changed whole in one transaction."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.scaling_documents import scaling_documents

D = TypeVar("D", bound=msgspec.Struct)
T = TypeVar("T")
Place = tuple[str, str]
"""Account and region."""
_columns = scaling_documents.c


class DocumentStore(Generic[D]):
    """Documents of the type `form`, by place and name. `due` says when something happens to one by itself, ms."""

    def __init__(
        self, state: State, clock: Clock, kind: str, form: type[D], due: Callable[[D], int | None] = lambda _: None
    ) -> None:
        self._state = state
        self._clock = clock
        self._kind = kind
        self._form = form
        self._due = due

    async def create(self, place: Place, name: str, document: D) -> None:
        """Keep a new document. Raises Conflict where there is one of that name."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            if connection.execute(select(_columns.name).where(self._is(place, name))).first():
                raise Conflict(f"there is already a {self._kind} {name!r}")
            account, region = place
            key = {"account": account, "region": region, "kind": self._kind, "name": name}
            times = {"created_ms": now_ms, "updated_ms": now_ms}
            connection.execute(insert(scaling_documents).values(**key, **times, **self._row(document)))

        await self._state.change(write)

    async def get(self, place: Place, name: str) -> D:
        """One document. Raises NotFound."""
        return await self._state.read(lambda connection: self._read(connection, place, name))

    async def listed(self, scope: Scope, place: Place | None = None) -> list[tuple[Place, str, D]]:
        """What a scope sees, of one place where it is given, by name."""
        query = select(scaling_documents).where(_columns.kind == self._kind).order_by(_columns.name)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))
        if place is not None:
            query = query.where(_columns.account == place[0], _columns.region == place[1])

        def read(connection: Connection) -> list[tuple[Place, str, D]]:
            return [((row.account, row.region), row.name, self._decoded(row.document))
                    for row in connection.execute(query)]  # fmt: skip

        return await self._state.read(read)

    async def due(self, now_ms: int) -> list[tuple[Place, str]]:
        """Those to which something is due."""
        query = select(scaling_documents).where(_columns.kind == self._kind, _columns.due_ms <= now_ms)

        def read(connection: Connection) -> list[tuple[Place, str]]:
            return [((row.account, row.region), row.name) for row in connection.execute(query)]

        return await self._state.read(read)

    async def change(self, place: Place, name: str, work: Callable[[D], T]) -> T:
        """Change a document by `work`, all or nothing; gives what `work` gave. Raises NotFound, and what it raises."""

        def write(connection: Connection) -> T:
            document = self._read(connection, place, name)
            given = work(document)
            values = {**self._row(document), "updated_ms": self._clock.now_ms()}
            connection.execute(update(scaling_documents).where(self._is(place, name)).values(values))
            return given

        return await self._state.change(write)

    async def delete(self, place: Place, name: str, check: Callable[[D], None] = lambda _: None) -> D:
        """Delete a document that `check` lets go; gives it. Raises NotFound, and what `check` raises."""

        def write(connection: Connection) -> D:
            document = self._read(connection, place, name)
            check(document)
            connection.execute(delete(scaling_documents).where(self._is(place, name)))
            return document

        return await self._state.change(write)

    def _read(self, connection: Connection, place: Place, name: str) -> D:
        query = select(_columns.document).where(self._is(place, name))
        row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"there is no {self._kind} {name!r}")
        return self._decoded(row.document)

    def _is(self, place: Place, name: str) -> ColumnElement[bool]:
        account, region = place
        return and_(_columns.account == account, _columns.region == region, _columns.kind == self._kind,
                    _columns.name == name)  # fmt: skip

    def _row(self, document: D) -> dict[str, Any]:
        return {"document": msgspec.json.encode(document).decode(), "due_ms": self._due(document)}

    def _decoded(self, text: str) -> D:
        return typed.decode(text, type=self._form)
