"""Tags of log groups, by the two families of operations that AWS has for them, and of deliveries by one of them."""

from collections.abc import Mapping, Sequence

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.model import Group
from trimtab.logs.vended import VendedKind


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to a group, or to what is about deliveries, or replace values of those it has."""
    await _change(rooms, context, request["resourceArn"], request["tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags from a group, or from what is about deliveries."""
    await _change(rooms, context, request["resourceArn"], {}, request["tagKeys"])
    return {}


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a group, or of what is about deliveries."""
    arn = request["resourceArn"]
    if not _is_vended(arn):
        return await _tags(rooms, await group_of(rooms, context, arn))
    found = await rooms.room.vended.by_arn((context.account, context.region), arn)
    return {"tags": (await rooms.room.vended.tags_of([found.arn])).get(found.arn, {})}


@operations.add("TagLogGroup", needs=Role.WRITE)
async def tag_log_group(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to a group, or replace values of those it has."""
    try:
        await rooms.groups.change_tags(await group_of(rooms, context, request["logGroupName"]), request["tags"])
    except LimitExceeded as problem:
        raise invalid(str(problem)) from None
    return {}


@operations.add("UntagLogGroup", needs=Role.WRITE)
async def untag_log_group(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags from a group."""
    group = await group_of(rooms, context, request["logGroupName"])
    await rooms.groups.change_tags(group, {}, request["tags"])
    return {}


@operations.add("ListTagsLogGroup", bound=True)
async def list_tags_log_group(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a group."""
    return await _tags(rooms, await group_of(rooms, context, request["logGroupName"]))


async def _tags(rooms: LogRooms, group: Group) -> Answer:
    return {"tags": (await rooms.groups.tags_of([group.arn])).get(group.arn, {})}


async def _change(
    rooms: LogRooms, context: CallContext, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    try:
        if _is_vended(arn):
            found = await rooms.room.vended.by_arn((context.account, context.region), arn)
            await rooms.room.vended.change_tags(found, put, remove)
        else:
            await rooms.groups.change_tags(await group_of(rooms, context, arn), put, remove)
    except LimitExceeded as problem:
        raise AwsError("TooManyTagsException", str(problem), members={"resourceName": arn}) from None


def _is_vended(arn: str) -> bool:
    """Whether an ARN is one of a delivery, or of one of its ends."""
    return arn.startswith("arn:") and any(f":{kind}:" in arn for kind in VendedKind)
