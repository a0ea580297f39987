"""Tags of groups."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.autoscaling.rooms import changed, filtered, operations, page, place, tag_shapes
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.model import Group
from trimtab.scaling.groups.room import GroupsRoom


def tag_form(tag: Any) -> tuple[str, tuple[str, bool]]:
    """A tag as a group keeps it."""
    return tag["Key"], (tag.get("Value") or "", bool(tag.get("PropagateAtLaunch")))


@operations.add("CreateOrUpdateTags", needs=Role.WRITE)
async def put_tags(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    for one in request["Tags"]:

        def work(group: Group, now_ms: int, tag: Any = one) -> None:
            key, value = tag_form(tag)
            group.tags[key] = value

        await changed(rooms, one.get("ResourceId") or "", context, work)
    return {}


@operations.add("DeleteTags", needs=Role.WRITE)
async def delete_tags(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Take tags away."""
    for one in request["Tags"]:

        def work(group: Group, now_ms: int, key: str = one["Key"]) -> None:
            group.tags.pop(key, None)

        await changed(rooms, one.get("ResourceId") or "", context, work)
    return {}


@operations.add("DescribeTags")
async def describe_tags(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Tags, by filter."""
    found = [tag for group in await rooms.listed(context.scope, place(context)) for tag in tag_shapes(group)]
    kept = filtered(found, request.get("Filters") or (), {
        "auto-scaling-group": lambda tag: [tag["ResourceId"]],
        "key": lambda tag: [tag["Key"]],
        "value": lambda tag: [tag["Value"]],
        "propagate-at-launch": lambda tag: [str(tag["PropagateAtLaunch"]).lower()],
    })  # fmt: skip
    shown, more = page(kept, request)
    return {"Tags": shown, **more}
