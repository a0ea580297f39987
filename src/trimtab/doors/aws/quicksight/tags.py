"""Tags of QuickSight's resources."""

import re

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import ANALYSIS, DASHBOARD, DATA_SET, DATA_SOURCE, USER, Place

_ARN = re.compile(r"arn:aws:quicksight:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<kind>\w+)/(?P<path>.+)")
_TAGGED = (DATA_SOURCE, DATA_SET, ANALYSIS, DASHBOARD, USER)
_MOST = 50


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    arn = await _need(rooms, request, context)
    if len({**await rooms.room.store.tags_of(arn), **tags_of(request)}) > _MOST:
        raise LimitExceeded(f"A resource has {_MOST} tags at most.")
    await rooms.room.store.tag(arn, tags_of(request))
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.store.tag(await _need(rooms, request, context), {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    tags = await rooms.room.store.tags_of(await _need(rooms, request, context))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


async def _need(rooms: QuickSightRooms, request: Request, context: CallContext) -> str:
    """The ARN of a request, of a resource that the caller sees."""
    arn = str(request["ResourceArn"])
    match = _ARN.fullmatch(arn)
    if match is None or match["kind"] not in _TAGGED:
        raise InvalidInput(f"cannot tag {arn[:200]!r}: expected the ARN of one of {', '.join(_TAGGED)}")
    accounts = context.principal.scope.accounts
    if accounts is not None and match["account"] not in accounts:
        raise AwsError("AccessDeniedException", f"{context.principal.name} may not use account {match['account']}")
    parent, name = (
        match["path"].split("/", 1) if match["kind"] == USER and "/" in match["path"] else ("", match["path"])
    )
    one = await found(rooms, Place(match["account"], match["region"]), match["kind"], name, parent)
    return one.arn
