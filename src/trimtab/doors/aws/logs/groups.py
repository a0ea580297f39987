"""Operations on log groups and log streams."""

import re
from collections.abc import Callable
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, QueryAborted
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.documents import DocumentKind
from trimtab.logs.field_indexes import indexed
from trimtab.logs.model import Group, Stream

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days that a group may be kept; PutRetentionPolicy of the API reference."""
_PAGE = 50
_INHERITED = "ACCOUNT_DATA_PROTECTION"
_READ = 200  # groups read at a time where a page is filtered


@operations.add("CreateLogGroup", needs=Role.WRITE)
async def create_log_group(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Make a group."""
    members = {
        "class": request.get("logGroupClass") or "STANDARD",
        "kms_key": request.get("kmsKeyId") or "",
        "deletion_protected": int(bool(request.get("deletionProtectionEnabled"))),
    }
    try:
        group = await rooms.groups.create(context.account, context.region, request["logGroupName"], **members)
    except Conflict as problem:
        raise AwsError("ResourceAlreadyExistsException", str(problem)) from None
    if request.get("tags"):
        await rooms.groups.change_tags(group, request["tags"])
    return {}


@operations.add("DeleteLogGroup", needs=Role.WRITE)
async def delete_log_group(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a group with its streams and events."""
    group = await group_of(rooms, context, request["logGroupName"])
    check_unprotected(group)
    await rooms.groups.delete(group.account, group.region, group.name)
    return {}


@operations.add("PutLogGroupDeletionProtection", needs=Role.WRITE)
async def put_deletion_protection(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forbid or allow that a group is deleted."""
    await _change(
        rooms,
        context,
        request["logGroupIdentifier"],
        deletion_protected=int(request["deletionProtectionEnabled"]),
    )
    return {}


@operations.add("DescribeLogGroups", bound=True)
async def describe_log_groups(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Groups by name, with what is known of them."""
    prefix, part = request.get("logGroupNamePrefix") or "", request.get("logGroupNamePattern") or ""
    if prefix and part:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    names = {place_of(context, one)[2] for one in request.get("logGroupIdentifiers") or ()}
    class_ = request.get("logGroupClass")

    def fits(group: Group) -> bool:
        return (not class_ or group.class_ == class_) and (not names or group.name in names)

    found, token = await _page(rooms, context, request, fits, prefix=prefix, part=part)
    try:
        sizes = await rooms.reader.stored_bytes(found) if found else {}
    except QueryAborted:  # too much to sum on the way; the answer does without
        sizes = {}
    filters = await rooms.filters.counts([group.id for group in found])
    policies = await rooms.room.policies.every()
    described = [
        {
            **_described(group, sizes.get(group.id), filters.get(group.id, 0)),
            **({"dataProtectionStatus": "ACTIVATED"} if group.id in policies.groups else {}),
            **({"inheritedProperties": [_INHERITED]} if (group.account, group.region) in policies.accounts else {}),
        }
        for group in found
    ]
    return {"logGroups": described, **token}


@operations.add("ListLogGroups", bound=True)
async def list_log_groups(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Groups by name, their names alone."""
    if request.get("dataSources"):
        raise invalid("cannot list log groups by dataSources: trimtab keeps none; leave it out")
    fields = request.get("fieldIndexNames") or ()
    policies = await rooms.room.documents.every(DocumentKind.INDEX) if fields else None
    pattern = re.compile(request.get("logGroupNamePattern") or "")
    class_, wanted = request.get("logGroupClass"), request.get("logGroupTags") or ()
    tags: dict[str, dict[str, str]] = {}

    def fits(group: Group) -> bool:
        own = tags.get(group.arn, {})
        tagged = all(
            one["key"] in own and own[one["key"]] in (one.get("values") or [own[one["key"]]]) for one in wanted
        )
        if policies is not None:
            policy = policies.of(group)
            tagged = tagged and indexed(policy.text if policy is not None else "", fields)
        return (not class_ or group.class_ == class_) and pattern.search(group.name) is not None and tagged

    found, token = await _page(rooms, context, request, fits, tags=tags if wanted else None)
    return {
        "logGroups": [
            {"logGroupName": group.name, "logGroupArn": group.arn, "logGroupClass": group.class_} for group in found
        ],
        **token,
    }


@operations.add("PutRetentionPolicy", needs=Role.WRITE)
async def put_retention_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep events of a group for some days."""
    days = request["retentionInDays"]
    if days not in RETENTIONS:
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(map(str, RETENTIONS))}]"
        )
    await _change(rooms, context, request["logGroupName"], retention_days=days)
    return {}


@operations.add("DeleteRetentionPolicy", needs=Role.WRITE)
async def delete_retention_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep events of a group for ever."""
    await _change(rooms, context, request["logGroupName"], retention_days=None)
    return {}


@operations.add("AssociateKmsKey", needs=Role.WRITE)
async def associate_kms_key(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Note a key of a group. It is kept and answered; trimtab encrypts nothing by it."""
    await _change(rooms, context, _keyed(request), kms_key=request["kmsKeyId"])
    return {}


@operations.add("DisassociateKmsKey", needs=Role.WRITE)
async def disassociate_kms_key(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forget the key of a group."""
    await _change(rooms, context, _keyed(request), kms_key="")
    return {}


def check_unprotected(group: Group) -> None:
    """Raises AwsError for a group that must not be deleted."""
    if group.deletion_protected:
        raise AwsError(
            "ValidationException",
            f"The log group {group.name} has deletion protection enabled. Disable it before you delete it.",
        )


async def _change(rooms: LogRooms, context: CallContext, identifier: str, **values: Any) -> None:
    group = await group_of(rooms, context, identifier)
    await rooms.groups.change(group.account, group.region, group.name, values)


def _keyed(request: Request) -> str:
    """The group that a key is for. Raises AwsError."""
    name, identifier = request.get("logGroupName"), request.get("resourceIdentifier")
    if bool(name) == bool(identifier):
        raise invalid("Exactly one of logGroupName and resourceIdentifier must be specified.")
    return str(name or identifier)


async def _page(
    rooms: LogRooms,
    context: CallContext,
    request: Request,
    fits: Callable[[Group], bool],
    *,
    tags: dict[str, dict[str, str]] | None = None,
    prefix: str = "",
    part: str = "",
) -> tuple[list[Group], dict[str, str]]:
    """The groups of a page that fit, and the members that name the next one; `tags` is filled by ARN where given."""
    limit, last = request.get("limit") or _PAGE, after(request.get("nextToken"))
    found: list[Group] = []
    while len(found) <= limit:
        some = await rooms.groups.listed(
            context.account, context.region, prefix=prefix, part=part, after=last, limit=_READ
        )
        seen = await rooms.reader.visible(context.scope, some)
        if tags is not None:
            tags |= await rooms.groups.tags_of([group.arn for group in seen])
        found += filter(fits, seen)
        if len(some) < _READ:
            break
        last = some[-1].name
    token = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    return found[:limit], token


def _described(group: Group, stored: int | None, filters: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": filters,
        "arn": f"{group.arn}:*",
        "logGroupArn": group.arn,
        "logGroupClass": group.class_,
    }
    if stored is not None:
        described["storedBytes"] = stored
    if group.retention_days is not None:
        described["retentionInDays"] = group.retention_days
    if group.kms_key:
        described["kmsKeyId"] = group.kms_key
    if group.deletion_protected:
        described["deletionProtectionEnabled"] = True
    return described


SEQUENCE_TOKEN = "49039859434600000000000000000000000000000000000000000001"  # noqa: S105 - a constant that stands for one
"""What stands for a sequence token: AWS still answers one and, as documented, accepts every one."""


@operations.add("CreateLogStream", needs=Role.WRITE)
async def create_log_stream(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Make a stream in a group."""
    group = await group_of(rooms, context, request["logGroupName"])
    try:
        await rooms.groups.create_stream(group, request["logStreamName"])
    except Conflict as problem:
        raise AwsError("ResourceAlreadyExistsException", str(problem)) from None
    return {}


@operations.add("DeleteLogStream", needs=Role.WRITE)
async def delete_log_stream(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a stream with its events."""
    group = await group_of(rooms, context, request["logGroupName"])
    check_unprotected(group)
    await rooms.groups.delete_stream(group, request["logStreamName"])
    return {}


@operations.add("DescribeLogStreams", bound=True)
async def describe_log_streams(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Streams of a group, by name or by their last event."""
    group = await group_of(rooms, context, request.get("logGroupName"), request.get("logGroupIdentifier"))
    prefix, limit = request.get("logStreamNamePrefix") or "", request.get("limit") or _PAGE
    by_last = request.get("orderBy") == "LastEventTime"
    if by_last and prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    begin = after(request.get("nextToken"))
    if by_last and begin and not begin.isdecimal():
        raise invalid("The specified nextToken is invalid.")
    found = await rooms.groups.streams(
        group,
        prefix=prefix,
        after=begin,
        limit=limit + 1,
        by_last=by_last,
        descending=bool(request.get("descending")),
    )
    streams = [_stream_described(group, stream) for stream in found[:limit]]
    if len(found) <= limit:
        return {"logStreams": streams}
    position = str(int(begin or 0) + limit) if by_last else found[limit - 1].name
    return {"logStreams": streams, "nextToken": encode_token(position)}


def _stream_described(group: Group, stream: Stream) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
    if stream.first_ms is not None:
        described |= {
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
            "uploadSequenceToken": SEQUENCE_TOKEN,
        }
    return described
