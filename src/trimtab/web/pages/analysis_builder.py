"""`/analyses/new`: a visual built from fields; the URL is the visual, so that it can be shared before it is saved."""

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound, TrimtabError
from trimtab.reports.analyses.address import from_pairs, to_pairs
from trimtab.reports.analyses.room import Opened
from trimtab.reports.analyses.spec import KINDS, Analysis, Visual
from trimtab.web.analyses import builder
from trimtab.web.analyses.desk import Analysts
from trimtab.web.analyses.panel import FILE, NEW, own_pairs
from trimtab.web.analyses.reading import parameters_of, read_panels
from trimtab.web.pages.analyses import RANGES, visual_file
from trimtab.web.site import Site
from trimtab.web.view import View

_HIDDEN = ("by", "m", "where", "limit", "drill", "analysis", "range", "from", "to", "id", "note")


def routes(site: Site) -> list[BaseRoute]:
    """The builder, and the files of a visual that is not saved."""
    desk = site.state.analyses
    if desk is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        opened, visual, complaint = await _asked(desk, view)
        spec = opened.spec if opened else None
        fields, panel = [], None
        try:
            name = (spec.dataset_of(visual) if spec else visual.dataset) or ""
            fields = list(await desk.room.fields(view.principal, spec, name)) if name else []
        except (InvalidInput, NotFound) as problem:
            complaint = complaint or str(problem)
        if fields and visual.measures and not complaint:
            [panel] = await read_panels(desk.room, view, spec, [visual], opened.name if opened else "")
        told = await _choices(desk, view, spec, visual)
        return site.page(
            request, view, "analysis_new", timed=False, opened=opened, visual=visual, complaint=complaint,
            panel=panel, fields=fields, chips=builder.chips(view, visual, fields),
            groupings=builder.groupings(view, visual, fields), measures=builder.measures(view, visual),
            filters=builder.filters(view, visual), kinds=KINDS, ranges=RANGES,
            hidden=[(name, value) for name, value in _pairs(view, visual) if name in _HIDDEN],
            document=json.dumps(msgspec.to_builtins(visual), ensure_ascii=False),
            spec_text=msgspec.yaml.encode(msgspec.to_builtins(visual)).decode(),
            may_write=view.principal.may(Role.WRITE), **told,
        )  # fmt: skip

    async def file(request: Request) -> Response:
        view = site.view(request)
        opened, visual, complaint = await _asked(desk, view)
        if complaint:
            raise InvalidInput(complaint)
        return await visual_file(site, desk, request, view, (opened.spec if opened else None, visual))

    return [
        Route(NEW, site.guarded(page, bound=True)),
        Route(f"{FILE}.{{format}}", site.guarded(file, bound=True)),
    ]


async def _asked(desk: Analysts, view: View) -> tuple[Opened | None, Visual, str]:
    """The analysis that the visual stands in, the visual, and what is wrong with it."""
    opened = await desk.room.open(view.principal, view.get("analysis")) if view.get("analysis") else None
    try:
        return opened, from_pairs(own_pairs(view)), ""
    except InvalidInput as problem:
        return opened, Visual(dataset=view.get("dataset")), str(problem)


def _pairs(view: View, visual: Visual) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in view.parameters if name in ("analysis", "range", "from", "to")]
    return [*to_pairs(visual), *kept, *((name, value) for name, value in view.parameters if name.startswith("p."))]


async def _choices(desk: Analysts, view: View, spec: Analysis | None, visual: Visual) -> dict[str, Any]:
    """What there is to choose from: datasets and sources, analyses to add to, parameters."""
    stored = await desk.room.datasets.store.listed(view.principal.scope)
    sources = desk.room.datasets.reader.sources
    datasets = [
        *((name, one.title or name, "of this analysis") for name, one in (spec.datasets if spec else {}).items()),
        *((one.name, one.name, "dataset") for one in stored),
        *((one.name, one.title, one.grain) for one in sources.values()),
    ]
    mine = [one for one in await desk.room.listed(view.principal) if one.stored]
    try:
        parameters = await parameters_of(desk.room, view, spec, [visual])
    except TrimtabError:
        parameters = {}
    return {"datasets": datasets, "mine": mine, "parameters": parameters}
