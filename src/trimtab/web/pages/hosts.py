"""`/hosts` and `/hosts/<name>`: every machine that reports with its GPUs, and one of them in full."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import fields
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import NotFound
from trimtab.base.records import asdict
from trimtab.fleet.model import MachineKey
from trimtab.kpis.hosts import HostSummary
from trimtab.web import respond
from trimtab.web.gpu_fleet import GpuFleet, NodeRow
from trimtab.web.gpu_panels import gpu_panels
from trimtab.web.heat import MOST_NODES, gpu_title, heat_rows
from trimtab.web.pages.gpus import gpu_dict, gpu_sort, sorted_gpus
from trimtab.web.pages.snippets import gpu_snippets
from trimtab.web.panels import host_panels, process_panel
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.tiles import host_tiles
from trimtab.web.view import View

_COLUMNS = tuple(item.name for item in fields(HostSummary))
_SORTABLE = frozenset(_COLUMNS) - {"disk_mount", "up"}
_TEXT = frozenset({"name"})
_PROCESSES = 15
_REMARKS = _FAULTS = 20
HOSTS, GPUS = "hosts", "gpus"


def host_sort(view: View) -> Sort:
    """The order of the host table: CPU, busiest first, where the URL does not say. Raises InvalidInput."""
    return read_sort(view, "hosts", _SORTABLE, _TEXT, "cpu")


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, and a host's page with its JSON."""

    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        show = GPUS if view.get("show") == GPUS else HOSTS
        fleet = await site.gpus.fleet(view.scope, view.window)
        rows = await (_gpu_table(view, fleet) if show == GPUS else _host_table(site, view))
        hosts = await site.fleet.hosts(view.scope)
        remarks = await site.gpus.remarks(view.scope, view.window) if fleet else []
        return site.page(
            request,
            view,
            "hosts",
            timed=True,
            remarks=[(MachineKey.parse(one.machine), one) for one in remarks[:_REMARKS]],
            more_remarks=max(len(remarks) - _REMARKS, 0),
            show=show,
            gpus=fleet,
            heat=heat_rows(fleet.nodes) if fleet else [],
            more_nodes=max(len(fleet.nodes) - MOST_NODES, 0) if fleet else 0,
            snippets=gpu_snippets(view.origin),
            health=fleet is not None and site.state.gpu_health is not None and not view.principal.bound,
            total=len(hosts),
            up=sum(host.up for host in hosts),
            **rows,
        )

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        hosts = host_sort(view).apply(await site.fleet.hosts(view.scope))
        return respond.json(request, {"hosts": [asdict(host) for host in hosts]})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        hosts = host_sort(view).apply(await site.fleet.hosts(view.scope))
        rows = ([getattr(host, name) for name in _COLUMNS] for host in hosts)
        return respond.table(request, "hosts", _COLUMNS, rows)

    async def remarks_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = await site.gpus.remarks(view.scope, view.window)
        return respond.json(request, {"remarks": [asdict(one) for one in found]})

    async def one(request: Request) -> Response:
        view = await site.fleet_view(request)
        host, node = await _found(site, view, request.path_params["name"])
        return site.page(request, view, "host", timed=True, **await _host_facts(site, view, host, node))

    async def one_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        host, node = await _found(site, view, request.path_params["name"])
        body: dict[str, Any] = {"host": asdict(host) if host else None, "processes": [], "filesystems": []}
        if host:
            body["processes"] = [asdict(item) for item in await site.fleet.processes(view.scope, (host.name,), 1000)]
            body["filesystems"] = [asdict(item) for item in await site.fleet.filesystems(view.scope, host.name)]
        body["gpus"] = [gpu_dict(gpu) for gpu in node.gpus] if node else []
        name = host.name if host else node.name if node else ""
        body["faults"] = [asdict(one) for one in await site.gpus.faults(view.scope, view.window, name)]
        return respond.json(request, body)

    return [
        Route("/hosts", site.guarded(page, bound=True)),
        Route("/hosts.json", site.guarded(as_json, bound=True)),
        Route("/hosts.csv", site.guarded(as_csv, bound=True)),
        Route("/hosts/remarks.json", site.guarded(remarks_json, bound=True)),
        Route("/hosts/{name}.json", site.guarded(one_json, bound=True)),
        Route("/hosts/{name}", site.guarded(one, bound=True)),
    ]


async def _host_table(site: Site, view: View) -> dict[str, Any]:
    sort = host_sort(view)
    hosts = sort.apply(await site.fleet.hosts(view.scope))
    page = read_page(view, len(hosts))
    trends = await site.fleet.cpu_by_host(view.scope, view.window)
    return {"hosts": hosts[page.start : page.end], "trends": trends, "sort": sort, "page": page, "gpu_rows": []}


async def _gpu_table(view: View, fleet: GpuFleet | None) -> dict[str, Any]:
    rows = sorted_gpus(view, fleet)
    page = read_page(view, len(rows))
    shown: Sequence[Any] = rows[page.start : page.end]
    return {"hosts": [], "trends": {}, "sort": gpu_sort(view), "page": page, "gpu_rows": shown}


async def _host_facts(site: Site, view: View, host: HostSummary | None, node: NodeRow | None) -> dict[str, Any]:
    name = host.name if host else node.name if node else ""
    facts: dict[str, Any] = {
        "host": host,
        "name": name,
        "node": node,
        "heat": heat_rows([node])[0] if node else None,
        "gpu_panels": gpu_panels(site.state, view, node.name) if node else [],
        "gpu_title": gpu_title,
        "faults": (await site.gpus.faults(view.scope, view.window, name))[:_FAULTS],
        "tiles": [], "panels": [], "process_panel": None, "by_cpu": [], "by_memory": [], "filesystems": [],
    }  # fmt: skip
    if host is None:
        return facts
    found = await site.fleet.processes(view.scope, (host.name,), 1000)
    return facts | {
        "tiles": host_tiles(host, await site.fleet.trends(view.scope, view.window, host.name)),
        "panels": host_panels(host.name),
        "process_panel": process_panel(host.name),
        "by_cpu": found[:_PROCESSES],
        "by_memory": sorted(found, key=lambda item: -(item.memory or 0))[:_PROCESSES],
        "filesystems": await site.fleet.filesystems(view.scope, host.name),
    }


async def _found(site: Site, view: View, name: str) -> tuple[HostSummary | None, NodeRow | None]:
    """What the agent says of a host, and its GPUs by whatever exporter. Raises NotFound where neither knows it."""
    hosts = await site.fleet.hosts(view.scope, name)
    fleet = await site.gpus.fleet(view.scope, view.window)
    node = fleet.of_node(name) if fleet else None
    if not hosts and node is None:
        raise NotFound(f"no host {name!r} has reported in the last 7 days; the list of hosts has those that did")
    return (hosts[0] if hosts else None), node
