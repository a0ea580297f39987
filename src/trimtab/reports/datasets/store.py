"""Specs in the state database, datasets and analyses alike: by account and name, with their last versions."""

import re
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, delete, insert, or_, select, update

from trimtab.access.made import made_within
from trimtab.access.scope import EVERYTHING, Scope, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.datasets import analyses, analysis_versions, dataset_versions, datasets

KEPT_VERSIONS = 50
"""Versions that are kept: an afternoon of editing can be gone back on."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}")


class Stored(Struct, frozen=True):
    """A spec as it is kept.

    `shared`: readers of other accounts and teams find it too; what they see in it is their own.
    """

    id: str
    account: str
    name: str
    owner: str
    shared: bool
    spec: str
    version: int
    created_ms: int
    updated_ms: int
    updated_by: str


class Version(Struct, frozen=True):
    """An earlier version."""

    version: int
    spec: str
    updated_ms: int
    updated_by: str


class SpecStore:
    """Specs of one kind. `account` is the one that a spec belongs to, `within` what who changes it may see.

    A spec has no team: who is bound to tags finds those made within the same rows, and those that are shared.
    """

    def __init__(self, state: State, clock: Clock, kind: str, table: Table, versions: Table) -> None:
        self._state = state
        self._clock = clock
        self._kind = kind
        self._table = table
        self._versions = versions

    async def put(
        self,
        account: str,
        name: str,
        spec: str,
        by: str,
        *,
        was: int | None = None,
        shared: bool | None = None,
        within: Scope = EVERYTHING,
    ) -> Stored:
        """Store `spec`, replacing what was there; the answer has the new version.

        `was` is the version that the caller has seen (0: none): Conflict is raised where it is another one by now.
        The spec is not checked here.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"cannot name a {self._kind} {name[:140]!r}: expected a letter or digit, then up to 127 more, spaces, "
                "`.`, `-` and `_`",
                field="name",
            )
        now = self._clock.now_ms()

        def write(connection: Connection) -> Stored:
            row = self._find(connection, self._at(account, name) & self._made(within))
            if row is None and self._find(connection, self._at(account, name)) is not None:
                raise Conflict(f"cannot save {self._kind} {name}: another team has one of that name; choose another")
            version = row["version"] if row else 0
            if was is not None and was != version:
                raise Conflict(
                    f"cannot change {self._kind} {name}: it is at version {version} and not {was}, since somebody else "
                    "saved it; read it again and make the change again"
                )
            said = {"spec": spec, "updated_ms": now, "updated_by": by, "version": version + 1}
            if row is None:
                made = {"id": new_id(), "account": account, "name": name, "owner": by, "created_ms": now}
                made["scope_rows"] = rows_text(within.rows)
                connection.execute(insert(self._table).values({**made, **said, "shared": bool(shared)}))
            elif row["spec"] != spec or (shared is not None and shared != row["shared"]):
                self._keep(connection, row)
                open_ = row["shared"] if shared is None else shared
                connection.execute(update(self._table).where(self._at(account, name)).values({**said, "shared": open_}))
            found = self._find(connection, self._at(account, name))
            assert found is not None  # noqa: S101 - it was written above
            return _stored(found)

        return await self._state.change(write)

    async def get(self, scope: Scope, account: str, name: str) -> Stored:
        """The spec of an id or of a name: the account's own, else one that is shared. Raises NotFound."""
        table = self._table.c
        query = select(self._table).where(or_(table.id == name, table.name == name), self._seen(scope))
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        found = sorted(rows, key=lambda row: (row["id"] != name, row["account"] != account, row["account"]))
        if not found:
            raise NotFound(f"{self._kind} {name[:140]} does not exist")
        return _stored(found[0])

    async def listed(self, scope: Scope) -> list[Stored]:
        """Every spec that a scope finds, by name."""
        query = select(self._table).where(self._seen(scope)).order_by(self._table.c.name, self._table.c.account)
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        return [_stored(row) for row in rows]

    async def everything(self) -> list[Stored]:
        """Every spec of every account: for jobs."""
        rows = await self._state.read(lambda connection: list(connection.execute(select(self._table)).mappings()))
        return [_stored(row) for row in rows]

    async def delete(self, account: str, name: str, within: Scope = EVERYTHING) -> Stored:
        """Delete a spec of an account, by id or name, with its versions; what it was. Raises NotFound."""

        def remove(connection: Connection) -> Stored:
            table = self._table.c
            mine = (table.account == account) & or_(table.id == name, table.name == name) & self._made(within)
            row = self._find(connection, mine)
            if row is None:
                raise NotFound(f"{self._kind} {name[:140]} does not exist in account {account}")
            connection.execute(delete(self._table).where(table.id == row["id"]))
            connection.execute(delete(self._versions).where(self._versions.c.id == row["id"]))
            return _stored(row)

        return await self._state.change(remove)

    async def versions(self, id_: str) -> Sequence[Version]:
        """The versions before the present one, newest first."""
        table = self._versions.c
        query = select(self._versions).where(table.id == id_).order_by(table.version.desc())
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        return [Version(row["version"], row["spec"], row["updated_ms"], row["updated_by"]) for row in rows]

    def _at(self, account: str, name: str) -> ColumnElement[bool]:
        return (self._table.c.account == account) & (self._table.c.name == name)

    def _seen(self, scope: Scope) -> ColumnElement[bool]:
        table = self._table.c
        made = self._made(scope)
        if scope.accounts is not None:
            made = and_(made, table.account.in_(sorted(scope.accounts)))
        return or_(made, table.shared)

    def _made(self, within: Scope) -> ColumnElement[bool]:
        return made_within(self._table.c.scope_rows, within)

    def _find(self, connection: Connection, where: ColumnElement[bool]) -> RowMapping | None:
        return connection.execute(select(self._table).where(where)).mappings().first()

    def _keep(self, connection: Connection, row: RowMapping) -> None:
        columns = ("id", "version", "spec", "updated_ms", "updated_by")
        connection.execute(insert(self._versions).values({column: row[column] for column in columns}))
        table = self._versions.c
        old = (table.id == row["id"]) & (table.version <= row["version"] - KEPT_VERSIONS)
        connection.execute(delete(self._versions).where(old))


def dataset_store(state: State, clock: Clock) -> SpecStore:
    """Datasets."""
    return SpecStore(state, clock, "dataset", datasets, dataset_versions)


def analysis_store(state: State, clock: Clock) -> SpecStore:
    """Analyses."""
    return SpecStore(state, clock, "analysis", analyses, analysis_versions)


def _stored(row: RowMapping) -> Stored:
    return Stored(**{name: row[name] for name in Stored.__struct_fields__})
