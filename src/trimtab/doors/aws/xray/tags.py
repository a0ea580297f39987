"""Tags of groups and sampling rules."""

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, operations, page_of

_PAGE = 50


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Add tags, or replace values of those that are there."""
    arn = await _arn(rooms, request, context)
    try:
        await rooms.traces.tags.change(arn, {item["Key"]: item["Value"] for item in request["Tags"]})
    except LimitExceeded as problem:
        raise AwsError("TooManyTagsException", str(problem), members={"ResourceName": arn}) from None
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.traces.tags.change(await _arn(rooms, request, context), {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a group or a rule, by key."""
    found = await rooms.traces.tags.of(await _arn(rooms, request, context))
    page, more = page_of([{"Key": key, "Value": value} for key, value in found.items()], request, _PAGE)
    return {"Tags": page, **more}


async def _arn(rooms: XRayRooms, request: Request, context: CallContext) -> str:
    """The ARN of a request, of a group or rule that there is. Raises AwsError."""
    arn: str = request["ResourceARN"]
    place = context.account, context.region
    known = [group.arn for group in await rooms.traces.groups.listed(*place)]
    known += [one.rule.arn(*place) for one in await rooms.traces.rules.listed(*place)]
    if arn not in known:
        message = f"There is no group or sampling rule {arn}"
        raise AwsError("ResourceNotFoundException", message, members={"ResourceName": arn})
    return arn
