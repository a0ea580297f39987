"""Access keys and tokens: made, listed and revoked in the state database, verified from memory.

A request is verified without touching the database: `KeyStore` keeps every live key in memory and re-reads the
table when its copy is older than `FRESH_S`, so a key made or revoked by another process counts within that time,
after an idle hour too. AWS secrets are kept as they are, because SigV4 needs them; of a token only the SHA-256.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, RowMapping, insert, select, update

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.scope import RowRule, rows_of_text, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.store.state.database import State
from trimtab.store.state.tables import access_keys

AWS = "aws"
TOKEN = "token"  # noqa: S105  # the name of a kind of key, not a secret
OIDC = "oidc"  # somebody who signed in with an OpenID provider; there is no key to present

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
_NAME_LIMIT = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@/+=,:-]*")  # it is printed in lists, logs and ARNs


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `secret` is shown once: the AWS secret access key, or the token itself."""

    id: str
    kind: str
    name: str
    role: Role
    account: str | None
    secret: str = field(repr=False)
    created_ms: int = 0
    rows: tuple[RowRule, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as listed: everything but its secret. Times in milliseconds."""

    id: str
    kind: str
    name: str
    role: Role
    account: str | None
    created_ms: int
    last_used_ms: int | None
    revoked_ms: int | None
    rows: tuple[RowRule, ...] = ()


@dataclass(frozen=True, slots=True)
class AwsKey:
    """What the AWS door verifies a signature with."""

    id: str
    secret: str = field(repr=False)
    account: str | None
    principal: Principal


@dataclass(frozen=True, slots=True)
class _Known:
    """The live keys at one reading: AWS keys by id, tokens by id and by digest."""

    aws: Mapping[str, AwsKey]
    digests: Mapping[str, str]
    tokens: Mapping[str, Principal]
    ids: Mapping[str, str]


_NONE = _Known({}, {}, {}, {})


class KeyStore:
    """The keys of one state database. Use one a process.

    `machines` knows the ids of the machines that pass a rule of a bound key.
    """

    def __init__(self, state: State, clock: Clock, machines: Callable[[RowRule], frozenset[str]] | None = None) -> None:
        self._state = state
        self._machines = machines
        self._clock = clock
        self._known = _NONE
        self._read_at: float | None = None
        self._used: dict[str, int] = {}
        self._unwritten: set[str] = set()

    async def create_aws(
        self, name: str, account: str | None, role: Role = Role.WRITE, rows: tuple[RowRule, ...] = ()
    ) -> NewKey:
        """Make an AWS-style access key that signs for `account`, and sees what passes `rows`.

        Raises InvalidInput for a bad name.
        """
        id_ = "AKIA" + "".join(secrets.choice(_AWS_ID_ALPHABET) for _ in range(16))
        secret = "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40))
        now = self._clock.now_ms()
        return await self._create(NewKey(id_, AWS, _checked_name(name), role, account, secret, now, rows))

    async def create_token(
        self, name: str, role: Role, account: str | None = None, rows: tuple[RowRule, ...] = ()
    ) -> NewKey:
        """Make a bearer token with `role`, bound to `account` unless None, that sees what passes `rows`.

        Raises InvalidInput for a bad name.
        """
        token = "tt_" + secrets.token_urlsafe(30)
        id_ = "tok-" + secrets.token_hex(6)
        now = self._clock.now_ms()
        return await self._create(NewKey(id_, TOKEN, _checked_name(name), role, account, token, now, rows))

    async def list(self) -> list[KeyInfo]:
        """Every key, revoked ones too, the newest first."""
        query = select(access_keys).order_by(access_keys.c.created_ms.desc(), access_keys.c.id)
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        return [self._info(row) for row in rows]

    async def revoke(self, id_: str, account: str | None = None) -> KeyInfo:
        """Revoke the key `id_` now, if it is bound to `account` (None: whatever it is bound to).

        Raises NotFound, or Conflict if it was revoked before.
        """
        now = self._clock.now_ms()

        def change(connection: Connection) -> RowMapping:
            row = connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one_or_none()
            if row is None or account not in (None, row["account"]):
                raise NotFound(f"cannot revoke key {id_!r}: there is none; `trimtab keys list` shows the known ones")
            if row["revoked_ms"] is not None:
                raise Conflict(f"cannot revoke key {id_!r}: it is revoked already")
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(revoked_ms=now))
            return connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one()

        row = await self._state.change(change)
        self._read_at = None
        return self._info(row)

    def secret_of(self, access_key_id: str) -> AwsKey | None:
        """The live AWS key of that id, or None. Raises Unavailable while the keys cannot be read."""
        key = self._fresh(FRESH_S).aws.get(access_key_id)
        if key is None:
            key = self._fresh(MISS_FRESH_S).aws.get(access_key_id)
        if key is not None:
            self._touch(access_key_id)
        return key

    def principal_of_token(self, token: str) -> Principal | None:
        """The principal of a live token, or None. Raises Unavailable while the keys cannot be read."""
        digest = digest_of(token)
        known = self._fresh(FRESH_S)
        if digest not in known.ids:
            known = self._fresh(MISS_FRESH_S)
        id_ = known.ids.get(digest)
        if id_ is None:
            return None
        self._touch(id_)
        return known.tokens[id_]

    def open_session(self, token: str, expires_s: int) -> str | None:
        """A cookie value that stands for `token` until `expires_s` (epoch seconds), or None for an unknown token.

        It holds the token's id and a MAC keyed with the stored digest, never the token: it dies with its token.
        """
        digest = digest_of(token)
        id_ = self._fresh(MISS_FRESH_S).ids.get(digest)
        return None if id_ is None else f"{id_}.{expires_s}.{_session_mac(digest, id_, expires_s)}"

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
        if digest is None or not hmac.compare_digest(mac.encode(), _session_mac(digest, id_, int(expires)).encode()):
            return None
        self._touch(id_)
        return known.tokens[id_]

    async def open_identity(self, issuer: str, subject: str, name: str, role: Role, expires_s: int) -> str:
        """A cookie value for somebody whom an OpenID provider vouches for, until `expires_s` (epoch seconds).

        Who signs in has a row as a token has, so that lists show them and revoking it ends their sessions at once.
        Signing in again opens it anew: who may come in is the provider's to say.
        """
        id_ = "oidc-" + hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()[:16]
        secret, now = secrets.token_hex(32), self._clock.now_ms()

        def write(connection: Connection) -> str:
            row = connection.execute(select(access_keys).where(access_keys.c.id == id_)).mappings().one_or_none()
            if row is None:
                held = {"id": id_, "kind": OIDC, "account": None, "created_ms": now, "secret": secret}
                connection.execute(insert(access_keys).values(held | {"name": name, "role": role.value}))
                return secret
            # A revoked row's sessions stay dead, as do those of another role: they were made with another secret.
            kept = secret if row["revoked_ms"] is not None or row["role"] != role.value else str(row["secret"])
            changed = {"name": name, "role": role.value, "revoked_ms": None, "secret": kept}
            connection.execute(update(access_keys).where(access_keys.c.id == id_).values(changed))
            return kept

        digest = await self._state.change(write)
        self._read_at = None
        return f"{id_}.{expires_s}.{_session_mac(digest, id_, expires_s)}"

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

    async def _create(self, key: NewKey) -> NewKey:
        row = {
            "id": key.id,
            "kind": key.kind,
            "account": key.account,
            "secret": key.secret if key.kind == AWS else digest_of(key.secret),
            "name": key.name,
            "role": key.role.value,
            "created_ms": key.created_ms,
            "scope_rows": rows_text(key.rows),
        }
        await self._state.change(lambda connection: connection.execute(insert(access_keys).values(row)).rowcount)
        self._read_at = None
        return key

    def _touch(self, id_: str) -> None:
        now = self._clock.now_ms()
        if now - self._used.get(id_, 0) >= USED_STEP_MS:
            self._used[id_] = now
            self._unwritten.add(id_)

    def _fresh(self, older_s: float) -> _Known:
        now = self._clock.monotonic()
        age = None if self._read_at is None else now - self._read_at
        if age is not None and age < older_s:
            return self._known
        try:
            self._known = _known(self._state.read_sync(_live_rows), self._machines)
        except Unavailable:
            if age is None or age > STALE_S:
                raise
            return self._known
        self._read_at = now
        return self._known

    def _info(self, row: RowMapping) -> KeyInfo:
        return KeyInfo(
            id=row["id"],
            kind=row["kind"],
            name=row["name"],
            role=Role(row["role"]),
            account=row["account"],
            created_ms=row["created_ms"],
            last_used_ms=self._used.get(row["id"], row["last_used_ms"]),
            revoked_ms=row["revoked_ms"],
            rows=rows_of_text(row["scope_rows"]),
        )


def digest_of(token: str) -> str:
    """The SHA-256 of a token, as stored: a token has 240 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _live_rows(connection: Connection) -> list[RowMapping]:
    return list(connection.execute(select(access_keys).where(access_keys.c.revoked_ms.is_(None))).mappings())


def _known(rows: list[RowMapping], machines: Callable[[RowRule], frozenset[str]] | None) -> _Known:
    aws, digests, tokens = {}, {}, {}
    for row in rows:
        account = row["account"]
        rules = rows_of_text(row["scope_rows"])
        if machines is not None:
            rules = tuple(replace(rule, machines=machines(rule)) for rule in rules)
        scope = scope_of(account, rules)
        principal = Principal(row["name"], account, Role(row["role"]), scope)
        if row["kind"] == AWS:
            aws[row["id"]] = AwsKey(row["id"], row["secret"], account, principal)
        else:
            digests[row["id"]] = row["secret"]
            tokens[row["id"]] = principal
    return _Known(aws, digests, tokens, {digest: id_ for id_, digest in digests.items()})


def _session_mac(digest: str, id_: str, expires_s: int) -> str:
    return hmac.new(digest.encode(), f"trimtab session {id_} {expires_s}".encode(), hashlib.sha256).hexdigest()


def _checked_name(name: str) -> str:
    if len(name) > _NAME_LIMIT or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"cannot make key: got name {name!r}; expected at most {_NAME_LIMIT} letters, digits, spaces and ._@/+=,:- "
            "that start with a letter or digit",
            field="name",
        )
    return name
