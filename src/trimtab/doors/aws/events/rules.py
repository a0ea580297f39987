"""Operations on buses, on rules with their targets and tags, and events that are put."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.events.archives import archives_with_rules, rule_of, target_of
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.jobs.schedule import parse
from trimtab.triggers.arns import name_of
from trimtab.triggers.entries import Refused, check_size, read_entries
from trimtab.triggers.model import DISABLED, ENABLED, Bus, Event, Rule
from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import checked_pattern
from trimtab.triggers.rules import Wish
from trimtab.triggers.targets import Failed


@operations.add("PutRule", needs=Role.WRITE)
async def put_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make or replace a rule."""
    _check_schedule(request.get("ScheduleExpression"))
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
        await rooms.room.tags.change(rule.arn, tags_of(request))
    return {"RuleArn": rule.arn}


@operations.add("DescribeRule")
async def describe_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One rule."""
    place, bus = place_of(context), request.get("EventBusName") or ""
    for archive in await archives_with_rules(rooms, place, bus, request["Name"]):
        return {**rule_of(archive), "CreatedBy": place.account}
    rule = await rooms.room.rules.get(place, bus, request["Name"])
    return {**_described(rule), "CreatedBy": rule.place.account}


@operations.add("ListRules")
async def list_rules(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The rules of a bus, by name, with those by which its archives take events."""
    place, bus, prefix = place_of(context), request.get("EventBusName") or "", request.get("NamePrefix") or ""
    every = [_described(rule) for rule in await rooms.room.rules.listed(place, bus, prefix)]
    managed = [rule_of(one) for one in await archives_with_rules(rooms, place, bus)]
    every += [one for one in managed if one["Name"].startswith(prefix)]
    found, more = page(sorted(every, key=lambda one: str(one["Name"])), request)
    return {"Rules": found, **more}


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


def _check_schedule(expression: str | None) -> None:
    """Raises AwsError, in AWS's words, for an expression that means nothing."""
    try:
        parse(expression or "rate(1 day)")
    except InvalidInput:
        raise AwsError("ValidationError", "Parameter ScheduleExpression is not valid.") from None


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


@operations.add("PutTargets", needs=Role.WRITE)
async def put_targets(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Add targets to a rule, or replace those of their ids."""
    bus = request.get("EventBusName") or ""
    return _failed(await rooms.room.targets.put(place_of(context), bus, request["Rule"], request["Targets"]))


@operations.add("RemoveTargets", needs=Role.WRITE)
async def remove_targets(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Remove targets of a rule."""
    bus = request.get("EventBusName") or ""
    return _failed(await rooms.room.targets.remove(place_of(context), bus, request["Rule"], request["Ids"]))


@operations.add("ListTargetsByRule")
async def list_targets_by_rule(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The targets of a rule, as they were put."""
    place, bus = place_of(context), request.get("EventBusName") or ""
    for archive in await archives_with_rules(rooms, place, bus, request["Rule"]):
        return {"Targets": [target_of(archive)]}
    found = await rooms.room.targets.of_rule(place, bus, request["Rule"])
    shown, more = page(found, request)
    return {"Targets": [one.form for one in shown], **more}


@operations.add("ListRuleNamesByTarget")
async def list_rule_names_by_target(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The rules that have a target."""
    bus = request.get("EventBusName") or ""
    found = await rooms.room.targets.rules_with(place_of(context), bus, request["TargetArn"])
    shown, more = page([rule.name for rule in found], request)
    return {"RuleNames": shown, **more}


def _failed(failed: Sequence[Failed]) -> dict[str, Any]:
    entries = [{"TargetId": one.id, "ErrorCode": one.code, "ErrorMessage": one.message} for one in failed]
    return {"FailedEntryCount": len(entries), "FailedEntries": entries}


_NEEDED = ("id", "account", "source", "time", "region", "detail-type")
"""Members that an event to test must have. Source: API reference, TestEventPattern; AWS does not ask for resources."""


@operations.add("PutEvents", needs=Role.WRITE)
async def put_events(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Take events in; durable when answered, and the same ones again when the client repeats the call."""
    entries, place, room = request["Entries"], place_of(context), rooms.room
    check_size(entries)
    read = read_entries(entries, place, room.clock.now_ms(), context.invocation_id)
    buses = {one.bus for one in read if isinstance(one, Event)}
    known = {bus: await room.intake.knows(bus) for bus in buses}
    taken = [one for one in read if isinstance(one, Event) and known[one.bus]]
    await room.intake.put(taken)
    answers = [_answered(one, known) for one in read]
    return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}


def _answered(one: Event | Refused, known: dict[str, bool]) -> dict[str, Any]:
    if isinstance(one, Refused):
        return {"ErrorCode": one.code, "ErrorMessage": one.message}
    if not known[one.bus]:
        name = one.bus.rpartition("/")[2]
        return {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Event bus {name} does not exist."}
    return {"EventId": one.id}


_NO_EVENT = "Parameter Event is not valid."
"""AWS gives no reason (recordings)."""


@operations.add("TestEventPattern")
async def test_event_pattern(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Whether a pattern matches an event."""
    try:
        event = decode(request["Event"])
    except InvalidInput:
        raise AwsError("ValidationError", _NO_EVENT) from None
    if not isinstance(event, dict) or any(name not in event for name in _NEEDED):
        raise AwsError("ValidationError", _NO_EVENT)
    return {"Result": checked_pattern(request["EventPattern"]).matches(event)}


_OPTIONS = ("KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


@operations.add("CreateEventBus", needs=Role.WRITE)
async def create_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Make a bus."""
    options, description = _options(request), request.get("Description") or ""
    bus = await rooms.room.buses.create(place_of(context), request["Name"], description, options)
    if request.get("Tags"):
        await rooms.room.tags.change(bus.arn, tags_of(request))
    return {"EventBusArn": bus.arn, **without_empty({"Description": description}), **options}


@operations.add("DescribeEventBus")
async def describe_event_bus(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One bus."""
    bus = await rooms.room.buses.get(place_of(context), request.get("Name") or "")
    return {**_bus_described(bus), **bus.options}


@operations.add("ListEventBuses")
async def list_event_buses(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The buses, by name."""
    found, more = page(await rooms.room.buses.listed(place_of(context), request.get("NamePrefix") or ""), request)
    return {"EventBuses": [_bus_described(bus) for bus in found], **more}


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


def _bus_described(bus: Bus) -> dict[str, Any]:
    times = {"CreationTime": bus.created_ms, "LastModifiedTime": bus.changed_ms} if bus.created_ms else {}
    said = without_empty({"Description": bus.description, "Policy": bus.policy})
    return {"Name": bus.name, "Arn": bus.arn, **said, **times}


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    await rooms.room.tags.change(request["ResourceARN"], tags_of(request))
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.tags.change(request["ResourceARN"], {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    found = await rooms.room.tags.of(request["ResourceARN"])
    return {"Tags": listed_tags(found)}
