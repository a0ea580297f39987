"""`/rest/v1/keys`: make, list and revoke access keys and tokens (role admin)."""

from typing import Any

from trimtab.access.grant import Grant, rules_of
from trimtab.access.key import AWS, KeyInfo
from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation


def operations(room: AccessRoom, account: str) -> list[Operation]:
    """The operations on keys. AWS keys sign for `account` where the request names none."""
    keys = room.keys

    async def create(call: Call[Any, wire.CreateKey]) -> wire.NewKey:
        asked, mine = call.body, Grant.of(call.principal)
        if asked.service_account is None:
            grant = mine.handed_on(Role(asked.role), asked.account, rules_of(asked.teams, asked.tags))
        elif asked.account or asked.teams or asked.tags:
            raise InvalidInput("cannot bind a key of a service account: it is bound as that is", field="account")
        else:
            grant = (await room.services.get(asked.service_account, mine)).grant
        if asked.kind == AWS and grant.account is None:
            grant = replace(grant, account=account)
        made = await keys.create(asked.kind, asked.name, grant, asked.expires_ms, asked.service_account)
        return typed.convert(made, wire.NewKey, from_attributes=True)

    async def rotate(call: Call[Any, wire.RotateKey]) -> wire.NewKey:
        made = await keys.rotate(call.path["id"], call.body.overlap_s * 1000, Grant.of(call.principal))
        return typed.convert(made, wire.NewKey, from_attributes=True)

    async def listed(call: Call[Any, None]) -> wire.KeyList:
        return wire.KeyList([_key(key) for key in await keys.list(Grant.of(call.principal))])

    async def revoke(call: Call[Any, None]) -> wire.Key:
        return _key(await keys.revoke(call.path["id"], Grant.of(call.principal)))

    path, id_path = "/rest/v1/keys", "/rest/v1/keys/{id}"
    return [
        Operation(
            "GET",
            path,
            "list keys",
            "Every key and token that gives no more than the caller has, without secrets.",
            listed,
            wire.KeyList,
            role=Role.ADMIN,
            bound=True,
            tag="access",
        ),
        Operation(
            "POST",
            path,
            "create key",
            "Make an access key or a token, bound at least as narrowly as its maker; its secret is in this answer and "
            "nowhere else.",
            create,
            wire.NewKey,
            body=wire.CreateKey,
            status=201,
            errors=(403, 404),
            role=Role.ADMIN,
            bound=True,
            tag="access",
        ),
        Operation(
            "POST",
            id_path + "/rotate",
            "rotate key",
            "Make a key that takes the place of one, which goes on working for a while; the secret is in this answer "
            "and nowhere else.",
            rotate,
            wire.NewKey,
            body=wire.RotateKey,
            status=201,
            errors=(404, 409),
            path_parameters={"id": "The id of the key, as listed."},
            role=Role.ADMIN,
            bound=True,
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
            bound=True,
            tag="access",
        ),
    ]


def _key(key: KeyInfo) -> wire.Key:
    return typed.convert(key, wire.Key, from_attributes=True)
