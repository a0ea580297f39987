"""`/service-map`: who calls whom, how often and how fast, which fails, and what each was like before."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, QueryAborted
from trimtab.bottlenecks.read import Sampled, through
from trimtab.bottlenecks.service_map import ServiceMap, service_map
from trimtab.web import respond
from trimtab.web.site import Site
from trimtab.web.traces.pictures import latency_picture, map_picture
from trimtab.web.traces.question import BASELINES, DEFAULT_RANGE, read_baseline, read_question, sampled
from trimtab.web.traces.rows import ms_text
from trimtab.web.view import View

PATH = "/service-map"
_COLUMNS = ("caller", "callee", "requests", "failed", "p50_ms", "p90_ms", "p99_ms", "wire_ms")


def routes(site: Site) -> list[BaseRoute]:
    """The page, its nodes and edges as JSON, and its edges as CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request, DEFAULT_RANGE)
        asked, facts = read_question(view), dict(_NOTHING)
        try:
            facts |= await _facts(site, view)
        except InvalidInput as problem:
            facts["complaint"] = str(problem)
        except QueryAborted as problem:
            facts["aborted"] = str(problem)
        return site.page(
            request, view, "service_map", timed=True, asked=asked, baselines=BASELINES, ms=ms_text, **facts
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request, DEFAULT_RANGE)
        found = _map(await sampled(site, view, read_question(view).choice))
        return respond.json(request, {"traces": found.traces, "nodes": found.nodes, "edges": found.edges})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, DEFAULT_RANGE)
        found = _map(await sampled(site, view, read_question(view).choice))
        rows = [
            (
                edge.caller,
                edge.callee,
                edge.traffic.requests,
                edge.traffic.failed,
                edge.traffic.p50_ms,
                edge.traffic.p90_ms,
                edge.traffic.p99_ms,
                edge.wire_ms,
            )
            for edge in found.edges
        ]
        return respond.table(request, "service-map", _COLUMNS, rows)

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
    ]


_NOTHING: dict[str, Any] = {
    "complaint": "", "aborted": "", "map": None, "picture": None, "sampled": None, "baseline": None, "before": None,
    "node": None, "old": None, "latency": None, "into": [], "out": [], "traces_link": "", "compare_link": "",
}  # fmt: skip


def _map(found: Sampled) -> ServiceMap:
    return service_map(found.population, found.inferred, found.scale)


async def _facts(site: Site, view: View) -> dict[str, Any]:
    choice = read_question(view).choice
    found = await sampled(site, view, choice)
    baseline = read_baseline(view, choice)
    before = _map(await sampled(site, view, baseline)) if baseline else None
    now = _map(found)
    seconds = max((choice.end_ms - choice.start_ms) / 1000, 1.0)
    facts: dict[str, Any] = {"map": now, "sampled": found, "baseline": baseline, "before": before}
    facts["picture"] = map_picture(now, before, view, seconds) if now.nodes else None
    node = next((one for one in now.nodes if one.name == view.get("node")), None)
    if node is None:
        return facts
    old = next((one for one in before.nodes if one.name == node.name), None) if before else None
    expression = through(node.name)
    return facts | {
        "node": node,
        "old": old,
        "latency": latency_picture(node.traffic, old.traffic if old else None),
        "into": [edge for edge in now.edges if edge.callee == node.name],
        "out": [edge for edge in now.edges if edge.caller == node.name],
        "traces_link": view.url(path="/traces", q=expression, drop=("node",)),
        "compare_link": view.url(
            path="/traces/compare", q=expression, drop=("node",), baseline=view.get("baseline") or "before"
        ),
    }
