"""The keys of one reading of the state, in memory: what a request is verified with."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, RowMapping, select

from trimtab.access.choices import OWN, Choices, choices_of, chosen
from trimtab.access.grants import read_named
from trimtab.access.key import AWS, AwsKey
from trimtab.access.principal import Principal, scope_of
from trimtab.store.state.tables import access_keys


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key that was not revoked. `secret` is as stored; `aws` is what an AWS key is verified with."""

    secret: str
    principal: Principal
    expires_ms: int | None
    aws: AwsKey | None


@dataclass(frozen=True)
class Known:
    """Keys by id. Whether one has expired is asked when it is shown: a copy may be served for long."""

    entries: Mapping[str, _Entry]

    @classmethod
    def read(cls, connection: Connection) -> "Known":
        """The keys that are not revoked, and give anything."""
        named = read_named(connection)
        rows = connection.execute(select(access_keys).where(access_keys.c.revoked_ms.is_(None))).mappings()
        entries = ((row["id"], _entry(row, choices_of(row, named))) for row in rows)
        return cls({id_: entry for id_, entry in entries if entry is not None})

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


NOTHING = Known({})


def session_mac(digest: str, id_: str, expires_s: int) -> str:
    """The MAC of a session cookie, keyed with the stored secret of what opened it."""
    return hmac.new(digest.encode(), f"trimtab session {id_} {expires_s}".encode(), hashlib.sha256).hexdigest()


def _entry(row: RowMapping, choices: Choices) -> _Entry | None:
    if not choices:
        return None
    acting = chosen(row, choices)
    grant = choices[acting]
    scope = scope_of(grant.account, grant.rows)
    groups = tuple(choices) if len(choices) > 1 or acting != OWN else ()
    principal = Principal(row["name"], grant.account, grant.role, scope, row["id"], groups, acting)
    aws = AwsKey(row["id"], row["secret"], grant.account, principal) if row["kind"] == AWS else None
    return _Entry(row["secret"], principal, row["expires_ms"], aws)
