"""Targets of rules: put, removed, listed, and looked for."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.targets import Failed


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
    found = await rooms.room.targets.of_rule(place_of(context), request.get("EventBusName") or "", request["Rule"])
    shown, more = page(found, request, "NextToken")
    return {"Targets": [one.form for one in shown], **more}


@operations.add("ListRuleNamesByTarget")
async def list_rule_names_by_target(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The rules that have a target."""
    bus = request.get("EventBusName") or ""
    found = await rooms.room.targets.rules_with(place_of(context), bus, request["TargetArn"])
    shown, more = page([rule.name for rule in found], request, "NextToken")
    return {"RuleNames": shown, **more}


def _failed(failed: Sequence[Failed]) -> dict[str, Any]:
    entries = [{"TargetId": one.id, "ErrorCode": one.code, "ErrorMessage": one.message} for one in failed]
    return {"FailedEntryCount": len(entries), "FailedEntries": entries}
