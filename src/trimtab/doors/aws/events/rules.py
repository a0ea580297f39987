"""Rules: put, described, listed, switched, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import DISABLED, ENABLED, Rule
from trimtab.triggers.rules import Wish


@operations.add("PutRule", needs=Role.WRITE)
async def put_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make or replace a rule."""
    wish = Wish(
        name=request["Name"],
        bus=request.get("EventBusName") or "",
        pattern=request.get("EventPattern"),
        schedule=request.get("ScheduleExpression"),
        state=request.get("State") or ENABLED,
        description=request.get("Description") or "",
        role=request.get("RoleArn") or "",
    )
    rule = await rooms.room.rules.put(place_of(context), wish)
    if request.get("Tags"):
        await rooms.room.tags.change(rule.arn, {one["Key"]: one["Value"] for one in request["Tags"]})
    return {"RuleArn": rule.arn}


@operations.add("DescribeRule")
async def describe_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One rule."""
    place = place_of(context)
    rule = await rooms.room.rules.get(place, request.get("EventBusName") or "", request["Name"])
    return {**_described(rule), "CreatedBy": rule.place.account}


@operations.add("ListRules")
async def list_rules(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The rules of a bus, by name."""
    bus, prefix = request.get("EventBusName") or "", request.get("NamePrefix") or ""
    found, more = page(await rooms.room.rules.listed(place_of(context), bus, prefix), request, "NextToken")
    return {"Rules": [_described(rule) for rule in found], **more}


@operations.add("EnableRule", needs=Role.WRITE)
async def enable_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Let a rule match."""
    await rooms.room.rules.switch(place_of(context), request.get("EventBusName") or "", request["Name"], ENABLED)
    return {}


@operations.add("DisableRule", needs=Role.WRITE)
async def disable_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Let a rule match nothing."""
    await rooms.room.rules.switch(place_of(context), request.get("EventBusName") or "", request["Name"], DISABLED)
    return {}


@operations.add("DeleteRule", needs=Role.WRITE)
async def delete_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete a rule that has no targets."""
    await rooms.room.rules.delete(place_of(context), request.get("EventBusName") or "", request["Name"])
    return {}


def _described(rule: Rule) -> dict[str, Any]:
    return without_empty(
        {
            "Name": rule.name,
            "Arn": rule.arn,
            "EventPattern": rule.pattern,
            "ScheduleExpression": rule.schedule,
            "State": rule.state,
            "Description": rule.description,
            "RoleArn": rule.role,
            "EventBusName": name_of(rule.bus),
        }
    )
