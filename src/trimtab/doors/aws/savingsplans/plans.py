"""Operations on Savings Plans that are owned, and their tags."""

from decimal import Decimal, InvalidOperation
from typing import Any

from trimtab.access.principal import Role
from trimtab.advice.purchases.model import UPFRONT, YEAR_HOURS, Payment
from trimtab.advice.purchases.offerings import Offering, by_id
from trimtab.advice.purchases.recorded import Recorded
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.savingsplans.rooms import (
    CURRENCY,
    PAYMENTS,
    PRODUCTS,
    TYPES,
    SavingsPlansRooms,
    duration,
    filtered,
    operations,
    page,
    picked,
    scope_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request

_LEAST, _MOST = Decimal("0.001"), Decimal(5_000_000)
_AHEAD_MS = 3 * 366 * 86_400_000
_PAGE = 1000


@operations.add("CreateSavingsPlan", needs=Role.WRITE)
async def create_savings_plan(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Record a plan, from now on or queued for later."""
    room, now_ms = rooms.room, rooms.room.clock.now_ms()
    offered = by_id(room.catalog, request["savingsPlanOfferingId"])
    if offered is None:
        raise NotFound(f"The Savings Plan offering {request['savingsPlanOfferingId']} does not exist.")
    commitment = _amount(request["commitment"], "commitment")
    if not _LEAST <= commitment <= _MOST:
        raise InvalidInput(f"The commitment must be between {_LEAST} and {_MOST} dollars an hour.")
    upfront = _upfront(request, offered, commitment)
    start_ms = request.get("purchaseTime") or now_ms
    if not now_ms - 60_000 <= start_ms <= now_ms + _AHEAD_MS:
        raise InvalidInput("The purchaseTime must be in the future, and within three years.")
    found = await room.recorded.record(
        context.account, offered.id, offered.years, commitment, upfront, start_ms, request.get("clientToken") or ""
    )
    if request.get("tags"):
        await room.recorded.tag(found.arn, request["tags"])
    return {"savingsPlanId": found.id}


@operations.add("DescribeSavingsPlans")
async def describe_savings_plans(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """The recorded plans, the newest first."""
    now_ms = rooms.room.clock.now_ms()
    shapes = []
    for one in await rooms.room.recorded.listed(scope_of(context)):
        offered = by_id(rooms.room.catalog, one.offering)
        if offered is None or not picked(request.get("savingsPlanIds"), one.id):
            continue
        if not picked(request.get("savingsPlanArns"), one.arn) or not picked(request.get("states"), one.state(now_ms)):
            continue
        shape = _shape(one, offered, now_ms)
        if filtered(request.get("filters"), _facts(shape)):
            shapes.append(shape)
    shown, more = page(shapes, request, _PAGE)
    for shape in shown:
        shape["tags"] = await rooms.room.recorded.tags(shape["savingsPlanArn"])
    return {"savingsPlans": shown, **more}


@operations.add("DeleteQueuedSavingsPlan", needs=Role.WRITE)
async def delete_queued_savings_plan(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Delete a plan whose time has not come."""
    await rooms.room.recorded.delete_queued(scope_of(context), request["savingsPlanId"])
    return {}


@operations.add("ReturnSavingsPlan", needs=Role.WRITE)
async def return_savings_plan(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Return a plan within its week."""
    await rooms.room.recorded.give_back(scope_of(context), request["savingsPlanId"])
    return {"savingsPlanId": request["savingsPlanId"]}


def _amount(text: str, name: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f"The {name} must be a number, got {text!r}.") from None
    if not found.is_finite() or abs(found) > 10**12:
        raise InvalidInput(f"The {name} must be a number of dollars, got {text!r}.")
    return round(found, 6)


def _upfront(request: Request, offered: Offering, commitment: Decimal) -> Decimal:
    whole = commitment * YEAR_HOURS * offered.years
    if request.get("upfrontPaymentAmount"):
        given = _amount(request["upfrontPaymentAmount"], "upfrontPaymentAmount")
        if offered.payment is not Payment.PARTIAL_UPFRONT or not whole / 2 <= given < whole:
            raise InvalidInput(
                "The upfrontPaymentAmount is for Partial Upfront plans: at least half of the commitment, less than all."
            )
        return given
    return round(whole * Decimal(str(UPFRONT[offered.payment])), 6)


def _shape(one: Recorded, offered: Offering, now_ms: int) -> dict[str, Any]:
    hours = YEAR_HOURS * offered.years
    until = one.returnable_until_ms()
    shape = {
        "offeringId": one.offering,
        "savingsPlanId": one.id,
        "savingsPlanArn": one.arn,
        "description": offered.description,
        "start": _time(one.start_ms),
        "end": _time(one.end_ms),
        "state": one.state(now_ms),
        "savingsPlanType": TYPES[offered.kind],
        "paymentOption": PAYMENTS[offered.payment],
        "productTypes": list(PRODUCTS[offered.kind]),
        "currency": CURRENCY,
        "commitment": f"{one.commitment:f}",
        "upfrontPaymentAmount": f"{one.upfront:f}",
        "recurringPaymentAmount": f"{round(one.commitment - one.upfront / hours, 9):f}",
        "termDurationInSeconds": duration(offered.years),
    }
    if offered.family:
        shape |= {"region": offered.region, "ec2InstanceFamily": offered.family}
    if until is not None:
        shape["returnableUntil"] = _time(until)
    return shape


def _facts(shape: dict[str, Any]) -> dict[str, str]:
    return {
        "region": shape.get("region", ""),
        "ec2-instance-family": shape.get("ec2InstanceFamily", ""),
        "instance-family": shape.get("ec2InstanceFamily", ""),
        "commitment": shape["commitment"],
        "upfront": shape["upfrontPaymentAmount"],
        "term": str(shape["termDurationInSeconds"]),
        "savings-plan-type": shape["savingsPlanType"],
        "payment-option": shape["paymentOption"],
        "start": shape["start"],
        "end": shape["end"],
    }


def _time(ms: int) -> str:
    return f"{to_datetime(ms):%Y-%m-%dT%H:%M:%S.000Z}"


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    recorded = rooms.room.recorded
    found = await recorded.by_arn(scope_of(context), request["resourceArn"])
    await recorded.tag(found.arn, request["tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    recorded = rooms.room.recorded
    found = await recorded.by_arn(scope_of(context), request["resourceArn"])
    await recorded.tag(found.arn, {}, request["tagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a plan."""
    found = await rooms.room.recorded.by_arn(scope_of(context), request["resourceArn"])
    return {"tags": await rooms.room.recorded.tags(found.arn)}
