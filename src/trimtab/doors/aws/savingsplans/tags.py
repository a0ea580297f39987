"""Tags of recorded plans."""

from trimtab.access.principal import Role
from trimtab.doors.aws.savingsplans.rooms import SavingsPlansRooms, operations, scope_of
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    recorded = rooms.room.recorded
    found = await recorded.by_arn(scope_of(context), request["resourceArn"])
    await recorded.tag(found.arn, request["tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    recorded = rooms.room.recorded
    found = await recorded.by_arn(scope_of(context), request["resourceArn"])
    await recorded.tag(found.arn, {}, request["tagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a plan."""
    found = await rooms.room.recorded.by_arn(scope_of(context), request["resourceArn"])
    return {"tags": await rooms.room.recorded.tags(found.arn)}
