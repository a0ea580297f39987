"""`/`: the state of everything that reports here, the worst first, by name."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.inventory.sources import Source
from trimtab.kpis.hosts import HostSummary
from trimtab.web import format as words
from trimtab.web import respond
from trimtab.web.pages.snippets import connect_snippets
from trimtab.web.pages.sources import visible_rejections, visible_sources
from trimtab.web.panels import fleet_panels, machine_panels
from trimtab.web.site import Site
from trimtab.web.tiles import Tile, fleet_tiles
from trimtab.web.view import View

_PROCESSES, _FLEET_PROCESSES = 10, 18
_PROCESS_HOSTS = 20
"""Of so many of the busiest hosts processes are read: the busiest processes are on the busiest hosts."""
_WORST = 8
_SOURCES = 5
_LATER = (
    ("This month’s $", "reads a cloud bill"),
    ("Paid GPU-hours", "reads a cloud bill"),
    ("Allocated %", "reads a scheduler"),
    ("Active %", "reads GPU telemetry"),
    ("Idle $", "bill and GPU telemetry"),
)
"""UI.md's first line. None of these can be known before the rooms that read bills, schedulers and GPUs exist."""


def routes(site: Site) -> list[BaseRoute]:
    """The overview and its JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        facts = await _facts(site, view)
        snippets = connect_snippets(view.origin, site.state.region)
        return site.page(request, view, "overview", timed=True, later=_LATER, snippets=snippets, **facts)

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        facts = await _facts(site, view)
        shown = {key: [asdict(one) for one in facts[key]] for key in ("hosts", "processes", "tiles", "rejections")}
        sources = [asdict(one) for one in facts["sources"]]
        return respond.json(request, {**shown, "sources": sources, "at_ms": view.now_ms})

    return [Route("/", site.guarded(page)), Route("/overview.json", site.guarded(as_json))]


async def _facts(site: Site, view: View) -> dict[str, Any]:
    scope = view.scope
    hosts = await site.fleet.hosts(scope)
    up = sorted((host for host in hosts if host.up), key=lambda host: -(host.cpu or 0))
    busiest = tuple(host.name for host in up[:_PROCESS_HOSTS])
    sources = visible_sources(site, scope)
    machine = hosts[0] if len(hosts) == 1 else None
    return {
        "hosts": hosts,
        "worst": up[:_WORST],
        "machine": machine,
        "stale": [host.name for host in hosts if not host.up][:_WORST],
        "tiles": await _tiles(site, view, hosts, sources),
        "panels": machine_panels(machine.name) if machine else fleet_panels() if hosts else [],
        "processes": await site.fleet.processes(scope, busiest, _PROCESSES if machine else _FLEET_PROCESSES),
        "sources": sources[:_SOURCES],
        "rejections": visible_rejections(site, scope, 5),
    }


async def _tiles(site: Site, view: View, hosts: Sequence[HostSummary], sources: Sequence[Source]) -> list[Tile]:
    trends = await site.fleet.trends(view.scope, view.window)
    return [*fleet_tiles(hosts, trends, "/hosts"), _ingest_tile(site, view, sources)]


def _ingest_tile(site: Site, view: View, sources: Sequence[Source]) -> Tile:
    rate = sum(source.rows_per_s for source in sources)
    names = site.state.registry.names(view.scope)
    series = sum(sum(found.values()) for found in names.values())
    newest = max((source.last_seen_ms for source in sources), default=0)
    note = f"{words.count(series)} series · {words.age(newest, view.now_ms)}"
    return Tile("Arriving", *_rows(rate), note, site.arrivals.trend(), href="/sources")


def _rows(rate: float) -> tuple[str, str]:
    size, _, prefix = words.value(rate).partition(" ")
    return size, f"{prefix} rows/s".strip()
