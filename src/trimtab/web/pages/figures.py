"""`/figures` and `/figures/<id>`: every figure that is shown, and how one is computed, with the rows behind it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.figures.areas.money import GPU_TIME, IDLE
from trimtab.figures.model import Figure
from trimtab.figures.register import REGISTER, figure
from trimtab.fleet.figures import FIGURES
from trimtab.web import format as words
from trimtab.web import kpi_text, respond
from trimtab.web.money_tiles import money
from trimtab.web.pages.teams import read_basis, rows_of
from trimtab.web.site import Site
from trimtab.web.teams import TeamRow
from trimtab.web.view import View

COLUMNS = ("id", "label", "area", "unit", "formula", "basis", "span", "rollup", "rows")


def routes(site: Site) -> list[BaseRoute]:
    """The register with its JSON and CSV, and one figure with its JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        areas: dict[str, list[Figure]] = {}
        for one in REGISTER.values():
            areas.setdefault(one.area, []).append(one)
        return site.page(request, view, "figures", timed=False, areas=areas)

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"figures": [as_dict(one) for one in REGISTER.values()]})

    async def as_csv(request: Request) -> Response:
        rows = (list(as_dict(one).values()) for one in REGISTER.values())
        return respond.table(request, "figures", COLUMNS, rows)

    async def one(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = figure(request.path_params["id"])
        values = await _by_team(site, view, found)
        path, _, query = found.rows.partition("?")
        rows = view.ranged(path) if path else ""
        rows += f"{'&' if '?' in rows else '?'}{query}" if query else ""
        basis = read_basis(view).value if found in (GPU_TIME, IDLE) else ""
        return site.page(request, view, "figure", timed=True, one=found, values=values, rows=rows, basis=basis)

    async def one_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = figure(request.path_params["id"])
        values = [{"team": team, "value": value} for team, value in await _by_team(site, view, found)]
        return respond.json(request, {"figure": as_dict(found), "by_team": values})

    return [
        Route("/figures", site.guarded(page, bound=True)),
        Route("/figures.json", site.guarded(as_json, bound=True)),
        Route("/figures.csv", site.guarded(as_csv, bound=True)),
        Route("/figures/{id}.json", site.guarded(one_json, bound=True)),
        Route("/figures/{id}", site.guarded(one, bound=True)),
    ]


def as_dict(one: Figure) -> dict[str, Any]:
    """A figure as JSON has it."""
    return {name: str(getattr(one, name)) for name in COLUMNS}


async def _by_team(site: Site, view: View, found: Figure) -> list[tuple[str, str]]:
    """The figure of each team over the range, and of all; empty where it is not one of GPU time."""
    if found.id not in FIGURES and found not in (GPU_TIME, IDLE):
        return []
    fleet = await site.gpus.fleet(view.scope, view.window, read_basis(view))
    return [] if fleet is None else [(row.name, _value(found, row)) for row in await rows_of(site, view, fleet)]


def _value(found: Figure, row: TeamRow) -> str:
    if found is GPU_TIME or found is IDLE:
        return money(row.cost if found is GPU_TIME else row.idle_cost)
    value = FIGURES[found.id].of(row.hours)
    if value is None:
        return words.NONE
    return f"{kpi_text.hours(value)} h" if found.unit == "h" else words.value(value, words.FRACTION)
