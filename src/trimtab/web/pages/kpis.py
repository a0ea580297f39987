"""`/kpis`: the five infrastructure KPIs of every service, team or the fleet, with formulas and inputs."""

from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import Kpi, Level
from trimtab.web import kpi_text, respond
from trimtab.web.pages.snippets import gpu_snippets
from trimtab.web.services import Group
from trimtab.web.site import Site
from trimtab.web.sorting import PAGE_ROWS
from trimtab.web.view import View

COLUMNS = ("group", "kpi", "area", "value", "unit", "low", "high", "coverage", "reason", "inputs", "formula")


def routes(site: Site) -> list[BaseRoute]:
    """The page and its JSON and CSV."""

    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        level = read_level(view)
        groups = await site.services.groups(view.scope, view.window, level)
        areas = [(title, _known(ids, groups), _sources(ids, groups)) for title, ids in kpi_text.AREAS.values()]
        return site.page(
            request,
            view,
            "kpis",
            timed=True,
            level=level.value,
            levels=[one.value for one in Level],
            groups=groups[:PAGE_ROWS],
            areas=areas,
            kpi=kpi_text,
            snippets=gpu_snippets(view.origin),
        )

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        level = read_level(view)
        groups = await site.services.groups(view.scope, view.window, level)
        return respond.json(request, {"level": level.value, "groups": [as_dict(group) for group in groups]})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        groups = await site.services.groups(view.scope, view.window, read_level(view))
        rows = (_row(group.name, kpi) for group in groups for kpi in group.kpis.values())
        return respond.table(request, "kpis", COLUMNS, rows)

    return [
        Route("/kpis", site.guarded(page, bound=True)),
        Route("/kpis.json", site.guarded(as_json, bound=True)),
        Route("/kpis.csv", site.guarded(as_csv, bound=True)),
    ]


def read_level(view: View) -> Level:
    """Whose KPIs the URL asks for. Raises InvalidInput."""
    text = view.get("level", Level.SERVICE.value)
    try:
        return Level(text)
    except ValueError as problem:
        known = ", ".join(one.value for one in Level)
        raise InvalidInput(f"cannot read level: got {text!r}; expected one of {known}", field="level") from problem


def as_dict(group: Group) -> dict[str, Any]:
    """A group as JSON has it."""
    return {
        "group": group.name,
        "team": group.team,
        "gpus": group.gpus,
        "waiting": group.queue,
        "kv_cache": group.cache,
        "kpis": list(group.kpis.values()),
    }


def _row(group: str, kpi: Kpi) -> Sequence[Any]:
    formula = FORMULAS[kpi.id]
    source = kpi_text.inputs(kpi)
    head = (group, kpi.id, formula.area.value, kpi.value, formula.unit, kpi.low, kpi.high, kpi.coverage)
    return (*head, kpi.reason, source, formula.text)


def _known(ids: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """The KPIs that any group has a value of; all of an area where none has, so that it says why."""
    found = [id_ for id_ in ids if any(group.value(id_) is not None for group in groups)]
    return found or list(ids[:3])


def _sources(ids: Iterable[str], groups: Sequence[Group]) -> list[tuple[str, str, str]]:
    """(label, formula, inputs of all groups) of each KPI."""
    found = []
    for id_ in ids:
        names = dict.fromkeys(one.source for group in groups for one in group.kpis[id_].inputs)
        found.append((kpi_text.label(id_), kpi_text.formula(id_), ", ".join(names)))
    return found
