"""Operations on archives and their replays."""

import json
from typing import Any

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import Conflict
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.events.rooms import EventRooms, one_filter, operations, page, place_of, without_empty
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.archives import Archive
from trimtab.triggers.arns import Place, name_of
from trimtab.triggers.replays import Replay, Wish


@operations.add("CreateArchive", needs=Role.WRITE)
async def create_archive(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Keep the events of a bus."""
    made = await rooms.room.archives.create(
        place_of(context),
        request["ArchiveName"],
        request["EventSourceArn"],
        request.get("Description") or "",
        request.get("EventPattern"),
        request.get("RetentionDays") or 0,
    )
    return _short(made)


@operations.add("DescribeArchive")
async def describe_archive(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """One archive."""
    found = await rooms.room.archives.get(place_of(context), request["ArchiveName"])
    said = without_empty({"Description": found.description, "EventPattern": found.pattern})
    return {"ArchiveArn": found.arn, **_listed(found), **said}


@operations.add("ListArchives")
async def list_archives(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The archives, by name."""
    one_filter(request, "ListArchives")
    prefix, source = request.get("NamePrefix") or "", request.get("EventSourceArn")
    found = await rooms.room.archives.listed(place_of(context), prefix, source)
    if request.get("State") not in (None, "ENABLED"):
        found = []
    shown, more = page(found, request)
    return {"Archives": [_listed(one) for one in shown], **more}


@operations.add("UpdateArchive", needs=Role.WRITE)
async def update_archive(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Change an archive."""
    changed = await rooms.room.archives.update(
        place_of(context),
        request["ArchiveName"],
        request.get("Description"),
        request.get("EventPattern"),
        request.get("RetentionDays"),
    )
    return _short(changed)


@operations.add("DeleteArchive", needs=Role.WRITE)
async def delete_archive(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """Delete an archive with its events."""
    await rooms.room.archives.delete(place_of(context), request["ArchiveName"])
    return {}


_RULE = "Events-Archive-"
_MANAGER = "prod.vhs.events.aws.internal"


async def archives_with_rules(rooms: EventRooms, place: Place, bus: str, rule: str | None = None) -> list[Archive]:
    """The archives of a bus, each with a rule that it manages; or that of a rule, if it is one's."""
    if rule is not None and not rule.startswith(_RULE):
        return []
    every = await rooms.room.archives.listed(place, bus=place.bus(bus))
    return [one for one in every if rule in (None, f"{_RULE}{one.name}")]


def rule_of(one: Archive) -> dict[str, Any]:
    """The rule by which an archive takes events, as AWS's clients see it: all but those that are replayed."""
    pattern = {**(typed.decode(one.pattern) if one.pattern else {}), "replay-name": [{"exists": False}]}
    bus = "" if (name := name_of(one.bus)) == "default" else f"{name}/"
    return {
        "Name": f"{_RULE}{one.name}",
        "Arn": f"{one.bus.partition(':event-bus/')[0]}:rule/{bus}{_RULE}{one.name}",
        "EventPattern": json.dumps(pattern),
        "State": "ENABLED",
        "ManagedBy": _MANAGER,
        "EventBusName": name,
    }


def target_of(one: Archive) -> dict[str, Any]:
    """What the rule of an archive sends to."""
    template = f'{{"archive-arn": "{one.arn}", "event": <aws.events.event.json>, '
    template += '"ingestion-time": <aws.events.event.ingestion-time>}'
    where = f"arn:{partition_of(one.place.region)}:events:{one.place.region}:::"
    return {"Id": _RULE + one.name, "Arn": where, "InputTransformer": {"InputPathsMap": {}, "InputTemplate": template}}


def _short(one: Archive) -> dict[str, Any]:
    return {"ArchiveArn": one.arn, "State": "ENABLED", "CreationTime": one.created_ms}


def _listed(one: Archive) -> dict[str, Any]:
    return {
        "ArchiveName": one.name,
        "EventSourceArn": one.bus,
        "State": "ENABLED",
        "RetentionDays": one.retention_days,
        "SizeBytes": one.size,
        "EventCount": one.events,
        "CreationTime": one.created_ms,
    }


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
    return {"ReplayArn": found.arn, "Destination": destination, **_replay_listed(found), **said}


@operations.add("ListReplays")
async def list_replays(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """The replays, by name."""
    one_filter(request, "ListReplays")
    found = await rooms.room.replays.listed(
        place_of(context), request.get("NamePrefix") or "", request.get("State"), request.get("EventSourceArn")
    )
    shown, more = page(found, request)
    return {"Replays": [_replay_listed(one) for one in shown], **more}


@operations.add("CancelReplay", needs=Role.WRITE)
async def cancel_replay(rooms: EventRooms, request: Request, context: CallContext) -> Answer:
    """End a replay before it is through."""
    try:
        found = await rooms.room.replays.cancel(place_of(context), request["ReplayName"])
    except Conflict as problem:
        raise AwsError("IllegalStatusException", str(problem)) from None
    return {"ReplayArn": found.arn, "State": "CANCELLING"}


def _replay_listed(one: Replay) -> dict[str, Any]:
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
