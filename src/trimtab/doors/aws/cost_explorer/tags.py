"""Tags of anomaly monitors, of subscriptions and of cost categories."""

from collections.abc import Mapping, Sequence

from trimtab.access.principal import Role
from trimtab.doors.aws.cost_explorer.anomaly_shapes import room_of, whose, worded
from trimtab.doors.aws.cost_explorer.categories import category_of
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    arn, known = await _known(rooms, request, context)
    with worded():
        found = await room_of(rooms).subscriptions.tags(whose(context)[0], arn, known=known)
    return {"ResourceTags": listed_tags(found)}


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    arn, known = await _known(rooms, request, context)
    try:
        await _change(rooms, context, arn, known, tags_of(request, "ResourceTags"))
    except AwsError as problem:
        if problem.code == "ValidationError":  # of what else could be wrong the model knows
            raise AwsError("TooManyTagsException", str(problem), members={"ResourceName": arn}) from None
        raise
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    arn, known = await _known(rooms, request, context)
    await _change(rooms, context, arn, known, {}, request["ResourceTagKeys"])
    return {}


async def _known(rooms: CostExplorerRooms, request: Request, context: CallContext) -> tuple[str, bool]:
    """The ARN of a request, and whether it is one of a cost category, which then exists. Raises AwsError."""
    arn: str = request["ResourceArn"]
    if ":costcategory/" not in arn:
        return arn, False
    return await category_of(rooms, context, arn), True


async def _change(
    rooms: CostExplorerRooms,
    context: CallContext,
    arn: str,
    known: bool,
    put: Mapping[str, str],
    remove: Sequence[str] = (),
) -> None:
    with worded():
        await room_of(rooms).subscriptions.tag(whose(context)[0], arn, put, remove, known=known)
