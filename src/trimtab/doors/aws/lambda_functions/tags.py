"""Tags of functions."""

from trimtab.access.principal import Role
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms, changed, fault, function_of, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.functions.model import LambdaFunction

MOST_TAGS = 50
"""Tags of a function, as Lambda documents them."""


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Set tags of a function."""

    def work(function: LambdaFunction, now_ms: int) -> None:
        after = {**function.tags, **request["Tags"]}
        if len(after) > MOST_TAGS:
            raise fault("InvalidParameterValueException", f"Number of tags exceeds resource tag limit of {MOST_TAGS}.")
        function.tags = after

    await changed(rooms, _named(request), context, work)
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of a function."""

    def work(function: LambdaFunction, now_ms: int) -> None:
        function.tags = {key: value for key, value in function.tags.items() if key not in request["TagKeys"]}

    await changed(rooms, _named(request), context, work)
    return {}


@operations.add("ListTags")
async def list_tags(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a function."""
    return {"Tags": (await function_of(rooms, _named(request), context)).tags}


def _named(request: Request) -> Request:
    return {"FunctionName": request["Resource"]}
