"""`/logs/setup`: what is done with log events beside keeping them: masked, sent on, queried by a schedule, copied."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import iso
from trimtab.base.errors import NotFound
from trimtab.logs.model import Group
from trimtab.logs.protection.policy import read_policy
from trimtab.logs.room import LogsRoom
from trimtab.logs.schedules.model import ScheduledQuery
from trimtab.web import respond
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/logs/setup"
_MOST = 200


def routes(site: Site) -> list[BaseRoute]:
    """The page, and the same as JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request, "1h")
        return site.page(request, view, "log_setup", timed=False, **await _facts(site, view))

    async def as_json(request: Request) -> Response:
        return respond.json(request, await _facts(site, site.view(request, "1h")))

    return [Route(PATH, site.guarded(page)), Route(PATH + ".json", site.guarded(as_json))]


async def _facts(site: Site, view: View) -> dict[str, Any]:
    room: LogsRoom | None = site.state.logs
    if room is None:
        raise NotFound("this server keeps no logs")
    place = _place(site, view)
    groups = {group.id: group for group in await room.explorer.groups(view.scope)}
    whole = not view.scope.rows  # who sees some rows only is shown nothing that is about all of an account
    masked, filters, schedules, exports, lookups = await asyncio.gather(
        _masked(room, place, groups),
        room.forwarding.filters.every(),
        room.schedules.listed(*place, limit=_MOST) if whole else _nothing(),
        room.exports.listed(*place, limit=20) if whole else _nothing(),
        room.lookups.listed(*place, limit=_MOST),
    )
    runs = await room.schedules.last_runs([query.id for query in schedules])
    return {
        "masked": masked,
        "subscriptions": [
            {
                "group": one.log_group,
                "name": one.name,
                "filter": one.pattern,
                "destination": one.destination,
                "sent": one.sent,
                "dropped": one.dropped,
                "error": one.last_error if (one.last_error_ms or 0) > (one.last_ok_ms or 0) else "",
            }
            for one in filters
            if one.group in groups
        ][:_MOST],
        "schedules": [_schedule(query, str(runs[query.id].status) if query.id in runs else "") for query in schedules],
        "exports": [
            {
                "group": task.log_group,
                "destination": task.destination,
                "range": f"{iso(task.from_ms)} – {iso(task.to_ms)}",
                "status": str(task.status),
                "message": task.message,
            }
            for task in exports
        ],
        "lookups": [
            {"name": table.name, "fields": ", ".join(table.fields), "records": table.records} for table in lookups
        ],
        "first": next((group.name for group in groups.values()), "my-app"),
    }


def _place(site: Site, view: View) -> tuple[str, str]:
    account = view.principal.account or (site.state.alarms.account if site.state.alarms else "")
    return account, site.state.region


async def _nothing() -> list[Any]:
    return []


async def _masked(room: LogsRoom, place: tuple[str, str], groups: dict[int, Group]) -> list[dict[str, str]]:
    documents = await room.policies.every()
    found = [("every group", document) for document in documents.accounts.get(place, ())]
    found += [(groups[id_].name, document) for id_, document in documents.groups.items() if id_ in groups]
    return [
        {"group": name, "identifiers": ", ".join(finder.name for finder in policy.finders), "masks": str(policy.masks)}
        for name, policy in ((name, read_policy(document)) for name, document in found)
    ]


def _schedule(query: ScheduledQuery, status: str) -> dict[str, str]:
    return {
        "name": query.name,
        "schedule": query.expression + ("" if query.zone == "UTC" else f" {query.zone}"),
        "query": query.query,
        "next": iso(query.next_ms) if query.next_ms else "not any more" if query.enabled else "off",
        "status": status or "not yet run",
        "destination": query.destination or "kept",
    }
