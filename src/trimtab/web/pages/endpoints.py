"""`/endpoints` and `/endpoints/<name>`: what serves requests, how fast, how well, and on which GPUs."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.figures.areas.runs import GPUS_HELD
from trimtab.figures.register import REGISTER
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.kpis.model import Level
from trimtab.web import format as words
from trimtab.web import kpi_text, respond
from trimtab.web.endpoint_panels import endpoint_panels
from trimtab.web.gpu_fleet import GpuRow
from trimtab.web.ownership import owners_of
from trimtab.web.pages.gpus import gpu_dict
from trimtab.web.pages.kpis import as_dict
from trimtab.web.pages.snippets import gpu_snippets
from trimtab.web.services import Group, gpus_of
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page
from trimtab.web.tiles import Tile
from trimtab.web.view import View

KPIS = (
    "requests_per_s", "tokens_per_s", "latency_p50", "latency_p95", "latency_p99", "ttft_p95", "inter_token_p95",
    "success_ratio", "error_budget_left",
)  # fmt: skip
"""The columns of the table that are KPIs; JSON and the endpoint's page have all of them."""
_HEADS = ("req/s", "tokens/s", "p50", "p95", "p99", "TTFT p95", "Token p95", "Success", "Error budget")
_OWN = {"name": "name", "team": "team", "waiting": "queue", "kv_cache": "cache", "gpus": "gpus"}
_TEXT = frozenset({"name", "team"})
_WORST = "worst"


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, and an endpoint's page with its JSON."""

    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        sort = _read_sort(view)
        rows = _sorted(await site.services.endpoints(view.scope, view.window), sort)
        shown = read_page(view, len(rows))
        return site.page(
            request,
            view,
            "endpoints",
            timed=True,
            rows=rows[shown.start : shown.end],
            page=shown,
            sort=sort,
            columns=list(zip(KPIS, _HEADS, strict=True)),
            overspent=[one.name for one in rows if (one.value("error_budget_left") or 0) < 0],
            kpi=kpi_text,
            snippets=gpu_snippets(view.origin)[1:],
        )

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = _sorted(await site.services.endpoints(view.scope, view.window), _read_sort(view))
        return respond.json(request, {"endpoints": [as_dict(one) for one in rows]})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = _sorted(await site.services.endpoints(view.scope, view.window), _read_sort(view))
        cells = ([*(getattr(one, _OWN[key]) for key in _OWN), *(one.value(id_) for id_ in KPIS)] for one in rows)
        return respond.table(request, "endpoints", [*_OWN, *KPIS], cells)

    async def one(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = await _endpoint(site, view, request.path_params["name"])
        gpus = await _gpus(site, view, found.name)
        areas = [(title, [found.kpis[id_] for id_ in ids]) for title, ids in kpi_text.AREAS.values()]
        return site.page(
            request,
            view,
            "endpoint",
            timed=True,
            one=found,
            tiles=_tiles(found, gpus),
            panels=endpoint_panels(site.state, view, found.name),
            gpu_rows=gpus,
            areas=areas,
            kpi=kpi_text,
        )

    async def one_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = await _endpoint(site, view, request.path_params["name"])
        gpus = [gpu_dict(row) for row in await _gpus(site, view, found.name)]
        return respond.json(request, {"endpoint": as_dict(found), "gpus": gpus})

    return [
        Route("/endpoints", site.guarded(page, bound=True)),
        Route("/endpoints.json", site.guarded(as_json, bound=True)),
        Route("/endpoints.csv", site.guarded(as_csv, bound=True)),
        Route("/endpoints/{name:path}.json", site.guarded(one_json, bound=True)),
        Route("/endpoints/{name:path}", site.guarded(one, bound=True)),
    ]


def _read_sort(view: View) -> Sort:
    """The order that the URL asks for; the worst first where it does not say. Raises InvalidInput."""
    key = view.get("sort", _WORST)
    known = {_WORST, *_OWN, *KPIS}
    if key not in known:
        raise InvalidInput(f"cannot sort endpoints: got {key!r}; expected one of {', '.join(sorted(known))}")
    direction = view.get("dir", "asc" if key in _TEXT else "desc")
    return Sort(key, direction != "asc", _TEXT)


def _sorted(rows: Sequence[Group], sort: Sort) -> list[Group]:
    """Sorted; what is unknown comes last either way."""
    if sort.key == _WORST:
        return list(rows)

    def value(one: Group) -> Any:
        return getattr(one, _OWN[sort.key]) if sort.key in _OWN else one.value(sort.key)

    known = [one for one in rows if value(one) is not None]
    return sorted(known, key=value, reverse=sort.down) + [one for one in rows if value(one) is None]


async def _endpoint(site: Site, view: View, name: str) -> Group:
    for one in await site.services.groups_of_services(view.scope, view.window):
        if one.name == name:
            return one
    raise NotFound(f"no endpoint {name!r} has served in this range; the list of endpoints has those that did")


async def _gpus(site: Site, view: View, name: str) -> list[GpuRow]:
    """The GPUs that the endpoint's pods hold."""
    fleet = await site.gpus.fleet(view.scope, view.window)
    if fleet is None:
        return []
    owners = owners_of(Level.SERVICE, Finder(site.state.registry, view.scope, view.window.start_ms))
    return gpus_of(fleet, Level.SERVICE, owners).get(name, [])


def _tiles(one: Group, gpus: Sequence[GpuRow]) -> list[Tile]:
    known = [row.active for row in gpus if row.active is not None]
    active = f"{sum(known) / len(known) * 100:.0f} % active" if known else "none is known"
    left = one.value("error_budget_left")
    budget = f"{kpi_text.shown(one.kpis['error_budget_left'])} of the error budget left"
    if left is not None and left < 0:
        budget = f"error budget overspent {1 - left:.0f}×"
    ttft, success = REGISTER["ttft_p95"], REGISTER["success_ratio"]
    return [
        Tile(REGISTER["requests_per_s"], *_split(one, "requests_per_s"), one.why("requests_per_s"), one.requests),
        Tile(REGISTER["tokens_per_s"], *_split(one, "tokens_per_s"), one.why("tokens_per_s")),
        Tile(REGISTER["latency_p95"], *_split(one, "latency_p95"), f"p99 {kpi_text.shown(one.kpis['latency_p99'])}"),
        Tile(ttft, *_split(one, "ttft_p95"), one.why("ttft_p95"), name=ttft.aliases[0]),
        Tile(success, *_split(one, "success_ratio"), budget, name=success.aliases[0]),
        Tile(GPUS_HELD, words.value(len(gpus)), "", active),
    ]


def _split(one: Group, id_: str) -> tuple[str, str]:
    size, _, unit = kpi_text.shown(one.kpis[id_]).partition(" ")
    return size, unit
