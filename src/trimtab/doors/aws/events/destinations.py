"""API destinations."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.destinations import Destination

_MEMBERS = {
    "Description": "description",
    "ConnectionArn": "connection",
    "InvocationEndpoint": "endpoint",
    "HttpMethod": "method",
    "InvocationRateLimitPerSecond": "rate",
}


@operations.add("CreateApiDestination", needs=Role.WRITE)
async def create_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make a destination."""
    return _changed(await rooms.room.destinations.create(place_of(context), request["Name"], _values(request)))


@operations.add("DescribeApiDestination")
async def describe_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One destination."""
    found = await rooms.room.destinations.get(place_of(context), request["Name"])
    return {**_listed(found), **without_empty({"Description": found.description})}


@operations.add("ListApiDestinations")
async def list_api_destinations(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The destinations, by name."""
    found = await rooms.room.destinations.listed(
        place_of(context), request.get("NamePrefix") or "", request.get("ConnectionArn")
    )
    shown, more = page(found, request, "NextToken")
    return {"ApiDestinations": [_listed(one) for one in shown], **more}


@operations.add("UpdateApiDestination", needs=Role.WRITE)
async def update_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Change a destination."""
    return _changed(await rooms.room.destinations.update(place_of(context), request["Name"], _values(request)))


@operations.add("DeleteApiDestination", needs=Role.WRITE)
async def delete_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete a destination."""
    await rooms.room.destinations.delete(place_of(context), request["Name"])
    return {}


def _values(request: Request) -> dict[str, Any]:
    return {column: request[member] for member, column in _MEMBERS.items() if request.get(member) is not None}


def _changed(one: Destination) -> dict[str, Any]:
    times = {"CreationTime": one.created_ms, "LastModifiedTime": one.changed_ms}
    return {"ApiDestinationArn": one.arn, "ApiDestinationState": "ACTIVE", **times}


def _listed(one: Destination) -> dict[str, Any]:
    rate = {} if one.rate is None else {"InvocationRateLimitPerSecond": one.rate}
    where = {"ConnectionArn": one.connection, "InvocationEndpoint": one.endpoint, "HttpMethod": one.method}
    return {**_changed(one), "Name": one.name, **where, **rate}
