"""Operations on capacity blocks: machines of the fleet that are bought for a time, at the fleet's price."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.capacity.training_plans import HOUR_MS, MOST_HOURS, Block, earliest, fits, offer_id, offer_of
from trimtab.doors.aws.ec2.rooms import (
    BLOCK,
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
from trimtab.doors.aws.tags import listed_tags
from trimtab.inventory.served.model import RESERVATION, Served

_DAY_H, _WEEK_H, _DAYS = 24, 168, 14


@operation("DescribeCapacityBlockOfferings")
async def describe_offerings(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """The earliest time at which the fleet has machines of a type beside what is set aside, and what they cost."""
    for name in ("UltraserverType", "UltraserverCount", "InstanceTypePreferences"):
        if request.get(name):
            raise InvalidInput(f"The parameter {name} is not supported: blocks are of single machines of one type.")
    hours = request["CapacityDurationHours"]
    if hours < _DAY_H or hours > MOST_HOURS or hours % (_DAY_H if hours <= _DAYS * _DAY_H else _WEEK_H):
        raise InvalidInput(
            f"Value ({hours}) for parameter CapacityDurationHours is invalid: expected up to 14 days, "
            f"or weeks up to {MOST_HOURS // _WEEK_H}, in hours."
        )
    now_ms = rooms.clock.now_ms()
    start_ms = max(request.get("StartDateRange") or 0, -(-now_ms // HOUR_MS) * HOUR_MS)
    where, taken = place(context), await rooms.set_aside.taken(place(context))
    offers = []
    for type_, number in sorted((await rooms.set_aside.machines(where)).items()):
        if type_ and request.get("InstanceType", type_) == type_:
            block = Block(type_, request.get("InstanceCount") or 1, start_ms, start_ms + hours * HOUR_MS)
            found = earliest(block, number, taken, request.get("EndDateRange"))
            if found is not None:
                offers.append(await _offer(rooms, found, context))
    shown, more = page_of(offers, request)
    return {"CapacityBlockOfferings": shown, **more}


@operation("PurchaseCapacityBlock", Role.ADMIN)
async def purchase_block(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Take an offer, where the fleet still has its machines; the reservation is of the whole block."""
    try:
        block, targets = offer_of(request["CapacityBlockOfferingId"].replace("cbo-", "tpo-", 1))
    except InvalidInput:
        targets = ()
    if targets != (BLOCK,):
        raise InvalidInput(f"Invalid value '{request['CapacityBlockOfferingId']}' for CapacityBlockOfferingId.")
    where = place(context)
    machines, taken = await rooms.set_aside.machines(where), await rooms.set_aside.taken(where)
    if block.end_ms <= rooms.clock.now_ms() or not fits(block, machines[block.type], taken):
        raise AwsError("InsufficientInstanceCapacity", "The capacity block offering is no longer available.")
    id_ = new_id().replace("-", "")
    form = {
        "InstanceType": block.type, "InstanceCount": block.count, "StartTime": block.start_ms,
        "EndTime": block.end_ms, "InstancePlatform": request["InstancePlatform"], "ReservationType": BLOCK,
        "CapacityBlockId": f"cb-{id_[:17]}", "InstanceMatchCriteria": "targeted",
        "AvailabilityZone": await rooms.set_aside.zone(where, block.type), **await _price(rooms, block, context),
    }  # fmt: skip
    made = await rooms.served.create(where, RESERVATION, f"cr-{id_[-17:]}", form, "", tags_asked(request))
    [shape] = await shapes(rooms, [made], context)
    return {"CapacityReservation": shape, "CapacityBlocks": [await _block(rooms, made)]}


@operation("DescribeCapacityBlocks")
async def describe_blocks(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
    """Blocks that were bought."""
    found = [one for one in await reservations(rooms, (), context) if one.form["ReservationType"] == BLOCK]
    ids = request.get("CapacityBlockIds") or ()
    missing = sorted(set(ids) - {one.form["CapacityBlockId"] for one in found})
    if missing:
        raise AwsError("InvalidCapacityBlockId.NotFound", f"The capacity block ID '{missing[0]}' does not exist")
    rows = [await _block(rooms, one) for one in found if not ids or one.form["CapacityBlockId"] in ids]
    kept = filtered(rows, request, {
        "capacity-block-id": lambda one: [one["CapacityBlockId"]],
        "state": lambda one: [one["State"]],
        "availability-zone": lambda one: [one["AvailabilityZone"]],
        **TAG_FILTERS,
    })  # fmt: skip
    shown, more = page_of(kept, request)
    return {"CapacityBlocks": shown, **more}


async def _price(rooms: Ec2Rooms, block: Block, context: CallContext) -> dict[str, str]:
    fee = await rooms.set_aside.fee(block, context.region)
    return {"UpfrontFee": f"{fee.amount:f}", "CurrencyCode": fee.currency} if fee is not None else {}


async def _offer(rooms: Ec2Rooms, block: Block, context: CallContext) -> dict[str, Any]:
    return {
        "CapacityBlockOfferingId": offer_id(block, (BLOCK,)).replace("tpo-", "cbo-", 1),
        "InstanceType": block.type,
        "AvailabilityZone": await rooms.set_aside.zone(place(context), block.type),
        "InstanceCount": block.count,
        "StartDate": block.start_ms,
        "EndDate": block.end_ms,
        "CapacityBlockDurationHours": block.hours,
        "CapacityBlockDurationMinutes": block.hours * 60,
        "Tenancy": "default",
        **await _price(rooms, block, context),
    }


async def _block(rooms: Ec2Rooms, one: Served) -> dict[str, Any]:
    return {
        "CapacityBlockId": one.form["CapacityBlockId"],
        "AvailabilityZone": one.form["AvailabilityZone"],
        "CapacityReservationIds": [one.name],
        "StartDate": one.form["StartTime"],
        "EndDate": one.form["EndTime"],
        "CreateDate": one.created_ms,
        "State": state_of(one, rooms.clock.now_ms()),
        "Tags": listed_tags(await rooms.served.tags_of(one.arn)),
    }
