"""`/simulate`: policies of scaling on a history, with sliders; what each costs, breaks and says."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.demand import read_demand
from trimtab.scaling.simulation import Simulated, Simulation, simulate
from trimtab.web import respond
from trimtab.web.metric_picker import TEXT, choices
from trimtab.web.scaling import picture
from trimtab.web.scaling.draft import CONTROLS, Draft, read_draft
from trimtab.web.scaling.example import example_demand
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/simulate"
_TICK_S = 60
_EXAMPLE_MS = 1_767_571_200_000
"""The example's first minute: Monday, 2026-01-05."""
_COLUMNS = ("policy", "cost", "cost_vs_oracle", "violating", "launches", "peak", "utilisation")


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and its CSV."""

    async def facts(view: View) -> dict[str, Any]:
        draft = read_draft(view)
        start_ms, demand, complaint = await _demand(site, view, draft)
        found = None if demand is None else await asyncio.to_thread(simulate, draft.asked(demand))
        return {"draft": draft, "found": found, "start_ms": start_ms, "complaint": complaint}

    async def page(request: Request) -> Response:
        view = site.view(request)
        told = await facts(view)
        found: Simulation | None = told["found"]
        drawn = None if found is None else picture.draw(found, _TICK_S, told["start_ms"])
        return site.page(request, view, "simulate", timed=False, controls=CONTROLS, draft=told["draft"],
                         choices=await choices(site.state, view, TEXT), complaint=told["complaint"], drawn=drawn,
                         rows=_rows(found), moments=_moments(found), promises=_promises(found),
                         oracle=None if found is None else f"{found.oracle_cost:,.2f}")  # fmt: skip

    async def as_json(request: Request) -> Response:
        found = (await facts(site.view(request)))["found"]
        return respond.json(
            request, {"policies": _rows(found), "promises": _promises(found), "decisions": _moments(found)}
        )

    async def as_csv(request: Request) -> Response:
        rows = _rows((await facts(site.view(request)))["found"])
        return respond.table(request, "simulation", _COLUMNS, [[one[name] for name in _COLUMNS] for one in rows])

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, bound=True)),
        Route(f"{PATH}.csv", site.guarded(as_csv, bound=True)),
    ]


async def _demand(site: Site, view: View, draft: Draft) -> tuple[int, Array | None, str]:
    """The start, the demand, and else why there is none."""
    asked = draft.demand_asked(view.now_ms)
    if asked is None:
        return _EXAMPLE_MS, example_demand(), ""
    try:
        return *await read_demand(site.state.evaluator, view.scope, asked, _TICK_S), ""
    except InvalidInput as problem:
        return 0, None, str(problem)


def _rows(found: Simulation | None) -> list[dict[str, Any]]:
    return [] if found is None else [_row(one) for one in found.policies]


def _row(one: Simulated) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "policy": one.name,
        "cost": f"{outcome.cost:.2f}",
        "cost_vs_oracle": round(one.cost_vs_oracle, 3),
        "violating": round(outcome.violating, 6),
        "launches": outcome.launches,
        "peak": outcome.peak,
        "utilisation": round(outcome.utilisation, 3),
    }


def _promises(found: Simulation | None) -> list[dict[str, Any]]:
    """What is promised of the portfolios, and whether it was kept."""
    return [
        {
            "policy": one.name,
            "since": one.promised.since,
            "reason": one.promised.reason,
            "words": one.promised.words,
            "violating": None if one.promised.violating is None else round(one.promised.violating, 6),
            "kept": one.promised.kept,
        }
        for one in ([] if found is None else found.policies)
        if one.promised is not None
    ]


def _moments(found: Simulation | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    return [
        {"policy": one.name, "tick": moment.tick, "replicas": moment.desired, "why": moment.why}
        for one in found.policies[:2]
        for moment in one.moments[-4:]
    ]
