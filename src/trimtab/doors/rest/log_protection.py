"""`/rest/v1/logs/protection`: what is masked in events as they come in."""

import json
from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.client import log_doors_wire as wire
from trimtab.doors.rest.log_place import TAG, LogDoors
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.logs.protection.identifiers import ARN, MANAGED
from trimtab.logs.protection.policy import read_policy

PATH = "/rest/v1/logs/protection"
ACCOUNT_POLICY = "account-policy"
"""The name of an account's policy that is made here."""


class GroupQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which log group; without one, the policy of the account."""

    group: Annotated[str, Meta(max_length=512)] = ""


def operations(doors: LogDoors) -> list[Operation]:
    """The operations."""
    policies, groups = doors.room.policies, doors.room.groups

    async def listed(call: Call[NoQuery, None]) -> wire.ProtectionList:
        place = doors.place(call)
        found = [_shown("", one.document, one.updated_ms) for one in await policies.of_account(*place)]
        ids = (await policies.every()).groups
        seen = await doors.room.reader.visible(call.principal.scope, await groups.listed(*place, limit=10_000))
        own = [(group.name, await policies.get(group)) for group in seen if group.id in ids]
        found += [_shown(name, one.document, one.updated_ms) for name, one in own if one is not None]
        return wire.ProtectionList(found, list(MANAGED))

    async def put(call: Call[NoQuery, wire.PutProtection]) -> wire.Protection:
        document = call.body.policy or _document(call.body.identifiers)
        if not call.body.group:
            place = doors.place(call)
            names = [one.name for one in await policies.of_account(*place)] or [ACCOUNT_POLICY]
            made = await policies.put_account(*place, names[0], document)
            return _shown("", made.document, made.updated_ms)
        own = await policies.put(await doors.group(call, call.body.group), document)
        return _shown(call.body.group, own.document, own.updated_ms)

    async def delete(call: Call[GroupQuery, None]) -> wire.Deleted:
        if call.query.group:
            await policies.delete(await doors.group(call, call.query.group))
        else:
            place = doors.place(call)
            names = [one.name for one in await policies.of_account(*place)] or [ACCOUNT_POLICY]
            await policies.delete_account(*place, names[0])
        return wire.Deleted(call.query.group)

    return [
        Operation("GET", PATH, "list log protection", "Data protection policies, and the identifiers they can name.",
                  listed, wire.ProtectionList, tag=TAG),
        Operation("PUT", PATH, "put log protection", "Mask and audit what comes into a group, or all, from now on.",
                  put, wire.Protection, body=wire.PutProtection, errors=(404,), role=Role.ADMIN, tag=TAG),
        Operation("DELETE", PATH, "delete log protection", "Mask no more; what was masked stays so.", delete,
                  wire.Deleted, query=GroupQuery, errors=(404,), role=Role.ADMIN, tag=TAG),
    ]  # fmt: skip


def _document(identifiers: list[str]) -> str:
    """A policy that masks these. Raises InvalidInput for none."""
    if not identifiers:
        raise InvalidInput("cannot protect logs: expected a policy or identifiers", field="identifiers")
    names = [name if name.startswith(ARN) else ARN + name for name in identifiers]
    audit = {"DataIdentifier": names, "Operation": {"Audit": {"FindingsDestination": {}}}}
    mask = {"DataIdentifier": names, "Operation": {"Deidentify": {"MaskConfig": {}}}}
    return json.dumps({"Name": "data-protection", "Version": "2021-06-01", "Statement": [audit, mask]})


def _shown(group: str, document: str, updated_ms: int) -> wire.Protection:
    names = [finder.name for finder in read_policy(document).finders]
    return wire.Protection(group, document, names, updated_ms)
