"""`/`: the state of everything that reports here, the worst first, by name."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.records import asdict
from trimtab.figures.areas.arrivals import ARRIVING
from trimtab.figures.areas.money import IDLE, MONTH
from trimtab.inventory.sources import Source
from trimtab.kpis.hosts import HostSummary
from trimtab.web import format as words
from trimtab.web import kpi_text, respond
from trimtab.web.advice.rows import saving_most
from trimtab.web.connect.connected import connected
from trimtab.web.gpu_findings import BrokenGroup, IdleGroup, broken_groups, idle_groups
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.gpu_tiles import ACTIVE, EXISTING, HELD, gpu_tiles
from trimtab.web.money_tiles import idle_of, money, month_tile, words_of
from trimtab.web.pages.gpus import summary
from trimtab.web.pages.kpis import as_dict
from trimtab.web.pages.runs import lead_run_tiles
from trimtab.web.pages.snippets import connect_snippets
from trimtab.web.pages.sources import visible_rejections, visible_sources
from trimtab.web.pages.teams import read_basis, rows_of
from trimtab.web.panels import fleet_panels, machine_panels
from trimtab.web.services import Group
from trimtab.web.site import Site
from trimtab.web.teams import as_dict as team_dict
from trimtab.web.tiles import Tile, fleet_tiles
from trimtab.web.tiles import as_dict as tile_dict
from trimtab.web.view import View

_PROCESSES, _FLEET_PROCESSES = 10, 18
_PROCESS_HOSTS = 20
"""Of so many of the busiest hosts processes are read: the busiest processes are on the busiest hosts."""
_WORST = 8
_SOURCES = 5
_BEST = 5
_GPUS = (EXISTING, HELD, ACTIVE)
_LATER = (
    (MONTH, "trimtab import your-bill"),
    *((one, "trimtab agent on a GPU host") for one in _GPUS),
    (IDLE, "GPU telemetry, and prices: nodes of a cluster or own rates"),
)
"""UI.md's first line, as far as it cannot be known yet, and what makes it known."""
_IDLE_GROUPS, _BROKEN, _SERVICES = 6, 8, 12


def routes(site: Site) -> list[BaseRoute]:
    """The overview and its JSON."""

    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        facts = await _facts(site, view)
        snippets = connect_snippets(view.origin, site.state.region)
        later = [(one.label, how) for one, how in _LATER if one not in facts["known"]]
        lead: dict[str, Any] = {"later": later, "snippets": snippets, "connected": await connected(site, view)}
        lead["no_money"] = MONTH not in facts["known"]
        return site.page(request, view, "overview", timed=True, kpi=kpi_text, **lead, **facts)

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        facts = await _facts(site, view)
        shown = {key: [asdict(one) for one in facts[key]] for key in ("hosts", "processes", "rejections")}
        sources = [asdict(one) for one in facts["sources"]]
        gpus = {
            **summary(facts["gpus"]),
            "by_team": [team_dict(row) for row in facts["teams"]],
            "idle": [_idle_group(one) for one in facts["idle"]],
            "broken": [_broken_group(one) for one in facts["broken"]],
        }
        services = [as_dict(one) for one in facts["services"]]
        body = {
            **shown,
            "tiles": [tile_dict(one) for one in (*facts["tiles"], *facts["machine_tiles"])],
            "best": facts["best"],
            "sources": sources,
            "gpus": gpus,
            "services": services,
            "at_ms": view.now_ms,
        }
        return respond.json(request, body)

    return [Route("/", site.guarded(page, bound=True)), Route("/overview.json", site.guarded(as_json, bound=True))]


async def _facts(site: Site, view: View) -> dict[str, Any]:
    scope = view.scope
    endpoints = site.services.endpoints(scope, view.window) if await site.gpus.any(scope) else _none()
    fleet, hosts, services = await asyncio.gather(
        site.gpus.fleet(scope, view.window, read_basis(view)), site.fleet.hosts(scope), endpoints
    )
    up = sorted((host for host in hosts if host.up), key=lambda host: -(host.cpu or 0))
    busiest = tuple(host.name for host in up[:_PROCESS_HOSTS])
    sources = visible_sources(site, scope)
    machine = hosts[0] if len(hosts) == 1 else None
    facts = {
        "hosts": hosts,
        "worst": up[:_WORST],
        "machine": machine,
        "stale": [host.name for host in hosts if not host.up][:_WORST],
        "panels": machine_panels(machine.name) if machine else fleet_panels() if hosts else [],
        "processes": [],
        "sources": sources[:_SOURCES],
        "rejections": visible_rejections(site, scope, 5),
        **(await saving_most(site.state.advice, scope, _BEST)),
        "gpus": fleet, "teams": [], "idle": (), "broken": (), "more_broken": 0, "services": [], "idle_money": [],
        "machine_tiles": [],
    }  # fmt: skip
    month = await month_tile(site.state.costs, scope, view.now_ms, live=site.state.live)
    if fleet is not None:
        teams = await rows_of(site, view, fleet)
        return facts | _gpu_facts(view, fleet, sources, services, month) | {"teams": teams, "money": money}
    most = _PROCESSES if machine else _FLEET_PROCESSES
    return facts | {
        "tiles": [*([month] if month else []), *await lead_run_tiles(site, view)],
        "machine_tiles": await _tiles(site, view, hosts, sources),
        "known": {MONTH} if month else set(),
        "processes": await site.fleet.processes(scope, busiest, most),
    }


async def _none() -> list[Group]:
    return []


def _gpu_facts(
    view: View, fleet: GpuFleet, sources: Sequence[Source], services: Sequence[Group], month: Tile | None
) -> dict[str, Any]:
    broken, idle = broken_groups(fleet.gpus), idle_groups(fleet.gpus)[:_IDLE_GROUPS]
    idle_money = idle_of(fleet.costed)
    links = (view.ranged("/hosts"), "/sources")
    return {
        "tiles": gpu_tiles(fleet, sources, view.now_ms, links, (month, idle_money)),
        "known": {*_GPUS, *(one for one, found in ((MONTH, month), (IDLE, idle_money)) if found)},
        "idle_money": [words_of(one.amounts) for one in idle],
        "idle": idle,
        "broken": broken[:_BROKEN],
        "more_broken": max(len(broken) - _BROKEN, 0),
        "services": services[:_SERVICES],
    }


def _idle_group(group: IdleGroup) -> dict[str, Any]:
    """A group as JSON has it: its GPUs by name only."""
    names = ("owner", "workload", "held", "nodes", "models", "idle_h", "active", "memory")
    return {**{name: getattr(group, name) for name in names}, "gpus": [row.gpu for row in group.gpus]}


def _broken_group(group: BrokenGroup) -> dict[str, Any]:
    """A group as JSON has it."""
    names = ("node", "why", "owners", "indices", "down_h")
    return {**{name: getattr(group, name) for name in names}, "gpus": [row.gpu for row in group.gpus]}


async def _tiles(site: Site, view: View, hosts: Sequence[HostSummary], sources: Sequence[Source]) -> list[Tile]:
    trends = await site.fleet.trends(view.scope, view.window)
    return [*fleet_tiles(hosts, trends, "/hosts"), _ingest_tile(site, view, sources)]


def _ingest_tile(site: Site, view: View, sources: Sequence[Source]) -> Tile:
    rate = sum(source.rows_per_s for source in sources)
    names = site.state.registry.names(view.scope)
    series = sum(sum(found.values()) for found in names.values())
    newest = max((source.last_seen_ms for source in sources), default=0)
    note = f"{words.count(series)} series · {words.age(newest, view.now_ms)}"
    return Tile(ARRIVING, *_rows(rate), note, site.arrivals.trend(), href="/sources")


def _rows(rate: float) -> tuple[str, str]:
    size, _, prefix = words.value(rate).partition(" ")
    return size, f"{prefix} rows/s".strip()
