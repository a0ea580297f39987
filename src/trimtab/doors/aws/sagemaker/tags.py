"""Tags of SageMaker's resources."""

import re

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, operations, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import KINDS

_ARN = re.compile(r"arn:aws:sagemaker:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<kind>[\w-]+)/(?P<name>.+)")
_MOST = 50


@operations.add("AddTags", needs=Role.WRITE)
async def add_tags(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Set tags; all that the resource has now."""
    arn = await _need(rooms, request["ResourceArn"], context)
    known = await rooms.served.tags_of(arn)
    if len({**known, **tags_of(request)}) > _MOST:
        raise InvalidInput(f"A resource has {_MOST} tags at most.")
    await rooms.served.tag(arn, tags_of(request))
    return {"Tags": _shapes({**known, **tags_of(request)})}


@operations.add("ListTags")
async def list_tags(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    return {"Tags": _shapes(await rooms.served.tags_of(await _need(rooms, request["ResourceArn"], context)))}


@operations.add("DeleteTags", needs=Role.WRITE)
async def delete_tags(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.served.tag(await _need(rooms, request["ResourceArn"], context), {}, request["TagKeys"])
    return {}


async def _need(rooms: SageMakerRooms, arn: str, context: CallContext) -> str:
    match = _ARN.fullmatch(arn)
    if match is None or match["kind"] not in KINDS or match["account"] != context.account:
        raise InvalidInput(f"Could not find resource {arn}.")
    for one in await rooms.served.listed(context.scope, match["kind"]):
        if one.arn == arn:
            return arn
    raise InvalidInput(f"Could not find resource {arn}.")


def _shapes(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(found.items())]
