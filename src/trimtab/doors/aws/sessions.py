"""Temporary credentials of an assumed role: nothing is stored, they are made of the key that asked for them.

The session token carries who asked, what for and until when, with a MAC under the parent key's secret; the session's
own secret is derived from the same. So a session ends with its parent, which may be revoked, or when its time is over.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.key import AwsKey
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.base import typed
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sigv4 import KeyLookup

PREFIX = "ASIA"
"""How the ids of temporary keys begin."""
_ID = re.compile(r"ASIA[A-Z2-7]{16}")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Session(Struct, frozen=True):
    """Credentials that end at `until_ms`."""

    id: str
    secret: str
    token: str
    until_ms: int


def open_session(parent_id: str, parent_secret: str, account: str, role: Role, name: str, until_ms: int) -> Session:
    """A session of `account`, with what `role` may do; `name` is ROLE/SESSION."""
    id_ = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(16))
    held = json.dumps([parent_id, id_, account, role.value, name, until_ms], separators=(",", ":"))
    body = base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")
    return Session(id_, _secret(parent_secret, body), f"{body}.{_mac(parent_secret, body)}", until_ms)


def key_of(keys: KeyLookup, id_: str, token: str, now_ms: int, *, open_to_all: bool = False) -> AwsKey:
    """The key of a session. `open_to_all`: where no signature is verified, sessions of unknown keys count too.

    Raises AwsError where the token is not one of ours, or its time is over.
    """
    body, _, mac = token.partition(".")
    known = _read(body)
    if known is None or not _ID.fullmatch(id_) or known[1] != id_:
        raise _refused()
    parent_id, _, account, role, name, until_ms = known
    parent = keys.secret_of(parent_id)
    if parent is None and not open_to_all:
        raise _refused()
    secret = parent.secret if parent is not None else ""
    if not hmac.compare_digest(mac.encode(), _mac(secret, body).encode()):
        raise _refused()
    if now_ms >= until_ms:
        raise AwsError("ExpiredTokenException", "The security token included in the request is expired", status=403)
    rows = () if parent is None else parent.principal.scope.rows
    principal = Principal(name, account, Role(role), scope_of(account, rows))
    return AwsKey(id_, _secret(secret, body), account, principal)


def _refused() -> AwsError:
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.")


def _read(body: str) -> tuple[str, str, str, str, str, int] | None:
    try:
        held: Sequence[object] = typed.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        parent_id, id_, account, role, name, until_ms = held
        return str(parent_id), str(id_), str(account), Role(str(role)).value, str(name), int(str(until_ms))
    except (ValueError, TypeError):
        return None


def _mac(secret: str, body: str) -> str:
    return hmac.new(b"session" + secret.encode(), body.encode(), hashlib.sha256).hexdigest()


def _secret(secret: str, body: str) -> str:
    made = hmac.new(b"secret" + secret.encode(), body.encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode()[:40]
