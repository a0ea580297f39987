"""`/home/…`: the tabs of Home by role — a team's own, who is on call, who has the money. The overview is `/`."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Principal, Role
from trimtab.alarms.model import StateValue
from trimtab.anomalies.occasions import occasions
from trimtab.figures.areas.money import MONTH
from trimtab.web import kpi_text
from trimtab.web.advice.rows import saving_most
from trimtab.web.alarms.rows import ranked
from trimtab.web.anomaly_view import rows_of as anomaly_rows
from trimtab.web.audit.changes import HOUR_MS, changes_panel
from trimtab.web.charged import charged_of
from trimtab.web.costs.anomaly_rows import row as cost_anomaly_row
from trimtab.web.costs.anomaly_source import anomalies_of
from trimtab.web.costs.question import read_question
from trimtab.web.costs.sheet import bill_extent, bill_mark
from trimtab.web.gpu_findings import broken_groups
from trimtab.web.money_tiles import money, month_tile
from trimtab.web.navigation import home_of
from trimtab.web.pages.alarms import alarm_rows
from trimtab.web.pages.anomalies import found_in
from trimtab.web.pages.budgets import budget_rows
from trimtab.web.pages.cost_text import IMPORT_FILE
from trimtab.web.pages.costs import changes_of, driver_facts
from trimtab.web.pages.teams import named_team, read_basis, rows_of, team_facts
from trimtab.web.services import Group
from trimtab.web.site import HOME_COOKIE, Site, remember
from trimtab.web.view import View, link

_TEAM_COOKIE = "trimtab_team"
_FIRING, _BROKEN, _UNUSUAL, _BEST, _BUDGETS, _COST_ANOMALIES = 12, 8, 6, 5, 8, 5
_CHANGED_MS = 6 * HOUR_MS
"""Who comes on call wants what changed since the shift before."""
_HALF_DAY_MS = 12 * HOUR_MS
_FRESH_S, _STALE_S = 60.0, 900.0
_BURNT = 0.25
"""A service is shown as burning when less than a quarter of its error budget is left."""


def routes(site: Site) -> list[BaseRoute]:
    """The tabs, and `/home`, which leads to the caller's own."""

    async def home(request: Request) -> Response:
        return RedirectResponse(home_of(request.state.principal, request.cookies.get(HOME_COOKIE, "")), 303)

    async def team(request: Request) -> Response:
        view = await site.fleet_view(request)
        if view.get("team"):
            remember(request, _TEAM_COOKIE, quote(view.get("team"), safe=""))
        fleet = await site.gpus.fleet(view.scope, view.window, read_basis(view))
        rows = [] if fleet is None else await rows_of(site, view, fleet)
        charged = await charged_of(site, view)
        names = [row.name for row in rows if row.named]
        names += [name for name in (charged.teams if charged else ()) if name not in names]
        mine = _mine(view, request.cookies.get(_TEAM_COOKIE, ""), names)
        facts: dict[str, Any] = {"row": None}
        if mine:
            facts = await team_facts(site, view, fleet, await named_team(site, view, rows, mine))
        return site.page(request, view, "home_team", timed=True, teams=names, **facts)

    async def on_call(request: Request) -> Response:
        view = site.view(request, "24h")
        return site.page(request, view, "home_on_call", timed=True, **await _on_call(site, view))

    async def of_money(request: Request) -> Response:
        view = site.view(request)
        day = (view.now_ms - _HALF_DAY_MS, _HALF_DAY_MS)
        return site.page(request, view, "home_money", timed=False, moment=day, **await _money(site, view))

    return [
        Route("/home", site.guarded(home, Role.FINANCE, bound=True)),
        Route("/home/team", site.guarded(team, bound=True)),
        Route("/home/on-call", site.guarded(on_call, bound=True)),
        Route("/home/money", site.guarded(of_money, Role.FINANCE, bound=True)),
    ]


def _mine(view: View, remembered: str, teams: Sequence[str]) -> str:
    """The viewer's team: as the URL says, else the one looked at last, else whose tags bind the viewer."""
    for name in (view.get("team"), remembered, *teams_of(view.principal)):
        for team in teams:
            if name and name in (team, quote(team, safe="")):
                return team
    return teams[0] if len(teams) == 1 else ""


def teams_of(principal: Principal) -> list[str]:
    """The teams that a caller is bound to, and the group that they act as: one of them may be the name of a team."""
    bound = [value for rule in principal.scope.rows if rule.key == "team" for value in sorted(rule.values)]
    return [*bound, *([principal.group] if principal.group else []), *principal.groups]


async def _on_call(site: Site, view: View) -> dict[str, Any]:
    scope = view.scope
    fleet, services, (unusual, _), changes = await asyncio.gather(
        site.gpus.fleet(scope, view.window, read_basis(view)),
        _services(site, view),
        found_in(site, view),
        _changes(site, view),
    )
    alarms = await alarm_rows(site.alarms, view) if site.alarms is not None else []
    firing = [row for row in ranked(alarms) if row.state is StateValue.ALARM]
    broken = broken_groups(fleet.gpus) if fleet is not None else ()
    grouped = occasions(unusual)
    return {
        "firing_rows": firing[:_FIRING],
        "more_firing": max(len(firing) - _FIRING, 0),
        "alarms": len(alarms),
        "burning": [one for one in services if (left := one.value("error_budget_left")) is not None and left < _BURNT],
        "services": len(services),
        "gpus": fleet,
        "broken": broken[:_BROKEN],
        "more_broken": max(len(broken) - _BROKEN, 0),
        "hanging": site.state.hangs.hanging(scope) if site.state.hangs is not None else [],
        "unusual": anomaly_rows(grouped[:_UNUSUAL]),
        "more_unusual": max(len(grouped) - _UNUSUAL, 0),
        "changed": changes,
        "kpi": kpi_text,
        "money": money,
    }


async def _services(site: Site, view: View) -> list[Group]:
    """The services, the worst first; none where no GPU reports, as on the overview."""
    if not await site.gpus.any(view.scope):
        return []
    return list(await site.services.endpoints(view.scope, view.window))


async def _changes(site: Site, view: View) -> Any:
    """What people changed of late. Who is bound to tags has no audit."""
    if view.principal.bound:
        return None
    return await changes_panel(site, view, view.now_ms, (), window_ms=_CHANGED_MS)


async def _money(site: Site, view: View) -> dict[str, Any]:
    state, scope = site.state, view.scope
    month = await month_tile(state.costs, scope, view.now_ms, live=state.live)
    budgets = await budget_rows(state.budgets, view) if state.budgets is not None else []
    facts = {
        "tiles": [month] if month else [],
        "rows": budgets[:_BUDGETS],
        "more_budgets": max(len(budgets) - _BUDGETS, 0),
        **(await saving_most(state.advice if view.principal.may(Role.READ) else None, scope, _BEST)),
        "month_label": MONTH.label,
        "command": IMPORT_FILE,
        "ahead_url": "",
        "changes": [],
        "anomalies": [],
    }
    extent = await bill_extent(site, state.costs) if state.costs is not None else None
    if state.costs is None or extent is None:
        return facts
    question = read_question(view, extent)
    key = ("what made the bill change", scope, question.span, await bill_mark(site))
    read = partial(changes_of, state.costs, view, question)
    changes, anomalies = await asyncio.gather(
        site.cache.get(key, _FRESH_S, read, stale_s=_STALE_S), anomalies_of(site, view, question)
    )
    return facts | {
        **driver_facts(changes, question, {}),
        "ahead_url": link("/costs/ahead", []),
        "anomalies": [cost_anomaly_row(one, {}) for one in anomalies[:_COST_ANOMALIES]],
    }
