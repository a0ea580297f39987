"""Access keys and tokens: made, listed and revoked in the state database, verified from memory.

A request is verified without touching the database: `KeyStore` keeps every live key in memory and re-reads the
table when its copy is older than `FRESH_S`, so a key made or revoked by another process counts within that time,
after an idle hour too. AWS secrets are kept, because SigV4 needs them, of a token only the SHA-256; both are sealed.
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, RowMapping, insert, select, update

from trimtab.access.grant import WHOLE, Grant
from trimtab.access.grants import Named, read_named
from trimtab.access.key import AWS, LIVE, TOKEN, AwsKey, KeyInfo, NewKey
from trimtab.access.known import NOTHING, Known, session_mac
from trimtab.access.listing import info_of
from trimtab.access.names import checked_name
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal
from trimtab.store.state.tables import access_keys

FRESH_S = 1.0
"""Age at which the copy in memory is read again: a revoked key works at most this long (one query is ~0.2 ms)."""
MISS_FRESH_S = 0.2
"""Age at which an unknown key makes the table be read again: a new key works at once, a guesser costs 5 reads/s."""
STALE_S = 300.0
"""How long the copy goes on serving while the state database does not answer, before requests are refused."""
USED_STEP_MS = 60_000
"""`last_used` is written at most once a minute a key: it is for people, not for accounting."""

_AWS_ID_ALPHABET = string.ascii_uppercase + "234567"  # base32, as AWS's own ids
_SECRET_ALPHABET = string.ascii_letters + string.digits  # AWS's also has / and +, which break in shells and URLs


Machines = Callable[[RowRule], frozenset[str]]
"""The ids of the machines that pass a rule."""


class KeyStore:
    """The keys of one state database. Use one a process.

    `machines` knows the ids of the machines that pass a rule of a bound key.
    """

    def __init__(self, state: State, clock: Clock, machines: Machines | None = None) -> None:
        self._state = state
        self._machines = machines
        self._clock = clock
        self._known = NOTHING
        self._read_at: float | None = None
        self._used: dict[str, int] = {}
        self._unwritten: set[str] = set()

    async def create(
        self, kind: str, name: str, grant: Grant, expires_ms: int | None = None, service_account: str | None = None
    ) -> NewKey:
        """Make a key of `kind` that gives `grant` until `expires_ms`; one of a service account gives what that has.

        Raises InvalidInput.
        """
        now_ms = self._clock.now_ms()
        if expires_ms is not None and expires_ms <= now_ms:
            raise InvalidInput("cannot make key: it would have expired already", field="expires_ms")
        made = _made(kind, checked_name(name), grant, now_ms, expires_ms, service_account)
        await self._state.change(partial(_write, key=made))
        self._read_at = None
        return made

    async def create_aws(
        self, name: str, account: str | None, role: Role = Role.WRITE, rows: tuple[RowRule, ...] = ()
    ) -> NewKey:
        """Make an AWS-style access key that signs for `account`, and sees what passes `rows`."""
        return await self.create(AWS, name, Grant(role, account, rows))

    async def create_token(
        self, name: str, role: Role, account: str | None = None, rows: tuple[RowRule, ...] = ()
    ) -> NewKey:
        """Make a bearer token with `role`, bound to `account` unless None, that sees what passes `rows`."""
        return await self.create(TOKEN, name, Grant(role, account, rows))

    async def list(self, within: Grant = WHOLE) -> list[KeyInfo]:
        """Every key that gives no more than `within`, revoked ones too, the newest first."""

        def read(connection: Connection) -> list[KeyInfo]:
            named = read_named(connection)
            query = select(access_keys).order_by(access_keys.c.created_ms.desc(), access_keys.c.id)
            return [self._info(row, named) for row in connection.execute(query).mappings()]

        return [key for key in await self._state.read(read) if key.within(within)]

    async def revoke(self, id_: str, within: Grant = WHOLE) -> KeyInfo:
        """Revoke the key `id_` now, if it gives no more than `within`.

        Raises NotFound, or Conflict if it was revoked before.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> KeyInfo:
            key = self._one(connection, id_, within, "revoke")
            if key.revoked_ms is not None:
                raise Conflict(f"cannot revoke key {id_!r}: it is revoked already")
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(revoked_ms=now_ms))
            return self._one(connection, id_, within, "revoke")

        revoked = await self._state.change(change)
        self._read_at = None
        return revoked

    async def rotate(self, id_: str, overlap_ms: int, within: Grant = WHOLE) -> NewKey:
        """A new key in the place of `id_`, which goes on working for `overlap_ms` more and no longer.

        The new one gives the same, and lives as long as the old one was made to. Raises NotFound, Conflict for one that
        opens nothing or was rotated before.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> NewKey:
            old = self._one(connection, id_, within, "rotate")
            if old.kind not in (AWS, TOKEN):
                raise Conflict(f"cannot rotate {id_!r}: it has no secret of its own")
            if old.state != LIVE or old.replaced_by:
                became = f"{old.replaced_by} takes its place" if old.replaced_by else f"it is {old.state}"
                raise Conflict(f"cannot rotate key {id_!r}: {became} already")
            ends_ms = None if old.expires_ms is None else now_ms + old.expires_ms - old.created_ms
            made = _made(old.kind, old.name, old.grant, now_ms, ends_ms, old.service_account)
            _write(connection, made)
            last_ms = min(now_ms + overlap_ms, old.expires_ms or now_ms + overlap_ms)
            replaced = {"expires_ms": last_ms, "replaced_by": made.id}
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(replaced))
            return made

        made = await self._state.change(change)
        self._read_at = None
        return made

    def secret_of(self, access_key_id: str) -> AwsKey | None:
        """The live AWS key of that id, or None. Raises Unavailable while the keys cannot be read."""
        known = self._fresh(FRESH_S)
        if not known.has(access_key_id):
            known = self._fresh(MISS_FRESH_S)
        key = known.aws(access_key_id, self._clock.now_ms())
        if key is not None:
            self._touch(access_key_id)
            key = replace(key, principal=self._with_machines(key.principal))
        return key

    def principal_of_token(self, token: str) -> Principal | None:
        """The principal of a live token, or None. Raises Unavailable while the keys cannot be read."""
        digest = digest_of(token)
        known = self._fresh(FRESH_S)
        if digest not in known.ids:
            known = self._fresh(MISS_FRESH_S)
        return self._principal(known, known.ids.get(digest))

    def open_session(self, token: str, expires_s: int) -> str | None:
        """A cookie value that stands for `token` until `expires_s` (epoch seconds), or None for no live token.

        It holds the token's id and a MAC keyed with the stored digest, never the token: it dies with its token.
        """
        digest = digest_of(token)
        known = self._fresh(MISS_FRESH_S)
        id_ = known.ids.get(digest)
        if id_ is None or self._principal(known, id_) is None:
            return None
        return f"{id_}.{expires_s}.{session_mac(digest, id_, expires_s)}"

    def principal_of_session(self, session: str) -> Principal | None:
        """The principal of a cookie made by `open_session`, or None if it is expired, revoked or not ours."""
        id_, _, rest = session.partition(".")
        expires, _, mac = rest.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            return None
        if int(expires) * 1000 <= self._clock.now_ms():
            return None
        known = self._fresh(FRESH_S)
        digest = known.digests.get(id_)
        if digest is None or not hmac.compare_digest(mac.encode(), session_mac(digest, id_, int(expires)).encode()):
            return None
        return self._principal(known, id_)

    def forget(self) -> None:
        """Read the keys again when one is asked for: somebody changed them in this process."""
        self._read_at = None

    async def flush(self) -> None:
        """Write the `last_used` times noted since the last flush. Call it now and then, and at the end."""
        ids, self._unwritten = self._unwritten, set()
        if not ids:
            return

        def write(connection: Connection) -> None:
            for id_ in ids:
                row = update(access_keys).where(access_keys.c.id == id_)
                connection.execute(row.values(last_used_ms=self._used[id_]))

        await self._state.change(write)

    def _principal(self, known: Known, id_: str | None) -> Principal | None:
        principal = None if id_ is None else known.principal(id_, self._clock.now_ms())
        if id_ is not None and principal is not None:
            self._touch(id_)
            principal = self._with_machines(principal)
        return principal

    def _with_machines(self, principal: Principal) -> Principal:
        """The principal, whose rules know the machines that pass them now."""
        if self._machines is None or not principal.bound:
            return principal
        rows = tuple(replace(rule, machines=self._machines(rule)) for rule in principal.scope.rows)
        return replace(principal, scope=replace(principal.scope, rows=rows))

    def _one(self, connection: Connection, id_: str, within: Grant, verb: str) -> KeyInfo:
        row = connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one_or_none()
        key = None if row is None else self._info(row, read_named(connection))
        if key is None or not key.within(within):
            raise NotFound(f"cannot {verb} key {id_!r}: there is none; `trimtab keys list` shows the known ones")
        return key

    def _touch(self, id_: str) -> None:
        now = self._clock.now_ms()
        if now - self._used.get(id_, 0) >= USED_STEP_MS:
            self._used[id_] = now
            self._unwritten.add(id_)

    def _fresh(self, older_s: float) -> Known:
        now = self._clock.monotonic()
        age = None if self._read_at is None else now - self._read_at
        if age is not None and age < older_s:
            return self._known
        try:
            self._known = self._state.read_sync(self._known.again)
        except Unavailable:
            if age is None or age > STALE_S:
                raise
            return self._known
        self._read_at = now
        return self._known

    def _info(self, row: RowMapping, named: Named) -> KeyInfo:
        return info_of(row, named, self._clock.now_ms(), self._used.get(row["id"], row["last_used_ms"]))


def digest_of(token: str) -> str:
    """The SHA-256 of a token, as stored: a token has 240 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _made(
    kind: str, name: str, grant: Grant, now_ms: int, expires_ms: int | None, service_account: str | None
) -> NewKey:
    """A key with an id and a secret: as AWS makes them, or a token of 240 random bits."""
    if kind == AWS:
        id_ = "AKIA" + "".join(secrets.choice(_AWS_ID_ALPHABET) for _ in range(16))
        secret = "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40))
    else:
        id_, secret = "tok-" + secrets.token_hex(6), "tt_" + secrets.token_urlsafe(30)
    return NewKey(
        id=id_,
        kind=kind,
        name=name,
        role=grant.role,
        account=grant.account,
        secret=secret,
        created_ms=now_ms,
        rows=grant.rows,
        expires_ms=expires_ms,
        service_account=service_account,
    )


def _write(connection: Connection, key: NewKey) -> None:
    kept = key.secret if key.kind == AWS else digest_of(key.secret)
    row = {
        "id": key.id,
        "kind": key.kind,
        "account": key.account,
        "secret": seal(connection, access_keys.c.secret, key.id, kept),
        "name": key.name,
        "role": key.role.value,
        "created_ms": key.created_ms,
        "scope_rows": rows_text(key.rows),
        "expires_ms": key.expires_ms,
        "owner": key.service_account,
    }
    connection.execute(insert(access_keys).values(row))
