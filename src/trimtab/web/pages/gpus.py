"""`/gpus.json` and `/gpus.csv`: every GPU over the range; their page is `/hosts`."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import iso
from trimtab.fleet.frame import Totals
from trimtab.web import respond
from trimtab.web.gpu_fleet import COLUMNS, GpuFleet, GpuRow
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_sort
from trimtab.web.view import View, link

HOURS = ("existing", "down", "held", "free", "unknown", "active", "inactive", "unmeasured", "idle")
_TEXT = frozenset(
    {
        "gpu",
        "node",
        "index",
        "model",
        "state",
        "owner",
        "pod",
        "workload",
        "source",
        "why",
        "last",
        "machine",
        "currency",
    }
)


def routes(site: Site) -> list[BaseRoute]:
    """The data, and the page's shorter address."""

    async def page(request: Request) -> Response:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "show"]
        return RedirectResponse(link("/hosts", [("show", "gpus"), *kept]), 302)

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        fleet = await site.gpus.fleet(view.scope, view.window)
        rows = sorted_gpus(view, fleet)
        return respond.json(request, {"gpus": [gpu_dict(row) for row in rows], **summary(fleet)})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = sorted_gpus(view, await site.gpus.fleet(view.scope, view.window))
        return respond.table(request, "gpus", COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))

    return [
        Route("/gpus", site.guarded(page, bound=True)),
        Route("/gpus.json", site.guarded(as_json, bound=True)),
        Route("/gpus.csv", site.guarded(as_csv, bound=True)),
    ]


def gpu_sort(view: View) -> Sort:
    """The order of the GPU table: most idle hours first where the URL does not say."""
    return read_sort(view, "GPUs", frozenset(COLUMNS), _TEXT, "idle_h")


def sorted_gpus(view: View, fleet: GpuFleet | None) -> Sequence[GpuRow]:
    """Every GPU in the URL's order."""
    return gpu_sort(view).apply(fleet.gpus, "gpu") if fleet else []


def gpu_dict(row: GpuRow) -> dict[str, Any]:
    """A GPU as JSON has it."""
    return {name: getattr(row, name) for name in COLUMNS}


def summary(fleet: GpuFleet | None) -> dict[str, Any]:
    """The hours by team and of the whole fleet, as JSON has them."""
    if fleet is None:
        return {"teams": {}, "whole": None}
    teams = {name: hours(found) for name, found in fleet.teams.items()}
    return {"teams": teams, "whole": hours(fleet.whole), "start": iso(fleet.start_ms), "end": iso(fleet.end_ms)}


def hours(found: Totals) -> dict[str, float]:
    """The hours of a group: existing = down + held + free + unknown, held = active + inactive + unmeasured."""
    return {name: getattr(found, name) for name in HOURS}
