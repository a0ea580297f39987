"""Tags of log groups, by the two families of operations that AWS has for them."""

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.model import Group


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to a group, or replace values of those it has."""
    group = await group_of(rooms, context, request["resourceArn"])
    try:
        await rooms.groups.change_tags(group, request["tags"])
    except LimitExceeded as problem:
        raise AwsError("TooManyTagsException", str(problem), members={"resourceName": group.arn}) from None
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags from a group."""
    group = await group_of(rooms, context, request["resourceArn"])
    await rooms.groups.change_tags(group, {}, request["tagKeys"])
    return {}


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a group."""
    return await _tags(rooms, await group_of(rooms, context, request["resourceArn"]))


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
