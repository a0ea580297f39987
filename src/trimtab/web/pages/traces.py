"""`/traces`: search traces by a filter expression, see when and how long they ran, and what explains their latency."""

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, QueryAborted
from trimtab.base.records import asdict
from trimtab.bottlenecks.explain import explain
from trimtab.bottlenecks.models import models
from trimtab.bottlenecks.read import Sampled
from trimtab.web import respond
from trimtab.web.site import Site
from trimtab.web.sorting import read_page, read_sort
from trimtab.web.traces.facets import facets_of
from trimtab.web.traces.pictures import parts_picture
from trimtab.web.traces.question import (
    BASELINES,
    DEFAULT_RANGE,
    TTL_S,
    TraceQuestion,
    key_of,
    read_baseline,
    read_question,
    sampled,
)
from trimtab.web.traces.rows import TraceRow, ms_text, part_rows, points, trace_rows
from trimtab.web.view import View

PATH = "/traces"
_SORTABLE = frozenset(("start_ms", "duration_ms", "service", "operation", "spans", "services", "failed"))
_TEXT = frozenset(("service", "operation"))
_WIDE, _NARROW = 620, 330
_COLUMNS = ("name", "at", "service", "operation", "duration_ms", "spans", "services", "failed")


def routes(site: Site) -> list[BaseRoute]:
    """The page, the points of its picture, and its traces as JSON and CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request, DEFAULT_RANGE)
        asked, facts = read_question(view), dict(_NOTHING)
        try:
            facts |= await _found(site, view, asked)
        except InvalidInput as problem:
            facts["complaint"] = str(problem)
        except QueryAborted as problem:
            facts["aborted"] = str(problem)
        return site.page(request, view, "traces", timed=True, asked=asked, baselines=BASELINES, ms=ms_text, **facts)

    async def as_points(request: Request) -> Response:
        view = site.view(request, DEFAULT_RANGE)
        rows = await _rows(site, view)
        window = view.window
        return respond.json(request, {"start": window.start_ms, "end": window.end_ms, "points": points(rows)})

    async def as_json(request: Request) -> Response:
        rows = await _rows(site, site.view(request, DEFAULT_RANGE))
        return respond.json(request, {"traces": [asdict(row) for row in rows]})

    async def as_csv(request: Request) -> Response:
        rows = await _rows(site, site.view(request, DEFAULT_RANGE))
        columns = ("trace", *_COLUMNS[1:])
        return respond.table(request, "traces", columns, ([getattr(row, name) for name in _COLUMNS] for row in rows))

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
        Route(PATH + "/points.json", site.guarded(as_points, bound=True)),
    ]


_NOTHING: dict[str, Any] = {
    "complaint": "", "aborted": "", "sampled": None, "rows": [], "page": None, "sort": None, "explained": [],
    "models": [], "facets": [], "failed": 0, "baseline": None, "since": None,
}  # fmt: skip


async def _rows(site: Site, view: View) -> list[TraceRow]:
    found = await sampled(site, view, read_question(view).choice)
    return _sorted(view, await asyncio.to_thread(trace_rows, found.population))


def _sorted(view: View, rows: list[TraceRow]) -> list[TraceRow]:
    return read_sort(view, "traces", _SORTABLE, _TEXT, "start_ms").apply(rows)


async def _found(site: Site, view: View, asked: TraceQuestion) -> dict[str, Any]:
    sort = read_sort(view, "traces", _SORTABLE, _TEXT, "start_ms")
    found = await sampled(site, view, asked.choice)
    baseline = read_baseline(view, asked.choice)
    before = await sampled(site, view, baseline) if baseline else None
    rows = sort.apply(await asyncio.to_thread(trace_rows, found.population))
    page = read_page(view, len(rows))
    key = ("trace parts", *key_of(view, asked.choice), *key_of(view, baseline))
    return {
        "sampled": found,
        "rows": rows[page.start : page.end],
        "page": page,
        "sort": sort,
        "failed": sum(row.failed for row in rows),
        "baseline": baseline,
        "since": before,
        "explained": await site.cache.get(key, TTL_S, partial(asyncio.to_thread, _explained, found, before)),
        "models": await asyncio.to_thread(models, found.population.spans),
        "facets": await asyncio.to_thread(facets_of, view, found.population.spans),
    }


def _explained(found: Sampled, before: Sampled | None) -> list[dict[str, Any]]:
    """Each quantile with its drawing."""
    parts_before = before.population.parts if before else None
    with_baseline = before is not None and len(before.population.parts) > 0
    drawn = []
    for one in explain(found.population.parts, parts_before):
        rows = part_rows(one, 8)
        wide, narrow = (parts_picture(rows, with_baseline=with_baseline, width=width) for width in (_WIDE, _NARROW))
        drawn.append({"one": one, "rows": rows, "wide": wide, "narrow": narrow})
    return drawn
