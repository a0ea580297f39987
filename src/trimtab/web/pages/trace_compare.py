"""`/traces/compare`: two populations of traces side by side, what explains the difference, and who is to blame."""

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, QueryAborted
from trimtab.base.records import asdict, replace
from trimtab.bottlenecks.compare import Comparison, compare
from trimtab.bottlenecks.explain import explain
from trimtab.bottlenecks.read import Choice, attribute_names
from trimtab.bottlenecks.room import RootCauses
from trimtab.web import respond
from trimtab.web.audit.changes import changes_panel
from trimtab.web.site import Site
from trimtab.web.traces.pictures import parts_picture
from trimtab.web.traces.question import BASELINES, TTL_S, read_baseline, read_question, room_of, sampled
from trimtab.web.traces.rows import detail, label, ms_text, part_rows
from trimtab.web.view import View

PATH = "/traces/compare"
_SHOWN = 40
_ABOUT = 5
_WIDE, _NARROW = 620, 330
_DEFAULT_RANGE = "1h"
_BY_FILTER = "filter"


def routes(site: Site) -> list[BaseRoute]:
    """The page and its comparison as JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        asked, facts = read_question(view), dict(_NOTHING)
        try:
            facts |= await _facts(site, view)
        except InvalidInput as problem:
            facts["complaint"] = str(problem)
        except QueryAborted as problem:
            facts["aborted"] = str(problem)
        facts |= {"ms": ms_text, "label": label, "detail": detail}
        facts |= {"asked": asked, "baselines": BASELINES, "by": _by(view)}
        return site.page(request, view, "trace_compare", timed=True, **facts)

    async def as_json(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        one, other = _choices(view)
        return respond.json(request, asdict(await _compared(site, view, one, other)))

    return [Route(PATH, site.guarded(page, bound=True)), Route(PATH + ".json", site.guarded(as_json, bound=True))]


_NOTHING: dict[str, Any] = {
    "complaint": "", "aborted": "", "found": None, "one": None, "other": None, "explained": [], "causes": None,
    "windows": None, "parts": [], "features": [], "done": None,
}  # fmt: skip


def _by(view: View) -> str:
    """What the other population is: one of BASELINES, or `filter`."""
    return _BY_FILTER if view.get("other") else view.get("baseline", "before")


def _choices(view: View) -> tuple[Choice, Choice]:
    one = read_question(view).choice
    if view.get("other"):
        return one, replace(one, expression=view.get("other"))
    baseline = read_baseline(view, one)
    span = one.end_ms - one.start_ms
    return one, baseline or replace(one, start_ms=one.start_ms - span, end_ms=one.start_ms)


async def _compared(site: Site, view: View, one: Choice, other: Choice) -> Comparison:
    mine, others = await sampled(site, view, one), await sampled(site, view, other)
    ignore = [*attribute_names(one), *attribute_names(other)]
    return await asyncio.to_thread(compare, mine.population, others.population, ignore)


async def _facts(site: Site, view: View) -> dict[str, Any]:
    one, other = _choices(view)
    mine, others = await sampled(site, view, one), await sampled(site, view, other)
    found = await _compared(site, view, one, other)
    explained = []
    for item in await asyncio.to_thread(explain, mine.population.parts, others.population.parts):
        rows = part_rows(item, 8)
        wide, narrow = (parts_picture(rows, with_baseline=True, width=width) for width in (_WIDE, _NARROW))
        explained.append({"one": item, "rows": rows, "wide": wide, "narrow": narrow})
    done = await changes_panel(site, view, one.end_ms, _words(found), window_ms=one.end_ms - min(_edges(one, other)))
    causes = await _causes(site, view, one, other) if view.get("suspects") and not view.get("other") else None
    return {
        "found": found,
        "one": mine,
        "other": others,
        "windows": (one, other),
        "explained": explained if len(mine.population.parts) and len(others.population.parts) else [],
        "parts": [moved for moved in found.parts if max(moved.ms, moved.other_ms) >= 0.01][:_SHOWN],
        "features": found.features[:_SHOWN],
        "causes": causes,
        "done": done,
    }


def _words(found: Comparison) -> list[str]:
    """What a change may be about: services whose parts moved most, and values that tell the populations apart."""
    moved = [one.part.service for one in found.parts[:_ABOUT]]
    return [*dict.fromkeys(moved), *(one.value for one in found.features[:_ABOUT])]


async def _causes(site: Site, view: View, one: Choice, other: Choice) -> RootCauses:
    grain = int(TTL_S * 1000)
    key = ("root causes", view.scope, one.expression, *(at // grain for at in _edges(one, other)))
    read = partial(room_of(site).root_causes, view.scope, one, other)
    return await site.cache.get(key, TTL_S, read)


def _edges(one: Choice, other: Choice) -> tuple[int, int, int, int]:
    return one.start_ms, one.end_ms, other.start_ms, other.end_ms
