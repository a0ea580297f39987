"""Event buses and who else may put events on them."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.model import Bus

_OPTIONS = ("KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


@operations.add("CreateEventBus", needs=Role.WRITE)
async def create_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make a bus."""
    options, description = _options(request), request.get("Description") or ""
    bus = await rooms.room.buses.create(place_of(context), request["Name"], description, options)
    if request.get("Tags"):
        await rooms.room.tags.change(bus.arn, {one["Key"]: one["Value"] for one in request["Tags"]})
    return {"EventBusArn": bus.arn, **without_empty({"Description": description}), **options}


@operations.add("DescribeEventBus")
async def describe_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One bus."""
    bus = await rooms.room.buses.get(place_of(context), request.get("Name") or "")
    return {**_described(bus), **bus.options}


@operations.add("ListEventBuses")
async def list_event_buses(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The buses, by name."""
    found, more = page(
        await rooms.room.buses.listed(place_of(context), request.get("NamePrefix") or ""), request, "NextToken"
    )
    return {"EventBuses": [_described(bus) for bus in found], **more}


@operations.add("UpdateEventBus", needs=Role.WRITE)
async def update_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Change a bus's description and options."""
    bus = await rooms.room.buses.update(
        place_of(context), request.get("Name") or "", request.get("Description"), _options(request)
    )
    return {"Arn": bus.arn, "Name": bus.name, **without_empty({"Description": bus.description}), **bus.options}


@operations.add("DeleteEventBus", needs=Role.WRITE)
async def delete_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete a bus that has no rules."""
    await rooms.room.buses.delete(place_of(context), request["Name"])
    return {}


@operations.add("PutPermission", needs=Role.ADMIN)
async def put_permission(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Let another account put events on a bus: kept as the bus's policy."""
    place, name = place_of(context), request.get("EventBusName") or ""
    if request.get("Policy"):
        await rooms.room.buses.permit(place, name, None, request["Policy"])
        return {}
    missing = [one for one in ("Action", "Principal", "StatementId") if not request.get(one)]
    if missing:
        raise AwsError("ValidationError", f"Parameter {missing[0]} must be specified.")
    if request["Action"] != "events:PutEvents":
        raise AwsError("ValidationError", "Provided value in parameter 'action' is not supported.")
    principal = request["Principal"]
    statement: dict[str, Any] = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": request["Action"],
        "Resource": (await rooms.room.buses.get(place, name)).arn,
    }
    if condition := request.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    await rooms.room.buses.permit(place, name, statement, None)
    return {}


@operations.add("RemovePermission", needs=Role.ADMIN)
async def remove_permission(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Take a permission back."""
    statement = None if request.get("RemoveAllPermissions") else request.get("StatementId")
    if statement is None and not request.get("RemoveAllPermissions"):
        raise AwsError("ValidationError", "Parameter StatementId must be specified.")
    await rooms.room.buses.forbid(place_of(context), request.get("EventBusName") or "", statement)
    return {}


def _options(request: Request) -> dict[str, Any]:
    return {name: request[name] for name in _OPTIONS if request.get(name)}


def _described(bus: Bus) -> dict[str, Any]:
    times = {"CreationTime": bus.created_ms, "LastModifiedTime": bus.changed_ms} if bus.created_ms else {}
    said = without_empty({"Description": bus.description, "Policy": bus.policy})
    return {"Name": bus.name, "Arn": bus.arn, **said, **times}
