"""`/hosts` and `/hosts/<name>`: every machine that reports, and one of them in full."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.kpis.hosts import HostSummary
from trimtab.web import respond
from trimtab.web.panels import host_panels, process_panel
from trimtab.web.site import Site
from trimtab.web.tiles import host_tiles
from trimtab.web.view import View

PAGE_ROWS = 200  # UI.md: paginate at 200 rows
_COLUMNS = tuple(item.name for item in fields(HostSummary))
_SORTABLE = frozenset(_COLUMNS) - {"disk_mount", "up"}
_TEXT = frozenset({"name"})
_PROCESSES = 15


@dataclass(frozen=True, slots=True)
class Sort:
    """`key` is a field of HostSummary; numbers go down first (the worst on top), names up."""

    key: str
    down: bool

    def next_direction(self, key: str) -> str:
        """The direction that a click on column `key` asks for."""
        if key == self.key:
            return "asc" if self.down else "desc"
        return "asc" if key in _TEXT else "desc"

    def apply(self, hosts: Sequence[HostSummary]) -> list[HostSummary]:
        """Sorted; what is not known comes last either way; equal ones by name."""
        by_name = sorted(hosts, key=lambda host: host.name)
        known = [host for host in by_name if getattr(host, self.key) is not None]
        unknown = [host for host in by_name if getattr(host, self.key) is None]
        return sorted(known, key=lambda host: getattr(host, self.key), reverse=self.down) + unknown


def read_sort(view: View) -> Sort:
    """The order that the URL asks for; CPU, busiest first, where it does not say. Raises InvalidInput."""
    key = view.get("sort", "cpu")
    if key not in _SORTABLE:
        raise InvalidInput(f"cannot sort hosts: got {key!r}; expected one of {', '.join(sorted(_SORTABLE))}")
    direction = view.get("dir", "asc" if key in _TEXT else "desc")
    return Sort(key, direction != "asc")


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, and a host's page with its JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        sort = read_sort(view)
        hosts = sort.apply(await site.fleet.hosts(view.scope))
        pages = max(-(-len(hosts) // PAGE_ROWS), 1)
        number = min(max(int(view.get("page")) if view.get("page").isdigit() else 1, 1), pages)
        return site.page(
            request,
            view,
            "hosts",
            timed=True,
            hosts=hosts[(number - 1) * PAGE_ROWS : number * PAGE_ROWS],
            trends=await site.fleet.cpu_by_host(view.scope, view.window),
            total=len(hosts),
            up=sum(host.up for host in hosts),
            sort=sort,
            page=number,
            pages=pages,
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        hosts = read_sort(view).apply(await site.fleet.hosts(view.scope))
        return respond.json(request, {"hosts": [asdict(host) for host in hosts]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        hosts = read_sort(view).apply(await site.fleet.hosts(view.scope))
        rows = ([getattr(host, name) for name in _COLUMNS] for host in hosts)
        return respond.table(request, "hosts", _COLUMNS, rows)

    async def one(request: Request) -> Response:
        view = site.view(request)
        host = await _host(site, view, request.path_params["name"])
        found = await site.fleet.processes(view.scope, (host.name,), 1000)
        return site.page(
            request,
            view,
            "host",
            timed=True,
            host=host,
            tiles=host_tiles(host, await site.fleet.trends(view.scope, view.window, host.name)),
            panels=host_panels(host.name),
            process_panel=process_panel(host.name),
            by_cpu=found[:_PROCESSES],
            by_memory=sorted(found, key=lambda item: -(item.memory or 0))[:_PROCESSES],
            filesystems=await site.fleet.filesystems(view.scope, host.name),
        )

    async def one_json(request: Request) -> Response:
        view = site.view(request)
        host = await _host(site, view, request.path_params["name"])
        processes = await site.fleet.processes(view.scope, (host.name,), 1000)
        mounted = await site.fleet.filesystems(view.scope, host.name)
        body = {
            "host": asdict(host),
            "processes": [asdict(item) for item in processes],
            "filesystems": [asdict(item) for item in mounted],
        }
        return respond.json(request, body)

    return [
        Route("/hosts", site.guarded(page)),
        Route("/hosts.json", site.guarded(as_json)),
        Route("/hosts.csv", site.guarded(as_csv)),
        Route("/hosts/{name}.json", site.guarded(one_json)),
        Route("/hosts/{name}", site.guarded(one)),
    ]


async def _host(site: Site, view: View, name: str) -> HostSummary:
    found = await site.fleet.hosts(view.scope, name)
    if not found:
        raise NotFound(f"no host {name!r} has reported in the last 7 days; the list of hosts has those that did")
    return found[0]
