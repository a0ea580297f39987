"""Tags of rules and buses."""

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    await rooms.room.tags.change(request["ResourceARN"], {one["Key"]: one["Value"] for one in request["Tags"]})
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.tags.change(request["ResourceARN"], {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    found = await rooms.room.tags.of(request["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}
