"""Operations on field indexes: which fields of a group are named as indexed, and when they came."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.documents import Document, DocumentKind
from trimtab.logs.field_indexes import DEFAULT, FIELD_INDEX, read_index_policy
from trimtab.logs.transform.at_ingest import STANDARD

_OWN, _ACCOUNTS = "LOG_GROUP", "ACCOUNT"


@operations.add("PutIndexPolicy", needs=Role.WRITE)
async def put_index_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Name the indexed fields of a group."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    if group.class_ != STANDARD:
        raise AwsError("InvalidParameterException", f"Log groups of the class {group.class_} have no field indexes.")
    read_index_policy(request["policyDocument"])
    made = await rooms.room.documents.put(DocumentKind.INDEX, group, request["policyDocument"])
    return {"indexPolicy": _shown(request["logGroupIdentifier"], made)}


@operations.add("DescribeIndexPolicies", bound=True)
async def describe_index_policies(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The policies that hold for groups: their own, else their account's."""
    every, found = await rooms.room.documents.every(DocumentKind.INDEX), []
    for identifier in request["logGroupIdentifiers"]:
        one = every.of(await group_of(rooms, context, None, identifier))
        found += [_shown(identifier, one)] if one is not None else []
    return {"indexPolicies": found}


@operations.add("DeleteIndexPolicy", needs=Role.WRITE)
async def delete_index_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forget a group's own policy."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    await rooms.room.documents.delete(DocumentKind.INDEX, group)
    return {}


@operations.add("DescribeFieldIndexes", bound=True)
async def describe_field_indexes(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The indexed fields of groups, and when the first and the last event had each."""
    every, told = await rooms.room.documents.every(DocumentKind.INDEX), []
    wanted = set(request.get("indexCategories") or ("DEFAULT", "CUSTOM"))
    now_ms = rooms.clock.now_ms()
    for identifier in request["logGroupIdentifiers"]:
        group = await group_of(rooms, context, None, identifier)
        policy = every.of(group)
        custom = read_index_policy(policy.text) if policy is not None and "CUSTOM" in wanted else {}
        default = [one for one in DEFAULT if one not in custom] if "DEFAULT" in wanted else []
        names = [*custom, *default]
        seen = await rooms.reader.seen_fields(context.scope, group, names) if names else {}
        for name in names:
            if name not in custom and name not in seen:
                continue  # a default that no event has is not discovered
            times = dict(zip(("firstEventTime", "lastEventTime"), seen.get(name, ()), strict=False))
            told.append({
                "logGroupIdentifier": identifier, "fieldIndexName": name, "lastScanTime": now_ms, **times,
                "type": custom.get(name, FIELD_INDEX), "indexCategory": "CUSTOM" if name in custom else "DEFAULT",
            })  # fmt: skip
    return {"fieldIndexes": told}


def _shown(identifier: str, one: Document) -> dict[str, Any]:
    return {
        "logGroupIdentifier": identifier,
        "lastUpdateTime": one.updated_ms,
        "policyDocument": one.text,
        "source": _ACCOUNTS if one.name else _OWN,
        **({"policyName": one.name} if one.name else {}),
    }
