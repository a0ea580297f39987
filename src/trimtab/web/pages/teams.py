"""`/teams` and `/teams/<name>`: what each team's GPUs did and cost over a range, and one team in full."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.advice.standing import Wanted
from trimtab.advice.together import together
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.figures.areas.budgets import LEFT
from trimtab.figures.areas.money import GPU_TIME, IDLE
from trimtab.figures.areas.runs import RUNS
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.frame import NOBODY_HELD, UNOWNED, Totals
from trimtab.inventory.runs.filter import RunFilter
from trimtab.web import format as words
from trimtab.web import kpi_text, respond
from trimtab.web.advice.rows import work_row
from trimtab.web.charged import charged_of
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.gpu_reader import fresh_s
from trimtab.web.gpu_tiles import ACTIVE, HELD_HOURS
from trimtab.web.money_tiles import money
from trimtab.web.pages.snippets import gpu_snippets
from trimtab.web.run_rows import RunRow, row_of
from trimtab.web.site import Site
from trimtab.web.teams import ALL, HOURS, BudgetLeft, TeamRow, as_dict, budgets_left, team_rows
from trimtab.web.tiles import Tile
from trimtab.web.view import View

_OF_RUN = ("job", "cluster", "name", "state", "gpu_hours", "cost", "currency")
_MOST_RUNS, _MOST_FINDINGS = 500, 10
_COLUMNS = (
    "team", *HOURS, "active_share", "currency", "cost", "idle_cost", "basis", "budget", "budget_left",
)  # fmt: skip


def read_basis(view: View) -> Basis:
    """The basis that the URL asks for. Raises InvalidInput."""
    text = view.get("basis", DEFAULT.value)
    try:
        return Basis(text)
    except ValueError as problem:
        known = ", ".join(one.value for one in Basis)
        raise InvalidInput(f"cannot read basis: got {text!r}; expected one of {known}", field="basis") from problem


async def rows_of(site: Site, view: View, fleet: GpuFleet) -> list[TeamRow]:
    """The teams of a fleet, with what is left of budgets that the viewer sees."""
    return await asyncio.to_thread(team_rows, fleet, await _left(site, view))


async def _left(site: Site, view: View) -> Mapping[str, BudgetLeft]:
    room = site.state.budgets
    return budgets_left(await room.store.listed(view.scope)) if room is not None else {}


def routes(site: Site) -> list[BaseRoute]:
    """The list and a team, each with its JSON and CSV."""

    async def fleet_of(request: Request) -> tuple[View, GpuFleet | None, list[TeamRow]]:
        view = await site.fleet_view(request)
        fleet = await site.gpus.fleet(view.scope, view.window, read_basis(view))
        return view, fleet, [] if fleet is None else await rows_of(site, view, fleet)

    async def team_of(request: Request) -> tuple[View, GpuFleet | None, TeamRow]:
        view, fleet, rows = await fleet_of(request)
        return view, fleet, await named_team(site, view, rows, request.path_params["name"])

    async def page(request: Request) -> Response:
        view, fleet, rows = await fleet_of(request)
        charged = await charged_of(site, view)
        others = sorted({*(charged.teams if charged else ())} - {row.name for row in rows})
        return site.page(
            request,
            view,
            "teams",
            timed=True,
            gpus=fleet,
            teams=rows,
            others=others,
            bases=list(Basis),
            kpi=kpi_text,
            money=money,
            snippets=gpu_snippets(view.origin),
        )

    async def as_json(request: Request) -> Response:
        view, fleet, rows = await fleet_of(request)
        head = {"basis": read_basis(view).value, "start": None, "end": None}
        if fleet is not None:
            head |= {"start": iso(fleet.start_ms), "end": iso(fleet.end_ms)}
        return respond.json(request, {**head, "teams": [as_dict(row) for row in rows]})

    async def as_csv(request: Request) -> Response:
        view, _, rows = await fleet_of(request)
        return respond.table(request, "teams", _COLUMNS, (line for row in rows for line in _lines(row, view)))

    async def one(request: Request) -> Response:
        view, fleet, row = await team_of(request)
        return site.page(request, view, "team", timed=True, **await team_facts(site, view, fleet, row))

    async def one_json(request: Request) -> Response:
        view, _, row = await team_of(request)
        facts = await _facts(site, view, row)
        runs = [{name: getattr(run, name) for name in _OF_RUN} for run in facts["runs"]]
        body = {"team": as_dict(row), "basis": read_basis(view).value, "people": facts["people"], "runs": runs}
        return respond.json(request, {**body, "findings": facts["findings"]})

    async def one_csv(request: Request) -> Response:
        view, _, row = await team_of(request)
        return respond.table(request, f"team-{row.name}", _COLUMNS, _lines(row, view))

    return [
        Route("/teams", site.guarded(page, bound=True)),
        Route("/teams.json", site.guarded(as_json, bound=True)),
        Route("/teams.csv", site.guarded(as_csv, bound=True)),
        Route("/teams/{name:path}.json", site.guarded(one_json, bound=True)),
        Route("/teams/{name:path}.csv", site.guarded(one_csv, bound=True)),
        Route("/teams/{name:path}", site.guarded(one, bound=True)),
    ]


async def named_team(site: Site, view: View, rows: list[TeamRow], name: str) -> TeamRow:
    """A team by its name: of those that hold GPUs, or one that is charged for something else. Raises NotFound."""
    for row in rows:
        if row.name == name and row.name != ALL:
            return row
    charged = await charged_of(site, view)
    if charged is not None and name in charged.teams:
        return TeamRow(name, Totals(), {}, {}, (await _left(site, view)).get(name.casefold()))
    raise NotFound(f"no team {name!r} held a GPU in this range, or is charged for anything; /teams has those that are")


def _lines(row: TeamRow, view: View) -> list[list[Any]]:
    """A row of CSV for each currency: hours are on the first."""
    hours = [getattr(row.hours, name) for name in HOURS] + [row.hours.active_share]
    budget = [row.budget.name, row.budget.left] if row.budget else [None, None]
    currencies = list(row.cost) or [""]
    return [
        [
            row.name,
            *(hours if at == 0 else [None] * len(hours)),
            currency,
            row.cost.get(currency),
            row.idle_cost.get(currency),
            read_basis(view).value,
            *(budget if at == 0 else [None, None]),
        ]
        for at, currency in enumerate(currencies)
    ]


async def team_facts(site: Site, view: View, fleet: GpuFleet | None, row: TeamRow) -> dict[str, Any]:
    """What the page of a team shows."""
    facts, charged = await asyncio.gather(_facts(site, view, row), charged_of(site, view))
    whole = charged.tile(row.name) if charged is not None else None
    return {
        "row": row,
        "gpus": fleet,
        "tiles": [*([whole] if whole else []), *_tiles(row, view, facts["runs"])],
        "held": [gpu for gpu in fleet.gpus if gpu.holds and gpu.owner == row.name] if fleet else [],
        "kpi": kpi_text,
        "money": money,
        **facts,
    }


async def _facts(site: Site, view: View, row: TeamRow) -> dict[str, Any]:
    """A team's runs within the range, what is advised to it, and who ran them."""
    runs, findings = await asyncio.gather(_runs(site, view, row), _findings(site, view, row))
    people = sorted({run.user for run in runs if run.user})
    return {"runs": runs, "findings": findings, "people": people, "more_runs": len(runs) >= _MOST_RUNS}


async def _runs(site: Site, view: View, row: TeamRow) -> list[RunRow]:
    reports = site.state.runs
    if reports is None or row.name in (UNOWNED, NOBODY_HELD):
        return []

    async def read() -> list[RunRow]:
        wanted = RunFilter(start_ms=view.window.start_ms, end_ms=view.window.end_ms, team=row.name)
        found = [row_of(one) for one in await reports.priced(view.scope, wanted, _MOST_RUNS)]
        return sorted(found, key=lambda one: (-(one.cost or 0.0), -one.gpu_hours))

    key = ("team runs", row.name, view.scope, view.window.parameters)
    return await site.cache.get(key, fresh_s(view.window), read)


async def _findings(site: Site, view: View, row: TeamRow) -> list[dict[str, Any]]:
    room = site.state.advice
    if room is None or not row.named:
        return []
    found = await room.findings.listed(view.scope, Wanted(owner=row.name))
    warnings = await room.warnings()
    return [work_row(one, warnings) for one in together(found)[:_MOST_FINDINGS]]


def _tiles(row: TeamRow, view: View, runs: list[RunRow]) -> list[Tile]:
    hours, basis, span = row.hours, read_basis(view).value, view.window.words
    share = words.NONE if hours.active_share is None else f"{hours.active_share * 100:.1f}"
    running = sum(run.report.run.ran_at(view.window.end_ms - 1) for run in runs)
    tiles = []
    if hours.existing:
        tiles = [
            Tile(GPU_TIME, *_amount(row.cost), f"{span} · {basis}"),
            Tile(HELD_HOURS, kpi_text.hours(hours.held), "h", f"{span} · {kpi_text.hours(hours.existing)} h exist"),
            Tile(
                ACTIVE, share, "%" if hours.active_share is not None else "", f"{kpi_text.hours(hours.active)} h active"
            ),
            Tile(IDLE, *_amount(row.idle_cost), f"{kpi_text.hours(hours.idle)} idle GPU-h · {basis}"),
        ]
    tiles.append(Tile(RUNS, words.count(len(runs)), "", f"{running} running", href=view.ranged("/runs")))
    if row.budget is not None:
        left, budget = row.budget.left, row.budget
        note = f"of {budget.limit:,.0f} {budget.unit}, {budget.name}"
        tiles.append(Tile(LEFT, f"{left:,.0f}", budget.unit, note, href=budget.href))
    return tiles


def _amount(amounts: Any) -> tuple[str, str]:
    """An amount and its currency apart; several stay together."""
    text = money(amounts)
    return text.rpartition(" ")[::2] if len(amounts) == 1 else (text, "")
