"""`/gpus.json` and `/gpus.csv`: every GPU over the range; their page is `/hosts`."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import iso
from trimtab.fleet.telemetry.gpu_hours import Layers
from trimtab.web import respond
from trimtab.web.gpu_fleet import GpuFleet, GpuRow
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_sort
from trimtab.web.view import View, link

COLUMNS = tuple(item.name for item in fields(GpuRow))
_TEXT = frozenset({"gpu", "node", "index", "model", "state", "owner", "pod", "workload", "source", "why"})


def routes(site: Site) -> list[BaseRoute]:
    """The data, and the page's shorter address."""

    async def page(request: Request) -> Response:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "show"]
        return RedirectResponse(link("/hosts", [("show", "gpus"), *kept]), 302)

    async def as_json(request: Request) -> Response:
        view = site.fleet_view(request)
        fleet = await site.gpus.fleet(view.scope, view.window)
        rows = sorted_gpus(view, fleet)
        return respond.json(request, {"gpus": [asdict(row) for row in rows], **summary(fleet)})

    async def as_csv(request: Request) -> Response:
        view = site.fleet_view(request)
        rows = sorted_gpus(view, await site.gpus.fleet(view.scope, view.window))
        return respond.table(request, "gpus", COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))

    return [
        Route("/gpus", site.guarded(page)),
        Route("/gpus.json", site.guarded(as_json)),
        Route("/gpus.csv", site.guarded(as_csv)),
    ]


def gpu_sort(view: View) -> Sort:
    """The order of the GPU table: most idle hours first where the URL does not say."""
    return read_sort(view, "GPUs", frozenset(COLUMNS), _TEXT, "idle_h")


def sorted_gpus(view: View, fleet: GpuFleet | None) -> Sequence[GpuRow]:
    """Every GPU in the URL's order."""
    return gpu_sort(view).apply(fleet.gpus, "gpu") if fleet else []


def summary(fleet: GpuFleet | None) -> dict[str, Any]:
    """The hours by owner and of the whole fleet, as JSON has them."""
    if fleet is None:
        return {"owners": {}, "whole": None}
    owners = {name: hours(layers) for name, layers in fleet.owners.items()}
    return {"owners": owners, "whole": hours(fleet.whole), "start": iso(fleet.start_ms), "end": iso(fleet.end_ms)}


def hours(layers: Layers) -> dict[str, float | None]:
    """The layers of one owner, GPU-hours."""
    names = ("paid", "down", "allocated", "active", "idle", "unallocated", "idle_allocated", "unknown", "coverage")
    return {name: getattr(layers, name) for name in names}
