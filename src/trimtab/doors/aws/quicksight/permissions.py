"""Permissions of dashboards: kept and told. Who sees what is decided by keys, accounts and rules of datasets' rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.base.records import replace
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import DASHBOARD, Resource

_MOST = 64
"""Principals of a resource; AWS's limit."""
Permissions = Iterable[Mapping[str, Any]]


@operations.add("DescribeDashboardPermissions")
async def describe_dashboard_permissions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Who may do what with a dashboard."""
    return _document(await found(rooms, place_of(request, context), DASHBOARD, request["DashboardId"]))


@operations.add("UpdateDashboardPermissions", needs=Role.WRITE)
async def update_dashboard_permissions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Grant and revoke actions."""
    one = await found(rooms, place_of(request, context), DASHBOARD, request["DashboardId"])
    grant, revoke = request.get("GrantPermissions"), request.get("RevokePermissions")
    link, unlink = request.get("GrantLinkPermissions"), request.get("RevokeLinkPermissions")

    def update(kept: Resource) -> Resource:
        own = _changed(kept.state["permissions"], grant, revoke)
        links = _changed(kept.state.get("links") or (), link, unlink)
        if len(own) > _MOST or len(links) > _MOST:
            raise LimitExceeded(f"cannot grant: a dashboard has at most {_MOST} principals")
        return replace(kept, state={**kept.state, "permissions": own, "links": links})

    return _document(await rooms.room.store.change(one, update))


def _changed(known: Permissions, grant: Permissions | None, revoke: Permissions | None) -> list[dict[str, Any]]:
    found = {one["Principal"]: list(one["Actions"]) for one in known}
    for one in grant or ():
        have = found.setdefault(one["Principal"], [])
        have += [action for action in one["Actions"] if action not in have]
    for one in revoke or ():
        found[one["Principal"]] = [a for a in found.get(one["Principal"], ()) if a not in one["Actions"]]
    return [{"Principal": principal, "Actions": actions} for principal, actions in found.items() if actions]


def _document(one: Resource) -> dict[str, Any]:
    links = one.state.get("links")
    shared = {"LinkSharingConfiguration": {"Permissions": links}} if links else {}
    names = {"DashboardId": one.name, "DashboardArn": one.arn}
    return {**names, "Permissions": one.state["permissions"], **shared}
