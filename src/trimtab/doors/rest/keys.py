"""`/rest/v1/keys`: make, list and revoke access keys and tokens (role admin)."""

from typing import Any, Protocol

from trimtab.access.keys import AWS, OIDC, KeyInfo, NewKey
from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation


class Keys(Protocol):
    """What this door asks of `access.keys.KeyStore`."""

    async def create_aws(self, name: str, account: str | None, role: Role = ...) -> NewKey:
        """Make an AWS-style key."""
        ...

    async def create_token(self, name: str, role: Role, account: str | None = None) -> NewKey:
        """Make a token."""
        ...

    async def list(self) -> list[KeyInfo]:
        """Every key."""
        ...

    async def revoke(self, id_: str, account: str | None = None) -> KeyInfo:
        """Revoke one."""
        ...


def operations(keys: Keys, account: str) -> list[Operation]:
    """The operations on keys. AWS keys sign for `account` where the request names none."""

    async def create(call: Call[Any, wire.CreateKey]) -> wire.NewKey:
        wanted, own = call.body, call.principal.account
        if own is not None and wanted.account not in (None, own):
            raise AccessDenied(
                f"cannot make a key for account {wanted.account}: {call.principal.name!r} is bound to {own}"
            )
        bound = wanted.account or own
        if wanted.kind == AWS:
            key = await keys.create_aws(wanted.name, bound or account, Role(wanted.role))
        else:
            key = await keys.create_token(wanted.name, Role(wanted.role), bound)
        return wire.NewKey(key.id, wanted.kind, key.name, key.role.value, key.account, key.created_ms, key.secret)

    async def listed(call: Call[Any, None]) -> wire.KeyList:
        own = call.principal.account
        return wire.KeyList([_key(key) for key in await keys.list() if own is None or key.account == own])

    async def revoke(call: Call[Any, None]) -> wire.Key:
        return _key(await keys.revoke(call.path["id"], call.principal.account))

    path, id_path = "/rest/v1/keys", "/rest/v1/keys/{id}"
    return [
        Operation(
            "GET",
            path,
            "list keys",
            "Every key and token, without secrets.",
            listed,
            wire.KeyList,
            role=Role.ADMIN,
            tag="access",
        ),
        Operation(
            "POST",
            path,
            "create key",
            "Make an access key or a token; its secret is in this answer and nowhere else.",
            create,
            wire.NewKey,
            body=wire.CreateKey,
            status=201,
            role=Role.ADMIN,
            tag="access",
        ),
        Operation(
            "DELETE",
            id_path,
            "revoke key",
            "Revoke a key: from now on it opens nothing.",
            revoke,
            wire.Key,
            errors=(404, 409),
            path_parameters={"id": "The id of the key, as listed."},
            role=Role.ADMIN,
            tag="access",
        ),
    ]


def _key(key: KeyInfo) -> wire.Key:
    return wire.Key(
        key.id, _kind(key.kind), key.name, key.role.value, key.account, key.created_ms, key.last_used_ms, key.revoked_ms
    )


def _kind(kind: str) -> wire.ListedKind:
    return "aws" if kind == AWS else "oidc" if kind == OIDC else "token"
