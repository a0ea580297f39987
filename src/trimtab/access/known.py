"""The keys of one reading of the state, in memory: what a request is verified with."""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, select

from trimtab.access.choices import OWN, choices_of, chosen
from trimtab.access.grants import Named, read_named
from trimtab.access.key import AWS, AwsKey
from trimtab.access.principal import Principal, scope_of
from trimtab.base.errors import SetupError
from trimtab.store.state.sealed import stamp, unseal
from trimtab.store.state.tables import access_keys

_log = logging.getLogger(__name__)
_c = access_keys.c
_LIVE = select(
    _c.id,
    _c.kind,
    _c.name,
    _c.role,
    _c.account,
    _c.scope_rows,
    _c.secret,
    _c.expires_ms,
    _c.owner,
    _c.groups,
    _c.acting,
).where(_c.revoked_ms.is_(None))
"""What counts of the keys that were not revoked: not when they were used, which changes by the minute."""


class _Entry(Struct, frozen=True):
    """A key that was not revoked. `secret` is what is kept sealed; `aws` is what an AWS key is verified with."""

    secret: str
    principal: Principal
    expires_ms: int | None
    aws: AwsKey | None


@dataclass(frozen=True)
class Known:
    """Keys by id. Whether one has expired is asked when it is shown: a copy may be served for long.

    `rows`, `named` and the key file at `stamp` are what they were made of; a row that opens nothing has no entry.
    """

    entries: Mapping[str, _Entry]
    rows: Mapping[str, tuple[Any, ...]]
    named: Named
    stamp: int

    def again(self, connection: Connection) -> "Known":
        """The keys that are not revoked, as they are now. What has not changed is not opened again: that takes 5 µs a
        key and second in place of 29."""
        named = read_named(connection)
        found = connection.execute(_LIVE).mappings().all()
        rows = {row["id"]: tuple(row.values()) for row in found}
        made_of = stamp(connection)
        same = (named, made_of) == (self.named, self.stamp)
        entries = {}
        for row in found:
            kept = same and self.rows.get(row["id"]) == rows[row["id"]]
            entry = self.entries.get(row["id"]) if kept else _made(connection, row, named)
            if entry is not None:
                entries[row["id"]] = entry
        return Known(entries, rows, named, made_of)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Of what opens sessions, the stored secret by id: it keys their MACs."""
        return {id_: entry.secret for id_, entry in self.entries.items() if entry.aws is None}

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Ids by stored secret."""
        return {secret: id_ for id_, secret in self.digests.items()}

    def has(self, id_: str) -> bool:
        """Whether there is one of that id."""
        return id_ in self.entries

    def principal(self, id_: str, now_ms: int) -> Principal | None:
        """Who presents it, while it is live."""
        entry = self.entries.get(id_)
        over = entry is None or (entry.expires_ms is not None and entry.expires_ms <= now_ms)
        return None if entry is None or over else entry.principal

    def aws(self, id_: str, now_ms: int) -> AwsKey | None:
        """The AWS key of that id, while it is live."""
        return None if self.principal(id_, now_ms) is None else self.entries[id_].aws


NOTHING = Known({}, {}, {}, 0)


def session_mac(digest: str, id_: str, expires_s: int) -> str:
    """The MAC of a session cookie, keyed with the stored secret of what opened it."""
    return hmac.new(digest.encode(), f"trimtab session {id_} {expires_s}".encode(), hashlib.sha256).hexdigest()


def _made(connection: Connection, row: RowMapping, named: Named) -> _Entry | None:
    """The entry of a row that opens anything."""
    choices = choices_of(row, named)
    if not choices:
        return None
    try:
        secret = unseal(connection, access_keys.c.secret, row["id"], row["secret"])
    except SetupError as problem:  # one that was put or moved by hand opens nothing, and shuts nobody else out
        _log.warning("%s; it opens nothing", problem)
        return None
    acting = chosen(row, choices)
    grant = choices[acting]
    scope = scope_of(grant.account, grant.rows)
    groups = tuple(choices) if len(choices) > 1 or acting != OWN else ()
    principal = Principal(row["name"], grant.account, grant.role, scope, row["id"], groups, acting)
    aws = AwsKey(row["id"], secret, grant.account, principal) if row["kind"] == AWS else None
    return _Entry(secret, principal, row["expires_ms"], aws)
