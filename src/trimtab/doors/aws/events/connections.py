"""Operations on connections and API destinations."""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.connections import SignIn
from trimtab.triggers.destinations import Destination

T = TypeVar("T")
RATE = 300
"""Invocations a second of a destination that names no limit, as recorded."""


@operations.add("CreateConnection", needs=Role.WRITE)
async def create_connection(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make a connection."""
    made = await rooms.room.connections.create(
        place_of(context),
        request["Name"],
        request["AuthorizationType"],
        request["AuthParameters"],
        request.get("Description") or "",
    )
    answer = _changed(made)
    answer.pop("LastAuthorizedTime", None)
    return answer


@operations.add("DescribeConnection")
async def describe_connection(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One connection, without secrets."""
    found = await _described("connection", rooms.room.connections.get(place_of(context), request["Name"]))
    place = found.place
    of = f"arn:{partition_of(place.region)}:secretsmanager:{place.region}:{place.account}"
    secret = f"{of}:secret:events!connection/{found.name}/{uuid5(NAMESPACE_URL, found.arn)}"
    said = without_empty({"Description": found.description, "SecretArn": secret})
    return {**_listed(found), **said, "AuthParameters": found.shown}


@operations.add("ListConnections")
async def list_connections(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The connections, by name."""
    found = await rooms.room.connections.listed(
        place_of(context), request.get("NamePrefix") or "", request.get("ConnectionState")
    )
    shown, more = page(found, request)
    return {"Connections": [_listed(one) for one in shown], **more}


@operations.add("UpdateConnection", needs=Role.WRITE)
async def update_connection(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Change a connection."""
    changed = await rooms.room.connections.update(
        place_of(context),
        request["Name"],
        request.get("AuthorizationType"),
        request.get("AuthParameters"),
        request.get("Description"),
    )
    return _changed(changed)


@operations.add("DeauthorizeConnection", needs=Role.WRITE)
async def deauthorize_connection(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Forget a connection's secrets."""
    return _changed(await rooms.room.connections.deauthorize(place_of(context), request["Name"]))


@operations.add("DeleteConnection", needs=Role.WRITE)
async def delete_connection(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete a connection that no destination uses."""
    try:
        gone = await rooms.room.connections.delete(place_of(context), request["Name"])
    except Conflict as problem:
        raise AwsError("ConcurrentModificationException", str(problem)) from None
    return {**_changed(gone), "ConnectionState": "DELETING"}


async def _described(kind: str, found: Awaitable[T]) -> T:
    """What is described. Raises NotFound in the words that the service has where it describes, as recorded."""
    try:
        return await found
    except NotFound as problem:
        raise NotFound(f"Failed to describe the {kind}(s). {problem}") from None


def _changed(one: SignIn) -> dict[str, Any]:
    times = {"CreationTime": one.created_ms, "LastModifiedTime": one.changed_ms}
    authorized = {} if one.authorized_ms is None else {"LastAuthorizedTime": one.authorized_ms}
    return {"ConnectionArn": one.arn, "ConnectionState": one.state, **times, **authorized}


def _listed(one: SignIn) -> dict[str, Any]:
    return {**_changed(one), "Name": one.name, "AuthorizationType": one.kind}


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
    return _destination_changed(
        await rooms.room.destinations.create(place_of(context), request["Name"], _values(request))
    )


@operations.add("DescribeApiDestination")
async def describe_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One destination."""
    found = await _described("api-destination", rooms.room.destinations.get(place_of(context), request["Name"]))
    return {**_destination_listed(found), **without_empty({"Description": found.description})}


@operations.add("ListApiDestinations")
async def list_api_destinations(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The destinations, by name."""
    found = await rooms.room.destinations.listed(
        place_of(context), request.get("NamePrefix") or "", request.get("ConnectionArn")
    )
    shown, more = page(found, request)
    return {"ApiDestinations": [_destination_listed(one) for one in shown], **more}


@operations.add("UpdateApiDestination", needs=Role.WRITE)
async def update_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Change a destination."""
    return _destination_changed(
        await rooms.room.destinations.update(place_of(context), request["Name"], _values(request))
    )


@operations.add("DeleteApiDestination", needs=Role.WRITE)
async def delete_api_destination(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete a destination."""
    await rooms.room.destinations.delete(place_of(context), request["Name"])
    return {}


def _values(request: Request) -> dict[str, Any]:
    return {column: request[member] for member, column in _MEMBERS.items() if request.get(member) is not None}


def _destination_changed(one: Destination) -> dict[str, Any]:
    times = {"CreationTime": one.created_ms, "LastModifiedTime": one.changed_ms}
    return {"ApiDestinationArn": one.arn, "ApiDestinationState": "ACTIVE", **times}


def _destination_listed(one: Destination) -> dict[str, Any]:
    rate = RATE if one.rate is None else one.rate
    where = {"ConnectionArn": one.connection, "InvocationEndpoint": one.endpoint, "HttpMethod": one.method}
    return {**_destination_changed(one), "Name": one.name, **where, "InvocationRateLimitPerSecond": rate}
