"""`/reports`: what reports there are, one written now, their schedules, and what was written by them."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import NotFound
from trimtab.base.timerange import parse_instant_ms
from trimtab.reports.written.catalogue import TEMPLATES, last
from trimtab.reports.written.document import Document
from trimtab.reports.written.files import file_of
from trimtab.reports.written.html import as_fragment
from trimtab.reports.written.model import FORMATS, Scheduled, reach_of
from trimtab.reports.written.room import WrittenReports
from trimtab.reports.written.template import Period
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/reports"
_FORM_BYTES = 8192
_OWNERS_S, _OWNERS_STALE_S = 60.0, 900.0
_PERIODS: tuple[Period, ...] = ("week", "month")


def routes(site: Site) -> list[BaseRoute]:
    """The list, a report now, a written one, and the form of schedules."""
    room = site.state.written_reports
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        scope = view.principal.scope
        owners = await _owners(site, view)
        return site.page(
            request,
            view,
            "reports",
            timed=False,
            templates=list(TEMPLATES.values()),
            begun={one: iso(last(one, view.now_ms)[1]) for one in _PERIODS},
            owners=owners,
            reports=await room.store.listed(scope),
            writings=await room.store.writings(scope),
            may_write=view.principal.may(Role.WRITE),
        )

    async def now(request: Request) -> Response:
        view = site.view(request)
        document = await _asked(room, view)
        return _shown(site, request, view, document, _again(view))

    async def written(request: Request) -> Response:
        view = site.view(request)
        found, document = await room.store.writing(view.principal.scope, request.path_params["id"])
        if document is None:
            raise NotFound(f"This report was not written: {found.problem}")
        return _shown(site, request, view, document, f"{PATH}/{found.id}")

    async def file(request: Request) -> Response:
        view = site.view(request)
        if "id" in request.path_params:
            _, document = await room.store.writing(view.principal.scope, request.path_params["id"])
        else:
            document = await _asked(room, view)
        if document is None:
            raise NotFound("This report was not written.")
        made = await asyncio.to_thread(file_of, document, request.path_params["format"], room.public_url)
        return Response(made.content, 200, made.headers, made.media_type)

    async def schedule(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        scope = view.principal.scope
        account = view.principal.account or room.facts.account
        if form.get("do") == "remove":
            await room.store.delete(scope, account, form.get("name", ""))
        else:
            await room.store.put(_read(form, account, reach_of(scope), view.principal.name))
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page, Role.FINANCE)),
        Route(f"{PATH}/now", site.guarded(now, Role.FINANCE, bound=True)),
        Route(f"{PATH}/now.{{format}}", site.guarded(file, Role.FINANCE, bound=True)),
        Route(f"{PATH}/schedule", site.guarded(schedule, Role.WRITE), methods=["POST"]),
        Route(f"{PATH}/{{id}}.{{format}}", site.guarded(file, Role.FINANCE)),
        Route(f"{PATH}/{{id}}", site.guarded(written, Role.FINANCE)),
    ]


def _shown(site: Site, request: Request, view: View, document: Document, address: str) -> Response:
    path, _, query = address.partition("?")
    files = [(one.upper(), f"{path}.{one}" + (f"?{query}" if query else "")) for one in FORMATS]
    return site.page(request, view, "report", timed=False, report=document, body=as_fragment(document), files=files)


def _again(view: View) -> str:
    names = ("template", "owner", "start", "end")
    return link(f"{PATH}/now", [(name, view.get(name)) for name in names if view.get(name)])


async def _asked(room: WrittenReports, view: View) -> Document:
    start, end = view.get("start"), view.get("end") or "now"
    owner, scope, now_ms = view.get("owner"), view.principal.scope, room.clock.now_ms()
    if not start:
        return await room.write(scope, view.get("template"), owner=owner)
    span = parse_instant_ms(start, now_ms), parse_instant_ms(end, now_ms)
    return await room.write(scope, view.get("template"), owner=owner, start_ms=span[0], end_ms=span[1])


async def _owners(site: Site, view: View) -> list[str]:
    room = site.state.written_reports
    extent = await room.facts.costs.reader.extent() if room else None
    if room is None or extent is None:
        return []
    facet, scope, reader = await room.facts.owner_facet(), view.principal.scope, room.facts.costs.reader
    found = await site.cache.get(
        ("owners to report to", scope, extent, facet), _OWNERS_S, lambda: reader.values(scope, *extent, facet),
        stale_s=_OWNERS_STALE_S,
    )  # fmt: skip
    return sorted({one.value for one in found if one.value})


def _read(form: dict[str, str], account: str, accounts: Sequence[str] | None, who: str) -> Scheduled:
    def several(name: str) -> list[str]:
        return [part for part in form.get(name, "").replace(",", " ").split() if part]

    formats = [one for one in FORMATS if form.get(one)] or list(FORMATS)
    return Scheduled(
        "", account, form.get("name", "").strip(), form.get("template", ""), form.get("owner", "").strip(),
        form.get("when", "").strip(), form.get("zone", "").strip() or "UTC", several("emails"), several("topics"),
        form.get("folder", "").strip(), formats, accounts, 0, who, None,
    )  # fmt: skip
