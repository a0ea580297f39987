"""Replays of archives."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.replays import Replay, Wish


@operations.add("StartReplay", needs=Role.WRITE)
async def start_replay(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Send the events of an archive through the rules once more."""
    destination = request["Destination"]
    wish = Wish(
        request["ReplayName"],
        request["EventSourceArn"],
        destination["Arn"],
        request["EventStartTime"],
        request["EventEndTime"],
        destination.get("FilterArns") or (),
        request.get("Description") or "",
    )
    made = await rooms.room.replays.start(place_of(context), wish)
    return {"ReplayArn": made.arn, "State": made.state, "ReplayStartTime": made.started_ms}


@operations.add("DescribeReplay")
async def describe_replay(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One replay and how far it is."""
    found = await rooms.room.replays.get(place_of(context), request["ReplayName"])
    destination = {"Arn": found.bus, **({"FilterArns": list(found.rules)} if found.rules else {})}
    said = without_empty({"Description": found.description, "StateReason": found.reason})
    return {"ReplayArn": found.arn, "Destination": destination, **_listed(found), **said}


@operations.add("ListReplays")
async def list_replays(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The replays, by name."""
    found = await rooms.room.replays.listed(
        place_of(context), request.get("NamePrefix") or "", request.get("State"), request.get("EventSourceArn")
    )
    shown, more = page(found, request, "NextToken")
    return {"Replays": [_listed(one) for one in shown], **more}


@operations.add("CancelReplay", needs=Role.WRITE)
async def cancel_replay(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """End a replay before it is through."""
    try:
        found = await rooms.room.replays.cancel(place_of(context), request["ReplayName"])
    except Conflict as problem:
        raise AwsError("IllegalStatusException", str(problem)) from None
    return {"ReplayArn": found.arn, "State": "CANCELLING"}


def _listed(one: Replay) -> dict[str, Any]:
    times = {"EventLastReplayedTime": one.replayed_ms, "ReplayEndTime": one.ended_ms}
    return {
        "ReplayName": one.name,
        "EventSourceArn": one.archive,
        "State": one.state,
        "EventStartTime": one.start_ms,
        "EventEndTime": one.end_ms,
        "ReplayStartTime": one.started_ms,
        **{name: value for name, value in times.items() if value is not None},
    }
