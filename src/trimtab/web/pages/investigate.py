"""`/investigate`: everything that happened around a time, on one time line; `/investigations`: those that are kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.audit.changes import summary
from trimtab.base.clock import iso
from trimtab.base.errors import QueryAborted, Unavailable
from trimtab.base.records import replace
from trimtab.reports.investigations.document import about_words
from trimtab.reports.investigations.kept import NAME_LENGTH, Investigation
from trimtab.reports.investigations.model import LONGEST_MS, SHORTEST_MS, Inquiry, TimeLine
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.reports.written.files import file_of
from trimtab.reports.written.model import FORMATS
from trimtab.web import respond
from trimtab.web.audit.rows import event_link
from trimtab.web.form import read_form
from trimtab.web.investigate.question import PATH, address_of, read_inquiry, shown, span_text
from trimtab.web.investigate.rows import chips_of, entry_as_dict, pictures_of, rows_of
from trimtab.web.site import Site
from trimtab.web.traces.question import BASELINES
from trimtab.web.view import View, link

KEPT = "/investigations"
_FORM_BYTES = 65_536
_FRESH_S = 10.0
_COLUMNS = ("at", "until", "kind", "level", "what", "further", "about", "page")
_REACHES = ("5m", "15m", "30m", "1h", "3h", "12h", "1d", "3d", "7d")


def routes(site: Site) -> list[BaseRoute]:
    """The time line and its JSON and CSV, who is suspected, and investigations that are kept."""
    room = site.state.investigations
    return [] if room is None else [*_lines(site, room), *_kept(site, room)]


def _lines(site: Site, room: InvestigationRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        return await _page(site, room, request, view, read_inquiry(view), None)

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        line = await _line(site, room, view, read_inquiry(view))
        absent = [{"name": one.name, "why": one.why} for one in line.absent]
        entries = [entry_as_dict(one) for one in line.entries]
        return respond.json(request, {"entries": entries, "left_out": line.left_out, "absent": absent})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        line = await _line(site, room, view, read_inquiry(view))
        told = [entry_as_dict(one) for one in line.entries]
        return respond.table(request, "investigation", _COLUMNS, ([one[name] for name in _COLUMNS] for one in told))

    async def suspected(request: Request) -> Response:
        view = site.view(request)
        inquiry = read_inquiry(view)

        async def read() -> Any:
            return await room.suspects(view.principal, inquiry)

        try:
            found = await site.cache.get(("suspects", view.scope, inquiry), _FRESH_S, read)
        except (QueryAborted, Unavailable) as problem:
            return site.fragment(request, view, "suspects", found=None, problem=str(problem))
        changes = [(one, summary(one.event), event_link(view, one.event.id)) for one in found.changes]
        compare = [("from", str(found.trouble.start_ms)), ("to", str(found.trouble.end_ms)), ("suspects", "1")]
        if found.trouble.expression:
            compare.append(("q", found.trouble.expression))
        more = link("/traces/compare", [*compare, ("baseline", next(iter(BASELINES)))])
        return site.fragment(request, view, "suspects", found=found, changes=changes, more=more, problem="")

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, bound=True)),
        Route(f"{PATH}.csv", site.guarded(as_csv, bound=True)),
        Route(f"{PATH}/suspects", site.guarded(suspected, bound=True)),
    ]


def _kept(site: Site, room: InvestigationRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        kept = [(one, about_words(one.subject)) for one in await room.store.listed(view.scope)]
        return site.page(request, view, "investigations", timed=False, kept=kept)

    async def one(request: Request) -> Response:
        view = site.view(request)
        kept = await room.store.get(view.scope, request.path_params["id"])
        return await _page(site, room, request, view, shown(view, room.inquiry(kept)), kept)

    async def keep(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        asked = replace(view, path=PATH, parameters=tuple(parse_qsl(form.get("query", ""))))
        kept = await room.store.keep(view.principal, form.get("name", ""), read_inquiry(asked))
        if form.get("text", "").strip():
            await room.note(view.principal, kept.id, form["text"])
        return RedirectResponse(kept.path, 303)

    async def file(request: Request) -> Response:
        document = await room.report(site.view(request).principal, request.path_params["id"])
        made = await asyncio.to_thread(file_of, document, request.path_params["format"], room.public_url)
        return Response(made.content, 200, made.headers, made.media_type)

    return [
        Route(KEPT, site.guarded(page, bound=True)),
        Route(KEPT, site.guarded(keep, Role.WRITE, bound=True), methods=["POST"]),
        Route(f"{KEPT}/{{id}}/act", site.guarded(_acting(site, room), Role.WRITE, bound=True), methods=["POST"]),
        Route(f"{KEPT}/{{id}}.{{format}}", site.guarded(file, bound=True)),
        Route(f"{KEPT}/{{id}}", site.guarded(one, bound=True)),
    ]


def _acting(site: Site, room: InvestigationRoom) -> Callable[[Request], Awaitable[Response]]:
    async def act(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        caller, id_ = view.principal, request.path_params["id"]
        if form.get("do") == "delete":
            await room.store.remove(view.scope, id_)
            return RedirectResponse(KEPT, 303)
        if form.get("drop"):
            await room.store.remove_note(view.scope, id_, form["drop"])
        else:
            await room.note(caller, id_, form.get("text", ""), form.get("pin", ""))
        return RedirectResponse(f"{KEPT}/{id_}#notes", 303)

    return act


async def _page(
    site: Site, room: InvestigationRoom, request: Request, view: View, inquiry: Inquiry, kept: Investigation | None
) -> Response:
    line = await _line(site, room, view, inquiry)
    notes = kept.notes if kept is not None else ()
    own = address_of(inquiry.at_ms, inquiry.around_ms, inquiry.subject)
    return site.page(
        request,
        view,
        "investigate",
        timed=False,
        line=line,
        rows=rows_of(line, notes),
        chips=chips_of(view, line),
        pictures=pictures_of(line) if line.entries else {},
        about=about_words(inquiry.subject),
        at=iso(inquiry.at_ms),
        around=span_text(inquiry.around_ms),
        reaches=_REACHES,
        moves=_moves(inquiry),
        query=own.partition("?")[2],
        kept=kept,
        files=[(one.upper(), f"{kept.path}.{one}") for one in FORMATS] if kept is not None else [],
        longest=NAME_LENGTH,
        may_write=view.principal.may(Role.WRITE),
    )


async def _line(site: Site, room: InvestigationRoom, view: View, inquiry: Inquiry) -> TimeLine:
    async def read() -> TimeLine:
        return await room.line(view.principal, inquiry)

    key = ("time line", view.scope, inquiry)
    found: TimeLine = await site.cache.get(key, _FRESH_S, read)
    return found


def _moves(inquiry: Inquiry) -> list[tuple[str, str]]:
    """Links to the time before and after, and to half and twice as much."""
    at_ms, around_ms, subject = inquiry.at_ms, inquiry.around_ms, inquiry.subject
    moves = [
        ("Earlier", address_of(at_ms - around_ms, around_ms, subject)),
        ("Later", address_of(at_ms + around_ms, around_ms, subject)),
    ]
    if around_ms > SHORTEST_MS:
        moves.append(("Closer", address_of(at_ms, around_ms // 2, subject)))
    if around_ms < LONGEST_MS:
        moves.append(("Wider", address_of(at_ms, around_ms * 2, subject)))
    return moves
