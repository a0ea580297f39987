"""`/unit-costs`: what a run, a request, a token and a GPU-hour cost, and idle dollars by cause; `model` opens one."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import to_datetime
from trimtab.base.viewer_zone import local
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.unit import links
from trimtab.economics.unit.idle.model import IdleRow
from trimtab.economics.unit.idle.split import IdleReport
from trimtab.economics.unit.latency import LatencyCost
from trimtab.economics.unit.model import Evidence, Ledger
from trimtab.economics.unit.prices import ModelCost
from trimtab.economics.unit.room import UnitCosts
from trimtab.economics.unit.runs import RunCost
from trimtab.web import respond
from trimtab.web.pages.cost_text import IMPORT_FILE
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.unit_costs import pictures
from trimtab.web.unit_costs.tiles import tiles_of
from trimtab.web.view import View

PATH = "/unit-costs"
_RANGE = "7d"
_TTL_S, _STALE_S = 60.0, 900.0
_TABS = {"models": "Models", "runs": "Runs", "idle": "Idle dollars"}
_LISTED, _MOST_IDLE = 12, 40
_MODEL_KEYS = frozenset({"name", "cost", "per_1k", "per_1m", "requests", "tokens", "idle"})
_RUN_KEYS = frozenset({"name", "team", "cost", "idle", "gpu_hours", "lost", "per_epoch"})
_TEXT = frozenset({"name", "team"})
_NO_IDLE = IdleReport((), {}, {}, {}, 0.0)


class ModelRow(Struct, frozen=True):
    """A model in the list."""

    name: str
    team: str
    cost: Decimal
    per_1k: Decimal | None
    per_1m: Decimal | None
    requests: float
    tokens: float
    idle: Decimal
    found: ModelCost
    late: LatencyCost


class RunRow(Struct, frozen=True):
    """A run in the list."""

    name: str
    team: str
    cost: Decimal
    idle: Decimal
    gpu_hours: float
    lost: Decimal
    per_epoch: Decimal | None
    found: RunCost
    href: str


class Facts(Struct, frozen=True):
    """Everything that the page shows of a range."""

    ledger: Ledger
    models: Sequence[tuple[ModelCost, LatencyCost]]
    runs: Sequence[RunCost]
    idle: IdleReport


def routes(site: Site) -> list[BaseRoute]:
    """The page with its JSON and CSV."""
    units = site.state.units
    if units is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        tab = view.get("tab") if view.get("tab") in _TABS else "models"
        facts = await _facts(site, units, view)
        common: dict[str, Any] = {"timed": True, "tab": tab, "tabs": _TABS, "commands": (IMPORT_FILE,)}
        common["ledger"] = facts.ledger
        if (
            not facts.ledger.slices
        ):  # no machine of the range has a cost; vendors' APIs may have been called all the same
            models = _model_facts(view, facts) if facts.models else {}
            alone = {"tab": "models", "tiles": [], "billed": ""}
            return site.page(request, view, "unit_costs", **{**common, **alone}, empty=not facts.models, **models)
        idle = facts.idle
        common |= {
            "empty": False,
            "tiles": tiles_of(facts.ledger, idle),
            "billed": f"{to_datetime(facts.ledger.closed_ms - 1):%Y-%m-%d}",
            "idle": idle,
        }
        if tab == "idle":
            common |= _idle_facts(view, facts.ledger, idle.rows, pictures.causes(idle))
        elif tab == "runs":
            common |= _run_facts(view, facts)
        else:
            common |= _model_facts(view, facts)
        return site.page(request, view, "unit_costs", **common)

    async def as_json(request: Request) -> Response:
        view = site.view(request, _RANGE)
        facts = await _facts(site, units, view)
        return respond.json(request, {"models": [_document(one) for one in _model_rows(facts)]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _RANGE)
        facts = await _facts(site, units, view)
        columns = ("model", "team", "currency", "cost", "per_1k_requests", "per_1m_tokens", "requests", "tokens")
        rows = (
            (one.name, one.team, one.found.currency, one.cost, one.per_1k, one.per_1m, one.requests, one.tokens)
            for one in _sort(view, "models").apply(_model_rows(facts))
        )
        return respond.table(request, "unit-costs", columns, rows)

    return [
        Route(PATH, site.guarded(page, Role.FINANCE, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, Role.FINANCE, bound=True)),
    ]


def days_of(view: View) -> tuple[int, int]:
    """The whole days that a range touches."""
    return view.window.start_ms // DAY_MS * DAY_MS, -(-view.window.end_ms // DAY_MS) * DAY_MS


async def _facts(site: Site, units: UnitCosts, view: View) -> Facts:
    scope, days = view.scope, days_of(view)

    async def read() -> Facts:
        ledger = await units.ledger(scope, *days)
        if not ledger.slices:
            return Facts(ledger, await units.models(scope, *days, ledger=ledger), (), _NO_IDLE)
        models, runs, idle = await asyncio.gather(
            units.models(scope, *days, ledger=ledger),
            units.runs(scope, *days, ledger=ledger),
            units.idle(scope, *days, ledger=ledger),
        )
        return Facts(ledger, models, runs, idle)

    return await site.cache.get(("unit-costs", scope, days), _TTL_S, read, stale_s=_STALE_S)


def _sort(view: View, tab: str) -> Sort:
    return read_sort(view, "unit costs", _RUN_KEYS if tab == "runs" else _MODEL_KEYS, _TEXT, "cost")


def _model_rows(facts: Facts) -> list[ModelRow]:
    return [
        ModelRow(
            one.model,
            ", ".join(one.teams),
            one.prices.cost,
            one.prices.per_1k_requests,
            one.prices.per_1m_tokens,
            one.prices.requests,
            one.prices.input_tokens + one.prices.output_tokens,
            one.idle_cost,
            one,
            late,
        )
        for one, late in facts.models
    ]


def _model_facts(view: View, facts: Facts) -> dict[str, Any]:
    sort = _sort(view, "models")
    rows = sort.apply(_model_rows(facts))
    wanted = view.get("model")
    opened = next((one for one in rows if one.name == wanted), None)
    shown = [(row, view.url(model=row.name), pictures.trend(row.found)) for row in rows]
    found: dict[str, Any] = {"sort": sort, "rows": shown, "opened": opened, "missing": wanted and opened is None}
    if opened is not None:
        cost = opened.found
        found |= {
            "drawing": pictures.over_time(cost),
            "links": links.model_links(cost, facts.ledger),
            "marks": [
                (f"{local(one.at_ms):%a %d %b %H:%M}", one, links.deploy_page(one.service, one.at_ms))
                for one in cost.deploys
            ],
            "parts": [(title, rows_[:_LISTED], _example) for title, rows_ in
                      (("Version", cost.versions), ("Tenant", cost.tenants)) if rows_],
            "doubled": pictures.step_up(cost),
        }  # fmt: skip
    return found


def _example(trace: str) -> str:
    return f"/traces/{trace}" if trace else ""


def _run_facts(view: View, facts: Facts) -> dict[str, Any]:
    sort = _sort(view, "runs")
    rows = [
        RunRow(
            one.run.name or one.run.key.job,
            one.run.team,
            one.cost,
            one.idle,
            one.gpu_hours,
            sum(one.lost.values(), Decimal(0)),
            one.per_epoch,
            one,
            links.run_page(one.run),
        )
        for one in facts.runs
        if view.get("team") in ("", one.run.team)
    ]
    ordered = sort.apply(rows)
    part = read_page(view, len(ordered))
    return {
        "sort": sort,
        "rows": [(row, pictures.split(row.found)) for row in ordered[part.start : part.end]],
        "page": part,
        "outcomes": pictures.outcomes([row.found for row in rows]),
    }


def _idle_facts(view: View, ledger: Ledger, rows: Sequence[IdleRow], causes: Any) -> dict[str, Any]:
    wanted = view.get("cause")
    mine = [one for one in rows if wanted in ("", one.cause.value)]
    shown = []
    for one in mine[:_MOST_IDLE]:
        run = ledger.holders.get(one.holder)
        there: list[Evidence] = links.run_links(run, ledger, one.holder) if run else []
        shown.append((one, one.holder.split("/", 2)[-1] if run else one.holder, there))
    return {"causes": causes, "rows": shown, "more": max(len(mine) - _MOST_IDLE, 0)}


def _document(one: ModelRow) -> dict[str, Any]:
    return {
        "model": one.name,
        "team": one.team,
        "currency": one.found.currency,
        "cost": one.cost,
        "per_1k_requests": one.per_1k,
        "per_1m_tokens": one.per_1m,
        "requests": one.requests,
        "tokens": one.tokens,
        "idle": one.idle,
        "deploys": [mark.at_ms for mark in one.found.deploys],
    }
