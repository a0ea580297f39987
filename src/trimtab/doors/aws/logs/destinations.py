"""Destinations of subscription filters, with access policies that are kept and not enforced."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import encode_token
from trimtab.doors.aws.logs.rooms import LogRooms, after, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.forwarding.model import Destination

_PAGE = 50


@operations.add("PutDestination", needs=Role.WRITE)
async def put_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Give a place a name."""
    put = rooms.room.forwarding.destinations.put
    try:
        made = await put(
            context.account, context.region, request["destinationName"], request["targetArn"], request["roleArn"]
        )
    except InvalidInput as problem:
        raise invalid(str(problem)) from None
    return {"destination": _shown(made)}


@operations.add("PutDestinationPolicy", needs=Role.WRITE)
async def put_destination_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep who may send to a destination."""
    put = rooms.room.forwarding.destinations.put_policy
    await put(context.account, context.region, request["destinationName"], request["accessPolicy"])
    return {}


@operations.add("DescribeDestinations")
async def describe_destinations(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Destinations by name."""
    limit, prefix = request.get("limit") or _PAGE, request.get("DestinationNamePrefix") or ""
    listed = rooms.room.forwarding.destinations.listed
    found = await listed(context.account, context.region, prefix, after(request.get("nextToken")), limit + 1)
    more = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    return {"destinations": [_shown(one) for one in found[:limit]], **more}


@operations.add("DeleteDestination", needs=Role.WRITE)
async def delete_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove a destination."""
    await rooms.room.forwarding.destinations.delete(context.account, context.region, request["destinationName"])
    return {}


def _shown(destination: Destination) -> dict[str, Any]:
    policy = {"accessPolicy": destination.policy} if destination.policy else {}
    return {
        "destinationName": destination.name,
        "targetArn": destination.target,
        "roleArn": destination.role,
        "arn": destination.arn,
        "creationTime": destination.created_ms,
        **policy,
    }
