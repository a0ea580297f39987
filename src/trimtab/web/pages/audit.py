"""`/audit`: who did what — search with facets and a timeline, findings, insights; `/audit/events/<id>`: one event."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.audit.model import AuditEvent
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import iso
from trimtab.base.errors import NotFound, QueryAborted
from trimtab.base.paging import encode_token
from trimtab.web import respond
from trimtab.web.audit.pictures import step_of, timeline
from trimtab.web.audit.question import TITLES, AuditQuestion, chips, read_position, read_question, with_value
from trimtab.web.audit.rows import PATH, around, facts_of, finding_rows, row_of, rows_of, thing_of
from trimtab.web.site import Site
from trimtab.web.view import View

_PAGE = 100
_EXPORT = 5_000
_COLUMNS = ("time", "who", "what", "service", "to", "from", "error", "account", "region", "id")
_DEFAULT_RANGE = "24h"
_HIDDEN_FACETS = 1  # a facet with one value says nothing, unless it is chosen


def routes(site: Site) -> list[BaseRoute]:
    """The page, its events as JSON and CSV, and the page of one event."""

    async def page(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        room = _room(site)
        asked = read_question(view)
        facts: dict[str, Any] = {"asked": asked, "chips": chips(view, asked), "titles": TITLES}
        try:
            await room.reader.fresh()
            facts |= await (_findings if asked.tab == "findings" else _events)(view, room, asked)
        except QueryAborted as problem:
            facts |= {"aborted": str(problem)}
        return site.page(request, view, "audit", timed=True, **{**_NOTHING, **facts})

    async def one(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        room = _room(site)
        await room.reader.fresh()
        event = await room.reader.one(view.scope, request.path_params["id"])
        return site.page(
            request,
            view,
            "audit_event",
            timed=False,
            row=row_of(view, event),
            facts=facts_of(event),
            near=around(event),
            record=json.dumps(event.record, indent=2, ensure_ascii=False),
            insight=event.record.get("insightDetails"),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        found = await _room(site).reader.page(view.scope, read_question(view).query, _EXPORT)
        return respond.json(request, {"events": [event.record for event in found.events]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        found = await _room(site).reader.page(view.scope, read_question(view).query, _EXPORT)
        return respond.table(request, "audit", _COLUMNS, (_cells(event) for event in found.events))

    return [
        Route(PATH, site.guarded(page)),
        Route(PATH + ".json", site.guarded(as_json)),
        Route(PATH + ".csv", site.guarded(as_csv)),
        Route(PATH + "/events/{id:path}", site.guarded(one)),
    ]


_NOTHING: dict[str, Any] = {
    "rows": [], "facets": [], "picture": None, "counts": None, "older": "", "findings": [], "aborted": "",
}  # fmt: skip


def _room(site: Site) -> AuditRoom:
    if site.state.audit is None:
        raise NotFound("this server keeps no audit")
    return site.state.audit


async def _events(view: View, room: AuditRoom, asked: AuditQuestion) -> dict[str, Any]:
    reader, scope, query = room.reader, view.scope, asked.query
    page, counts, facets, steps = await asyncio.gather(
        reader.page(scope, query, _PAGE, read_position(view.get("before"))),
        reader.count(scope, query),
        reader.facets(scope, query),
        reader.timeline(scope, query, step_of(view.window)),
    )
    chosen = {facet for facet, _ in asked.chosen}
    return {
        "rows": rows_of(view, page.events),
        "counts": counts,
        "picture": timeline(view.window, steps) if counts.events else None,
        "older": encode_token([page.next.time_ms, page.next.id]) if page.next else "",
        "facets": [
            (title, [(one.value, one.events, with_value(view, facet, one.value)) for one in facets[facet]])
            for facet, title in TITLES.items()
            if facet in facets and (len(facets[facet]) > _HIDDEN_FACETS or facet == "user") and facet not in chosen
        ],
    }


async def _findings(view: View, room: AuditRoom, asked: AuditQuestion) -> dict[str, Any]:
    found = await room.findings.of(view.scope, asked.query)
    return {"findings": finding_rows(view, found)}


def _cells(event: AuditEvent) -> list[str]:
    return [
        iso(event.time_ms),
        event.user_name or event.session_name,
        event.name,
        event.source,
        thing_of(event),
        event.source_ip,
        event.error_code,
        event.account,
        event.region,
        event.id,
    ]
