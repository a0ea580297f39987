"""Tags of trails and event data stores."""

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.cloudtrail.event_data_stores import store_of
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, operations
from trimtab.doors.aws.cloudtrail.trails import trail_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_MOST = 20  # resources of a ListTags, as documented


@operations.add("AddTags", needs=Role.WRITE)
async def add_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    arn = await _resource(rooms, context, request["ResourceId"])
    try:
        await rooms.audit.tags.add(arn, {one["Key"]: one.get("Value", "") for one in request["TagsList"]})
    except LimitExceeded as problem:
        raise AwsError("TagsLimitExceededException", str(problem)) from None
    return {}


@operations.add("RemoveTags", needs=Role.WRITE)
async def remove_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Take tags off, by their keys."""
    arn = await _resource(rooms, context, request["ResourceId"])
    await rooms.audit.tags.remove(arn, [one["Key"] for one in request["TagsList"]])
    return {}


@operations.add("ListTags")
async def list_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The tags of up to 20 resources."""
    found = []
    for resource in request["ResourceIdList"][:_MOST]:
        arn = await _resource(rooms, context, resource)
        tags = await rooms.audit.tags.of(arn)
        found.append({"ResourceId": arn, "TagsList": [{"Key": key, "Value": value} for key, value in tags.items()]})
    return {"ResourceTagList": found}


async def _resource(rooms: CloudTrailRooms, context: CallContext, arn: str) -> str:
    """The ARN of what exists and belongs to the caller. Raises AwsError."""
    if ":eventdatastore/" in arn:
        return (await store_of(rooms, context, arn)).arn
    return (await trail_of(rooms, context, arn)).arn
