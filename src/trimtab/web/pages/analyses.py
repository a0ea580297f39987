"""`/analyses`: the list, `/analyses/<name>`: one with its visuals, and the changes that people make to them."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.reports.analyses.address import from_pairs
from trimtab.reports.analyses.document import changed, document_of
from trimtab.reports.analyses.files import FORMATS, file_of
from trimtab.reports.analyses.room import Opened
from trimtab.reports.analyses.spec import Analysis, Threshold, Visual, analysis_of, parse_text, text_of, yaml_of
from trimtab.reports.analyses.watching import PERIODS_S
from trimtab.web import respond
from trimtab.web.analyses.desk import Analysts
from trimtab.web.analyses.reading import chosen_of, parameters_of, read_panels
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/analyses"
RANGES = (("", "own"), ("7d", "7 d"), ("14d", "14 d"), ("28d", "28 d"), ("90d", "90 d"))
_FORM_BYTES = 262_144


def routes(site: Site) -> list[BaseRoute]:
    """The list, an analysis, its versions, its files, and what the forms do."""
    desk = site.state.analyses
    if desk is None:
        return []
    room = desk.room

    async def listed(request: Request) -> Response:
        view = site.view(request)
        found = await room.listed(view.principal)
        text = view.get("q").lower()
        shown = [one for one in found if text in f"{one.name} {one.title} {one.spec.description}".lower()]
        return site.page(request, view, "analyses", timed=False, analyses=shown, total=len(found),
                         may_write=view.principal.may(Role.WRITE))  # fmt: skip

    async def page(request: Request) -> Response:
        view = site.view(request)
        opened = await room.open(view.principal, request.path_params["name"])
        visuals = opened.spec.visuals
        panels = await read_panels(room, view, opened.spec, visuals, opened.name)
        account = room.datasets.account_of(view.principal)
        return site.page(
            request, view, "analysis", timed=False, opened=opened, panels=panels, ranges=RANGES,
            text=view.get("draft") or yaml_of(opened.spec),
            parameters=await parameters_of(room, view, opened.spec, visuals),
            watches=await desk.watching.watches.listed(account, opened.name),
            versions=await room.store.versions(opened.stored.id) if opened.stored else [], periods=PERIODS_S,
            may_write=view.principal.may(Role.WRITE),
        )  # fmt: skip

    async def difference(request: Request) -> Response:
        view = site.view(request)
        opened = await room.open(view.principal, request.path_params["name"])
        number = request.path_params["number"]
        kept = await room.store.versions(opened.stored.id) if opened.stored else []
        before = next((one for one in kept if one.version == number), None)
        if before is None:
            raise NotFound(f"analysis {opened.name} has no version {number}")
        old = yaml_of(analysis_of(before.spec))
        lines = changed(old, yaml_of(opened.spec)).splitlines()
        return site.page(request, view, "analysis_diff", timed=False, opened=opened, before=before, lines=lines,
                         text=old, may_write=view.principal.may(Role.WRITE))  # fmt: skip

    async def file(request: Request) -> Response:
        view = site.view(request)
        opened = await room.open(view.principal, request.path_params["name"])
        visual = opened.spec.visual(request.path_params["visual"])
        if visual is None:
            raise NotFound(f"analysis {opened.name} has no visual {request.path_params['visual'][:80]!r}")
        return await visual_file(site, desk, request, view, (opened.spec, visual))

    async def act(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        return RedirectResponse(await _done(desk, view, form), 303)

    return [
        Route(PATH, site.guarded(listed, bound=True)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE, bound=True), methods=["POST"]),
        Route(f"{PATH}/{{name}}/versions/{{number:int}}", site.guarded(difference, bound=True)),
        Route(f"{PATH}/{{name}}/{{visual}}.{{format}}", site.guarded(file, bound=True)),
        Route(f"{PATH}/{{name}}", site.guarded(page, bound=True)),
    ]


async def visual_file(
    site: Site, desk: Analysts, request: Request, view: View, what: tuple[Analysis | None, Visual]
) -> Response:
    """A visual as a file, or as JSON."""
    format_ = request.path_params["format"]
    if format_ not in (*FORMATS, "json"):
        raise NotFound(f"there is no file {format_[:20]!r} of a visual; there are {', '.join(FORMATS)} and json")
    shown = await desk.room.show(view.principal, *what, chosen_of(view))
    if format_ == "json":
        return respond.json(request, document_of(shown))
    theme = view.get("theme") or site.view(request).theme
    made = await asyncio.to_thread(file_of, shown, format_, view.get("width"), theme)
    kind = "attachment" if format_ == "csv" or view.get("download") else "inline"
    headers = {
        "Content-Disposition": f'{kind}; filename="{made.name}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return Response(made.content, 200, headers, made.media_type)


async def _done(desk: Analysts, view: View, form: dict[str, str]) -> str:
    """Do what a form asks for; where to go then. Raises InvalidInput, NotFound, Conflict."""
    name, who = form.get("name", "").strip(), view.principal
    match form.get("do"):
        case "save":
            was = form.get("was", "")
            shared = form.get("shared") == "yes" if "sharing" in form else None
            document = parse_text(form.get("spec", ""))
            await desk.room.save(who, name, document, was=int(was) if was.isdecimal() else None, shared=shared)
        case "add":
            name = await _added(desk, view, form)
        case "copy":
            opened = await desk.room.open(who, name)
            name = form.get("to", "").strip()
            await desk.room.save(who, name, parse_text(text_of(opened.spec)), was=0)
        case "delete":
            gone = await desk.room.delete(who, name)
            await desk.watching.disarm(who, gone.name)
            return PATH
        case "watch":
            await _watched(desk, view, form, await desk.room.open(who, name))
        case "unwatch":
            await desk.watching.disarm(who, name, form.get("alarm", ""))
        case other:
            raise InvalidInput(f"cannot do {str(other)[:40]!r} to an analysis")
    return link(f"{PATH}/{name}", [])


async def _added(desk: Analysts, view: View, form: dict[str, str]) -> str:
    """A visual of the builder put into an analysis, in place of one of its id; into a new one where there is none."""
    document = parse_text(form.get("visual", ""))
    visual = from_pairs([("spec", text)]) if (text := form.get("visual", "")) and isinstance(document, dict) else None
    name = form.get("name", "").strip()
    if visual is None or not name:
        raise InvalidInput("cannot add the visual: expected the name of an analysis", field="name")
    try:
        opened: Opened | None = await desk.room.open(view.principal, name)
    except NotFound:
        opened = None
    source: Opened | None = None
    if opened is None and form.get("analysis"):
        source = await desk.room.open(view.principal, form["analysis"])
    await desk.save_visual(view.principal, name, visual, opened, source)
    return name


async def _watched(desk: Analysts, view: View, form: dict[str, str], opened: Opened) -> None:
    visual = opened.spec.visual(form.get("visual", ""))
    if visual is None:
        raise NotFound(f"analysis {opened.name} has no visual {form.get('visual', '')[:80]!r}")
    try:
        value, every = float(form.get("value", "")), int(form.get("every", "3600"))
    except ValueError:
        raise InvalidInput("cannot watch the visual: expected a number as the threshold", field="value") from None
    if value != value or abs(value) > 1e18:
        raise InvalidInput("cannot watch the visual: expected a number as the threshold", field="value")
    above = form.get("side") != "below"
    limit = Threshold(value if above else None, None if above else value, form.get("label", "")[:100])
    actions = [one for one in form.get("actions", "").replace(",", " ").split() if one]
    await desk.watching.arm(view.principal, opened, visual, limit, every, actions)
