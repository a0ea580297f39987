"""`/rest/v1/logs/subscriptions`: which events of a log group are sent on, and how that goes."""

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.client import log_doors_wire as wire
from trimtab.doors.rest.log_place import BY_NAME, TAG, LogDoors
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.logs.forwarding.model import SubscriptionFilter

PATH = "/rest/v1/logs/subscriptions"


class GroupQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which log group."""

    group: BY_NAME


class FilterQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which filter of which log group."""

    group: BY_NAME
    name: BY_NAME


def operations(doors: LogDoors) -> list[Operation]:
    """The operations."""
    filters = doors.room.forwarding.filters

    async def listed(call: Call[GroupQuery, None]) -> wire.SubscriptionList:
        found = await filters.listed(await doors.group(call, call.query.group))
        return wire.SubscriptionList([_shown(one) for one in found])

    async def put(call: Call[NoQuery, wire.PutSubscription]) -> wire.Subscription:
        body = call.body
        group = await doors.group(call, body.group)
        await filters.put(group, SubscriptionFilter(group.id, body.name, body.filter, body.destination))
        made = next((one for one in await filters.listed(group) if one.name == body.name), None)
        if made is None:
            raise NotFound(f"cannot find the subscription filter {body.name}: it was deleted meanwhile")
        return _shown(made)

    async def delete(call: Call[FilterQuery, None]) -> wire.Deleted:
        await filters.delete(await doors.group(call, call.query.group), call.query.name)
        return wire.Deleted(call.query.name)

    return [
        Operation("GET", PATH, "list log subscriptions", "Subscription filters of a log group, and how sending goes.",
                  listed, wire.SubscriptionList, query=GroupQuery, errors=(404,), tag=TAG),
        Operation("PUT", PATH, "put log subscription",
                  "Send matching events on to a URL, another group or an event bus; it takes a test message first.",
                  put, wire.Subscription, body=wire.PutSubscription, errors=(404,), role=Role.WRITE, tag=TAG),
        Operation("DELETE", PATH, "delete log subscription", "Send no more, and drop what waits.", delete, wire.Deleted,
                  query=FilterQuery, errors=(404,), role=Role.WRITE, tag=TAG),
    ]  # fmt: skip


def _shown(one: SubscriptionFilter) -> wire.Subscription:
    return wire.Subscription(
        one.log_group,
        one.name,
        one.pattern,
        one.destination,
        one.created_ms,
        one.sent,
        one.dropped,
        one.waiting,
        one.last_ok_ms,
        one.last_error_ms,
        one.last_error,
    )
