"""Archives of buses."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.events.rooms import EventRooms, operations, page, place_of, without_empty
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.triggers.archives import Archive


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
    prefix, source = request.get("NamePrefix") or "", request.get("EventSourceArn")
    found = await rooms.room.archives.listed(place_of(context), prefix, source)
    if request.get("State") not in (None, "ENABLED"):
        found = []
    shown, more = page(found, request, "NextToken")
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
