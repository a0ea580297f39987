"""People: those with a name and a password here, and those whom an OpenID provider vouches for.

Each has a row as a key has, so that lists show them, and disabling or revoking it ends their sessions at once. What
they may do is said by their groups, of which one counts at a time, or by a grant of their own.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from trimtab.access.choices import choices_of
from trimtab.access.grant import WHOLE, Grant
from trimtab.access.grants import GROUP, read_named
from trimtab.access.key import OIDC, USER, KeyInfo
from trimtab.access.keys import KeyStore
from trimtab.access.known import session_mac
from trimtab.access.listing import info_of
from trimtab.access.lockout import Lockout
from trimtab.access.names import checked_name
from trimtab.access.passwords import hashed, matches
from trimtab.access.principal import Role
from trimtab.access.scope import rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, Unauthenticated
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal, unseal
from trimtab.store.state.tables import access_keys

T = TypeVar("T")

_HASHES = 2
"""Passwords that are hashed at once: each takes 32 MiB and a core for a tenth of a second."""


class Rights(Struct, frozen=True):
    """What a provider's claims give: `role` by the settings, and the groups here that are called as one `claimed`.

    `otherwise` is the role of whoever has neither.
    """

    role: Role | None
    claimed: Collection[str] = ()
    otherwise: Role | None = None


class People:
    """The people of one state database. `keys` is told when they change."""

    def __init__(self, state: State, clock: Clock, keys: KeyStore, lockout: Lockout) -> None:
        self._state = state
        self._clock = clock
        self._keys = keys
        self._lockout = lockout
        self._turns = asyncio.Semaphore(_HASHES)

    async def listed(self, within: Grant = WHOLE) -> list[KeyInfo]:
        """Everybody who can be no more than `within`, by name."""
        people = [one for one in await self._keys.list(within) if one.kind in (USER, OIDC)]
        return sorted(people, key=lambda one: (one.name, one.id))

    async def create(
        self, name: str, password: str, own: Grant | None, groups: Collection[str], within: Grant = WHOLE
    ) -> KeyInfo:
        """Make a user with a grant of their own, or groups, or both.

        Raises InvalidInput, NotFound for a group that is not there, AccessDenied for more than `within`, Conflict.
        """
        kept = await self._hashed(checked_name(name, USER), password)
        id_ = _id_of(name)
        row = {"id": id_, "kind": USER, "name": name, "created_ms": self._clock.now_ms()}

        def write(connection: Connection) -> KeyInfo:
            if _row(connection, id_) is not None:
                raise Conflict(f"cannot make user {name!r}: there is one of that name")
            rights = _rights(connection, own, groups, within)
            held = _sealed(connection, id_, {"password": kept, "secret": secrets.token_hex(32)})
            connection.execute(insert(access_keys).values({**row, **rights, **held}))
            return self._user(connection, name, within)

        return await self._changed(write)

    async def change(self, name: str, own: Grant | None, groups: Collection[str], within: Grant = WHOLE) -> KeyInfo:
        """Let a user have other groups and another grant. Raises as `create`."""

        def write(connection: Connection) -> KeyInfo:
            user = self._user(connection, name, within)
            rights = _rights(connection, own, groups, within)
            connection.execute(update(access_keys).where(access_keys.c.id == user.id).values(rights))
            return self._user(connection, name, within)

        return await self._changed(write)

    async def set_disabled(self, name: str, within: Grant = WHOLE, *, disabled: bool) -> KeyInfo:
        """End a user's sessions and let them in no more, or let them in again. Raises NotFound, Conflict."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> KeyInfo:
            user = self._user(connection, name, within)
            if (user.revoked_ms is not None) is disabled:
                raise Conflict(f"user {name!r} is {'disabled' if disabled else 'enabled'} already")
            held = _sealed(connection, user.id, {"secret": secrets.token_hex(32)})
            values = {"revoked_ms": now_ms if disabled else None, **held}
            connection.execute(update(access_keys).where(access_keys.c.id == user.id).values(values))
            return self._user(connection, name, within)

        return await self._changed(write)

    async def set_password(self, name: str, password: str, within: Grant = WHOLE) -> KeyInfo:
        """Give a user another password, which ends their sessions. Raises InvalidInput, NotFound."""
        kept = await self._hashed(name, password)

        def write(connection: Connection) -> KeyInfo:
            user = self._user(connection, name, within)
            values = _sealed(connection, user.id, {"password": kept, "secret": secrets.token_hex(32)})
            connection.execute(update(access_keys).where(access_keys.c.id == user.id).values(values))
            return user

        return await self._changed(write)

    async def change_password(self, id_: str, old: str, new: str) -> None:
        """Change one's own password, which ends one's sessions. Raises Unauthenticated where `old` is not
        it, Throttled after too many of these."""
        row = await self._state.read(lambda connection: _opened_row(connection, id_))
        if row is None or row["kind"] != USER:
            raise Conflict("cannot change the password: you did not sign in with one")
        await self._lockout.begin(row["name"], id_)
        if not await self._matches(old, row["password"]):
            raise Unauthenticated("cannot change the password: the old one is another")
        await self._lockout.succeeded(row["name"], id_)
        await self.set_password(row["name"], new)

    async def remove(self, name: str, within: Grant = WHOLE) -> KeyInfo:
        """Remove a user. Raises NotFound."""

        def write(connection: Connection) -> KeyInfo:
            user = self._user(connection, name, within)
            connection.execute(delete(access_keys).where(access_keys.c.id == user.id))
            return user

        return await self._changed(write)

    async def sign_in(self, name: str, password: str, expires_s: int) -> str | None:
        """A cookie value for a user until `expires_s` (epoch seconds); None for a wrong name or password, or a user
        who is disabled or has no rights, all at the same cost."""

        def read(connection: Connection) -> tuple[Mapping[str, Any] | None, bool]:
            row = _row(connection, _id_of(name))
            may = row is not None and bool(choices_of(row, read_named(connection)))
            return _opened_row(connection, _id_of(name)), may

        row, may = await self._state.read(read)
        right = await self._matches(password, None if row is None else row["password"])
        if row is None or not right or not may or row["revoked_ms"] is not None:
            return None
        self._keys.forget()
        return f"{row['id']}.{expires_s}.{session_mac(row['secret'], row['id'], expires_s)}"

    async def open_identity(self, issuer: str, subject: str, name: str, rights: "Rights", expires_s: int) -> str:
        """A cookie value for somebody whom an OpenID provider vouches for, until `expires_s` (epoch seconds).

        Signing in again opens it anew: who may come in is the provider's to say. Raises AccessDenied for whoever has
        neither a role nor a group.
        """
        id_ = "oidc-" + hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()[:16]
        secret, now_ms = secrets.token_hex(32), self._clock.now_ms()

        def write(connection: Connection) -> str:
            named = read_named(connection)
            groups = sorted(one for one in rights.claimed if (GROUP, one) in named)
            role = rights.role or (None if groups else rights.otherwise)
            if role is None and not groups:
                raise AccessDenied("cannot sign in: none of your groups has a role here; ask whoever runs trimtab")
            columns = {"role": role.value if role else "", "groups": json.dumps(groups)}
            row = _row(connection, id_)
            if row is None:
                held = {"id": id_, "kind": OIDC, "account": None, "created_ms": now_ms, "name": name}
                sealed = _sealed(connection, id_, {"secret": secret})
                connection.execute(insert(access_keys).values(held | columns | sealed))
                return secret
            # A revoked row's sessions stay dead, as do those of other rights: they were made with another secret.
            same = row["revoked_ms"] is None and all(row[column] == value for column, value in columns.items())
            kept = unseal(connection, access_keys.c.secret, id_, row["secret"]) if same else secret
            changed = {"name": name, "revoked_ms": None, **columns, **_sealed(connection, id_, {"secret": kept})}
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(changed))
            return kept

        digest = await self._changed(write)
        return f"{id_}.{expires_s}.{session_mac(digest, id_, expires_s)}"

    async def act_as(self, id_: str, group: str) -> KeyInfo:
        """Let a person act as one of their groups ("": by the grant of their own). Raises InvalidInput."""

        def write(connection: Connection) -> KeyInfo:
            row, named = _row(connection, id_), read_named(connection)
            choices = {} if row is None else choices_of(row, named)
            if row is None or row["kind"] not in (USER, OIDC) or group not in choices:
                yours = ", ".join(repr(one) for one in choices) or "none"
                raise InvalidInput(f"cannot act as {group!r}: your groups are {yours}", field="group")
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(acting=group))
            return self._info(connection, id_)

        return await self._changed(write)

    async def _hashed(self, name: str, password: str) -> str:
        if name and name.lower() in password.lower():
            raise InvalidInput("cannot use the password: it has the name in it", field="password")
        async with self._turns:
            return await asyncio.to_thread(hashed, password)

    async def _matches(self, password: str, kept: str | None) -> bool:
        async with self._turns:
            return await asyncio.to_thread(matches, password, kept)

    async def _changed(self, write: Callable[[Connection], T]) -> T:
        done = await self._state.change(write)
        self._keys.forget()
        return done

    def _user(self, connection: Connection, name: str, within: Grant) -> KeyInfo:
        row = _row(connection, _id_of(name))
        user = None if row is None else self._info(connection, row["id"])
        if user is None or not user.within(within):
            raise NotFound(f"cannot find user {name!r}; `trimtab users list` shows those there are")
        return user

    def _info(self, connection: Connection, id_: str) -> KeyInfo:
        row = connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one()
        return info_of(row, read_named(connection), self._clock.now_ms(), row["last_used_ms"])


def _id_of(name: str) -> str:
    """The id of a user; names that differ in case only are one."""
    return f"user-{hashlib.sha256(name.lower().encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _row(connection: Connection, id_: str) -> RowMapping | None:
    return connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one_or_none()


def _opened_row(connection: Connection, id_: str) -> Mapping[str, Any] | None:
    """The row of a person, with what is sealed in it."""
    row = _row(connection, id_)
    if row is None:
        return None
    columns = [column for column in (access_keys.c.secret, access_keys.c.password) if row[column.name] is not None]
    return {**row, **{one.name: unseal(connection, one, id_, row[one.name]) for one in columns}}


def _sealed(connection: Connection, id_: str, values: Mapping[str, str]) -> dict[str, str]:
    return {name: seal(connection, access_keys.c[name], id_, text) for name, text in values.items()}


def _rights(
    connection: Connection, own: Grant | None, groups: Collection[str], within: Grant
) -> Mapping[str, str | None]:
    """The columns of what a user may do. Raises InvalidInput, NotFound, AccessDenied."""
    named = read_named(connection)
    if own is None and not groups:
        raise InvalidInput("cannot make a user who may do nothing: expected a role or a group", field="groups")
    for group in groups:
        known = named.get((GROUP, group))
        if known is None or not within.covers(known.grant):
            raise NotFound(f"cannot find group {group!r}; `trimtab groups list` shows those there are")
    if own is not None and not within.covers(own):
        raise AccessDenied(f"cannot give {own}: you have {within}")
    return {
        "role": own.role.value if own else "",
        "account": own.account if own else None,
        "scope_rows": rows_text(own.rows if own else ()),
        "groups": json.dumps(sorted(set(groups))),
        "acting": None,
    }
