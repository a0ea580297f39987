"""Groups of traces."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, group_of, operations, page_of
from trimtab.traces.groups import Group

_PAGE = 100


@operations.add("CreateGroup", needs=Role.WRITE)
async def create_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Add a group."""
    text = request.get("FilterExpression") or ""
    await rooms.traces.search.expression(text, context.account, context.region)
    group = Group(context.account, context.region, request["GroupName"], "", text, **_insights(request))
    made = await rooms.traces.groups.create(group)
    tagged = {item["Key"]: item["Value"] for item in request.get("Tags") or []}
    if tagged:
        await rooms.traces.tags.change(made.arn, tagged)
    return {"Group": _group(made)}


@operations.add("GetGroup")
async def get_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """One group."""
    return {"Group": _group(await group_of(rooms, request, context))}


@operations.add("GetGroups")
async def get_groups(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The groups, the default one first."""
    page, more = page_of(await rooms.traces.groups.listed(context.account, context.region), request, _PAGE)
    return {"Groups": [_group(group) for group in page], **more}


@operations.add("UpdateGroup", needs=Role.WRITE)
async def update_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Change the expression or the insights of a group."""
    group, changes = await group_of(rooms, request, context), _insights(request)
    if request.get("FilterExpression") is not None:
        await rooms.traces.search.expression(request["FilterExpression"], context.account, context.region)
        changes["filter"] = request["FilterExpression"]
    return {"Group": _group(await rooms.traces.groups.change(group, **changes))}


@operations.add("DeleteGroup", needs=Role.WRITE)
async def delete_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Delete a group."""
    await rooms.traces.groups.remove(await group_of(rooms, request, context))
    return {}


def _insights(request: Request) -> dict[str, Any]:
    given = request.get("InsightsConfiguration") or {}
    names = {"InsightsEnabled": "insights", "NotificationsEnabled": "notifications"}
    return {own: given[theirs] for theirs, own in names.items() if given.get(theirs) is not None}


def _group(group: Group) -> dict[str, Any]:
    return {
        "GroupName": group.name,
        "GroupARN": group.arn,
        "FilterExpression": group.filter,
        "InsightsConfiguration": {"InsightsEnabled": group.insights, "NotificationsEnabled": group.notifications},
    }
