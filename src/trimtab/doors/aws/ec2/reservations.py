"""Operations on capacity reservations: machines of the fleet that are kept for their owner, and their tags."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64, new_id
from trimtab.capacity.set_aside import CANCELLED
from trimtab.capacity.training_plans import FOREVER_MS, Block, fits
from trimtab.doors.aws.ec2.rooms import (
    BLOCK,
    OWN,
    TAG_FILTERS,
    Ec2Rooms,
    filtered,
    operation,
    page_of,
    place,
    reservations,
    shapes,
    state_of,
    tags_asked,
)
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import RESERVATION, Served

_OVER = ("cancelled", "expired")


@operation("CreateCapacityReservation", Role.ADMIN)
async def create_reservation(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Keep machines of a type from now on, until a time or until it is cancelled."""
    for name in ("StartDate", "CommitmentDuration", "OutpostArn", "PlacementGroupArn", "AvailabilityZoneId"):
        if request.get(name):
            raise InvalidInput(f"The parameter {name} is not supported.")
    now_ms, count, where = rooms.clock.now_ms(), request["InstanceCount"], place(context)
    end_ms = request.get("EndDate")
    ends = "limited" if end_ms else "unlimited"
    if request.get("EndDateType", ends) != ends:
        raise InvalidInput("EndDate must be given where EndDateType is limited, and only there.")
    if end_ms is not None and end_ms <= now_ms:
        raise InvalidInput("The EndDate must be in the future.")
    if count < 1:
        raise InvalidInput(f"Value ({count}) for parameter InstanceCount is invalid.")
    name = _id(request.get("ClientToken"), context)
    known = [one for one in await rooms.set_aside.reservations(where) if one.name == name]
    if not known:
        block = Block(request["InstanceType"], count, now_ms, end_ms or FOREVER_MS)
        machines = await rooms.set_aside.machines(where)
        if not fits(block, machines[block.type], await rooms.set_aside.taken(where)):
            said = f"Insufficient capacity: of {machines[block.type]} machines of {block.type} too many are set aside."
            raise AwsError("InsufficientInstanceCapacity", said)
        zone = request.get("AvailabilityZone") or await rooms.set_aside.zone(where, block.type)
        form: dict[str, Any] = {
            "InstanceType": block.type, "InstanceCount": count, "StartTime": now_ms, "EndTime": block.end_ms,
            "InstancePlatform": request["InstancePlatform"], "ReservationType": OWN, "AvailabilityZone": zone,
            **{key: request[key] for key in ("InstanceMatchCriteria", "EbsOptimized") if key in request},
        }  # fmt: skip
        known = [await rooms.served.create(where, RESERVATION, name, form, "", tags_asked(request))]
    [shape] = await shapes(rooms, known, context)
    return {"CapacityReservation": shape}


@operation("DescribeCapacityReservations")
async def describe_reservations(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Reservations, those of capacity blocks too, with how many of their machines nobody uses now."""
    found = await reservations(rooms, request.get("CapacityReservationIds") or (), context)
    kept = filtered(await shapes(rooms, found, context), request, {
        "instance-type": lambda one: [one["InstanceType"]],
        "owner-id": lambda one: [one["OwnerId"]],
        "instance-platform": lambda one: [one["InstancePlatform"]],
        "availability-zone": lambda one: [one["AvailabilityZone"]],
        "state": lambda one: [one["State"]],
        "reservation-type": lambda one: [one["ReservationType"]],
        "end-date-type": lambda one: [one["EndDateType"]],
        "instance-match-criteria": lambda one: [one["InstanceMatchCriteria"]],
        **TAG_FILTERS,
    })  # fmt: skip
    shown, more = page_of(kept, request)
    return {"CapacityReservations": shown, **more}


@operation("GetCapacityReservationUsage")
async def get_usage(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """How many machines of a reservation runs hold now."""
    [one] = await shapes(rooms, await reservations(rooms, [request["CapacityReservationId"]], context), context)
    names = ("CapacityReservationId", "InstanceType", "TotalInstanceCount", "AvailableInstanceCount", "State")
    held = one["CapacityAllocations"][0]["Count"]
    usages = [{"AccountId": context.account, "UsedInstanceCount": held}] if held else []
    return {**{name: one[name] for name in names}, "InstanceUsages": usages}


@operation("CancelCapacityReservation", Role.ADMIN)
async def cancel_reservation(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Give the machines of a reservation back; a block that was bought stays."""
    [one] = await reservations(rooms, [request["CapacityReservationId"]], context)
    if one.form["ReservationType"] == BLOCK:
        raise AwsError("OperationNotPermitted", f"The capacity reservation {one.name} is of a Capacity Block, which "
                       "cannot be cancelled.")  # fmt: skip
    state = state_of(one, rooms.clock.now_ms())
    if state in _OVER:
        raise AwsError("InvalidCapacityReservationState", f"The capacity reservation {one.name} is {state}.")
    await rooms.served.change(one, status=CANCELLED)
    return {"Return": True}


@operation("CreateTags", Role.WRITE)
async def create_tags(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Set tags of reservations."""
    for one in await _tagged(rooms, request["Resources"], context):
        await rooms.served.tag(one.arn, tags_of(request))
    return {}


@operation("DeleteTags", Role.WRITE)
async def delete_tags(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of reservations: all, or those of some keys, and of some values where these are given."""
    for one in await _tagged(rooms, request["Resources"], context):
        known = await rooms.served.tags_of(one.arn)
        asked = request.get("Tags")
        gone = list(known) if asked is None else [
            tag["Key"] for tag in asked if tag.get("Value") in (None, known.get(tag["Key"]))
        ]  # fmt: skip
        await rooms.served.tag(one.arn, {}, gone)
    return {}


@operation("DescribeTags")
async def describe_tags(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """The tags of reservations."""
    rows: list[dict[str, Any]] = [
        {"Key": key, "ResourceId": one.name, "ResourceType": RESERVATION, "Value": value}
        for one in await rooms.set_aside.reservations(place(context))
        for key, value in (await rooms.served.tags_of(one.arn)).items()
    ]
    kept = filtered(rows, request, {
        "key": lambda one: [one["Key"]],
        "resource-id": lambda one: [one["ResourceId"]],
        "resource-type": lambda one: [one["ResourceType"]],
        "value": lambda one: [one["Value"]],
        "tag": lambda one: [f"{one['Key']}={one['Value']}"],
    })  # fmt: skip
    shown, more = page_of(kept, request)
    return {"Tags": shown, **more}


async def _tagged(rooms: Ec2Rooms, ids: Sequence[str], context: CallContext) -> list[Served]:
    other = next((one for one in ids if not one.startswith("cr-")), None)
    if other is not None:
        raise AwsError("InvalidID", f"The ID '{other}' is not valid: capacity reservations have tags here")
    return await reservations(rooms, ids, context)


def _id(token: str | None, context: CallContext) -> str:
    """The id of a reservation: that of the call before, where a client tries again with its token."""
    if not token:
        return f"cr-{new_id().replace('-', '')[-17:]}"
    return f"cr-{hash64('/'.join((*place(context), token))):017x}"
