"""PutEvents and TestEventPattern."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.events.rooms import EventRooms, operations, place_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.entries import Refused, check_size, read_entries
from trimtab.triggers.model import Event
from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import compile_pattern

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


@operations.add("TestEventPattern")
async def test_event_pattern(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Whether a pattern matches an event."""
    try:
        event = decode(request["Event"])
    except InvalidInput as problem:
        raise AwsError("ValidationError", f"Parameter Event is not valid. Reason: {problem}") from None
    missing = [name for name in _NEEDED if not isinstance(event, dict) or name not in event]
    if missing:
        raise AwsError("ValidationError", f"Parameter Event is not valid. Reason: it has no {missing[0]}")
    return {"Result": compile_pattern(request["EventPattern"]).matches(event)}
