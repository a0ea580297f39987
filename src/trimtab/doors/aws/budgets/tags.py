"""Tags of budgets and their actions."""

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations, scope_of, tags_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    try:
        await rooms.room.tags.change(scope_of(context), request["ResourceARN"], tags_of(request))
    except LimitExceeded as problem:
        raise AwsError("ServiceQuotaExceededException", str(problem)) from None
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.tags.change(scope_of(context), request["ResourceARN"], {}, request["ResourceTagKeys"])
    return {}


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a budget or an action."""
    found = await rooms.room.tags.of(scope_of(context), request["ResourceARN"])
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in found.items()]}
