"""Groups and service accounts: named grants. What a group's people or a service's keys may do is said in one place."""

import json
from collections.abc import Callable, Mapping

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from trimtab.access.grant import WHOLE, Grant, tags_of, teams_of
from trimtab.access.names import checked_name
from trimtab.access.principal import Role
from trimtab.access.scope import rows_of_text, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, Conflict, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import access_grants, access_keys

GROUP, SERVICE = "group", "service"
_WORDS = {GROUP: "group", SERVICE: "service account"}


class NamedGrant(Struct, frozen=True):
    """A group, or a service account, which may be disabled. Times in milliseconds."""

    kind: str
    name: str
    grant: Grant
    created_ms: int
    disabled_ms: int | None = None

    @property
    def role(self) -> Role:
        """The role of its people or keys."""
        return self.grant.role

    @property
    def account(self) -> str | None:
        """The account that they are bound to."""
        return self.grant.account

    @property
    def teams(self) -> list[str]:
        """The teams that they are bound to."""
        return teams_of(self.grant.rows)

    @property
    def tags(self) -> dict[str, list[str]]:
        """The other tags that they are bound to."""
        return tags_of(self.grant.rows)


Named = Mapping[tuple[str, str], NamedGrant]
"""Named grants by kind and name."""


def read_named(connection: Connection) -> Named:
    """Every group and service account."""
    rows = connection.execute(select(access_grants)).mappings()
    return {(row["kind"], row["name"]): _named(row) for row in rows}


class GrantStore:
    """The groups (or the service accounts) of one state database: `kind` says which. `changed` is told of changes."""

    def __init__(self, state: State, clock: Clock, kind: str, changed: Callable[[], None]) -> None:
        self._state = state
        self._clock = clock
        self._kind = kind
        self._told = changed
        self._word = _WORDS[kind]

    async def put(self, name: str, grant: Grant, within: Grant = WHOLE) -> NamedGrant:
        """Make one, or let it give something else from now on. Raises InvalidInput, AccessDenied."""
        checked_name(name, self._word)

        def write(connection: Connection) -> NamedGrant:
            known = self._find(connection, name)
            if known is not None and not within.covers(known.grant):
                raise AccessDenied(f"cannot change {self._word} {name!r}: it gives more than you have")
            columns = {"role": grant.role.value, "account": grant.account, "scope_rows": rows_text(grant.rows)}
            if known is None:
                key = {"kind": self._kind, "name": name, "created_ms": self._clock.now_ms()}
                connection.execute(insert(access_grants).values(key | columns))
            else:
                connection.execute(update(access_grants).where(*self._is(name)).values(columns))
            return self._known(connection, name, WHOLE)

        return await self._changed(write)

    async def listed(self, within: Grant = WHOLE) -> list[NamedGrant]:
        """Those that give no more than `within`, by name."""
        query = select(access_grants).where(access_grants.c.kind == self._kind).order_by(access_grants.c.name)
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        return [one for one in map(_named, rows) if within.covers(one.grant)]

    async def get(self, name: str, within: Grant = WHOLE) -> NamedGrant:
        """One that gives no more than `within`. Raises NotFound."""
        return await self._state.read(lambda connection: self._known(connection, name, within))

    async def set_disabled(self, name: str, within: Grant = WHOLE, *, disabled: bool) -> NamedGrant:
        """Let the keys of a service account open nothing, or open again. Raises NotFound, Conflict."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> NamedGrant:
            known = self._known(connection, name, within)
            if (known.disabled_ms is not None) is disabled:
                raise Conflict(f"{self._word} {name!r} is {'disabled' if disabled else 'enabled'} already")
            values = {"disabled_ms": now_ms if disabled else None}
            connection.execute(update(access_grants).where(*self._is(name)).values(values))
            return self._known(connection, name, within)

        return await self._changed(write)

    async def remove(self, name: str, within: Grant = WHOLE) -> NamedGrant:
        """Remove one. Keys of a service account are revoked with it; people of a group lose what it gave."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> NamedGrant:
            known = self._known(connection, name, within)
            connection.execute(delete(access_grants).where(*self._is(name)))
            if self._kind == SERVICE:
                of_it = (access_keys.c.owner == name) & access_keys.c.revoked_ms.is_(None)
                connection.execute(update(access_keys).where(of_it).values(revoked_ms=now_ms))
            else:
                _leave(connection, name)
            return known

        return await self._changed(write)

    async def _changed(self, write: Callable[[Connection], NamedGrant]) -> NamedGrant:
        done = await self._state.change(write)
        self._told()
        return done

    def _is(self, name: str) -> tuple[ColumnElement[bool], ...]:
        return access_grants.c.kind == self._kind, access_grants.c.name == name

    def _find(self, connection: Connection, name: str) -> NamedGrant | None:
        row = connection.execute(select(access_grants).where(*self._is(name))).mappings().one_or_none()
        return None if row is None else _named(row)

    def _known(self, connection: Connection, name: str, within: Grant) -> NamedGrant:
        known = self._find(connection, name)
        if known is None or not within.covers(known.grant):
            raise NotFound(f"cannot find {self._word} {name!r}")
        return known


def _leave(connection: Connection, group: str) -> None:
    """Nobody is of a group that is gone, so that one of the same name lets nobody in by itself."""
    members = select(access_keys.c.id, access_keys.c.groups).where(access_keys.c.groups != "[]")
    for row in connection.execute(members).all():
        groups = json.loads(row.groups)
        if group in groups:
            left = json.dumps([one for one in groups if one != group])
            connection.execute(update(access_keys).where(access_keys.c.id == row.id).values(groups=left))


def _named(row: RowMapping) -> NamedGrant:
    grant = Grant(Role(row["role"]), row["account"], rows_of_text(row["scope_rows"]))
    return NamedGrant(row["kind"], row["name"], grant, row["created_ms"], row["disabled_ms"])
