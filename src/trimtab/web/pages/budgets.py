"""`/budgets`: limits on the bill, how they stand, who is told, what waits for approval; the URL opens one budget."""

from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.coins import coins
from trimtab.base.errors import InvalidInput
from trimtab.budgets.actions import Happened
from trimtab.budgets.model import (
    Action,
    Budget,
    Execution,
    Notification,
    NotificationState,
    Spend,
    Standing,
    Subscriber,
)
from trimtab.budgets.performance import Spent
from trimtab.budgets.room import BudgetsRoom
from trimtab.charts.budget_bar import budget_bar
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/budgets"
_FORM_BYTES = 4096
_COMPARED = {"GREATER_THAN": "above", "LESS_THAN": "below", "EQUAL_TO": "at"}
Told = list[tuple[Notification, list[Subscriber]]]


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON, and the buttons of actions."""
    room = site.state.budgets
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        rows = await budget_rows(room, view)
        wanted = view.get("state")
        shown = [one for one in rows if wanted in ("", one["state"])]
        return site.page(
            request,
            view,
            "budgets",
            timed=False,
            rows=shown,
            total=len(rows),
            counts={state: sum(one["state"] == state for one in rows) for state in ("ALARM", "OK", "UNKNOWN")},
            opened=await _opened(room, view) if view.get("budget") else None,
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        rows = await budget_rows(room, site.view(request))
        return respond.json(request, {"budgets": [{k: v for k, v in one.items() if k != "bar"} for one in rows]})

    async def act(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        account, name = form.get("account", ""), form.get("budget", "")
        wish = form.get("do", "").upper()
        if wish not in Execution.__members__:
            raise InvalidInput(f"cannot do {form.get('do')!r}: expected approve, retry, reverse or reset")
        asked = Execution[wish]
        await room.actions.execute(
            view.principal.scope, account, name, form.get("action", ""), asked, view.principal.name
        )
        return RedirectResponse(link(PATH, [("budget", name), ("account", account)]), 303)

    return [
        Route(PATH, site.guarded(page, Role.FINANCE, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


async def budget_rows(room: BudgetsRoom, view: View) -> list[dict[str, Any]]:
    """Every budget that the viewer may see, those in alarm first."""
    found = []
    for budget in await room.store.listed(view.principal.scope):
        told = await room.notifications.listed(view.principal.scope, budget.account, budget.name)
        found.append(_row(budget, told, view))
    order = {"ALARM": 0, "UNKNOWN": 1, "OK": 2}
    return sorted(found, key=lambda one: (order[one["state"]], one["name"]))


def _presented(standing: Standing | None) -> str:
    shown = standing.presented if standing else None
    return f"{coins(shown.amount, shown.unit)} {shown.unit}" if shown else ""


def _row(budget: Budget, told: Told, view: View) -> dict[str, Any]:
    standing = budget.standing
    limit, actual, forecast = (standing.limit, standing.actual, standing.forecast) if standing else (None, None, None)
    alarms = [one for one, _ in told if one.state is NotificationState.ALARM]
    spends = [one for one in (limit, actual) if one is not None]
    unit = spends[0].unit if spends else ""
    over = limit is not None and actual is not None and actual.amount > limit.amount
    return {
        "name": budget.name,
        "account": budget.account,
        "type": budget.type.value.replace("SAVINGS_PLANS", "SAVINGS PLAN").replace("_", " ").lower(),
        "time_unit": budget.time_unit.value.lower(),
        "unit": unit.replace("PERCENTAGE", "%"),
        "state": "ALARM" if alarms else "OK" if actual is not None else "UNKNOWN",
        "over": over and not budget.type.is_share,
        "limit": _text(limit),
        "actual": _text(actual),
        "presented": _presented(standing),
        "forecast": _text(forecast),
        "used": float(actual.amount / limit.amount) if limit and actual and limit.amount else None,
        "estimated": _estimate(standing, unit) if standing else "",
        "interval": f"{_plain(standing.forecast_lower, unit)} to {_plain(standing.forecast_upper, unit)}"
        if standing and standing.forecast_lower is not None
        else "",
        "period": _days(standing.start_ms, standing.end_ms) if standing else "",
        "problem": standing.problem if standing else "not judged yet: it is within seconds",
        "told": [_crossing(one) for one, _ in told],
        "judged": iso(standing.at_ms // 1000 * 1000) if standing else "",
        "bar": budget_bar(_number(actual), _number(forecast), _number(limit)),
        "href": view.url(budget=budget.name, account=budget.account),
    }


def _estimate(standing: Standing, unit: str) -> str:
    """What of the actual amount is not billed yet, and how wrong such estimates were."""
    if not standing.estimated:
        return ""
    error = "" if standing.estimate_error is None else f", usually {standing.estimate_error:.1%} off by day"
    return f"{_plain(standing.estimated, unit)} of it is the live estimate{error}"


async def _opened(room: BudgetsRoom, view: View) -> dict[str, Any]:
    scope, name = view.principal.scope, view.get("budget")
    listed = [one for one in await room.store.listed(scope, view.get("account") or None) if one.name == name]
    budget = listed[0] if listed else await room.store.get(scope, view.get("account"), name)
    place = budget.account, budget.name
    told = await room.notifications.listed(scope, *place)
    actions = [
        (one, await room.actions.history(scope, *place, one.id)) for one in await room.actions.listed(scope, *place)
    ]
    return {
        **_row(budget, told, view),
        "arn": budget.arn,
        "filter": budget.form.get("FilterExpression") or budget.form.get("CostFilters") or None,
        "notifications": [
            {"text": _crossing(one), "state": one.state.value, "whom": ", ".join(who.address for who in whom)}
            for one, whom in told
        ],
        "periods": [_period(one) for one in await room.performance.of(budget)],
        "actions": [_action(*one) for one in actions],
    }


def _action(action: Action, happened: list[Happened]) -> dict[str, Any]:
    buttons = {
        "PENDING": ("approve", "reset"),
        "EXECUTION_FAILURE": ("retry", "reset"),
        "REVERSE_FAILURE": ("retry", "reset"),
        "EXECUTION_SUCCESS": ("reverse", "reset"),
        "REVERSE_SUCCESS": ("reset",),
    }
    [definition] = [value for value in action.form["Definition"].values() if value]
    what = f"{definition['Actuator']} {definition['Target']}" if "Actuator" in definition else action.form["ActionType"]
    return {
        "id": action.id,
        "what": what,
        "crossing": _crossing(action.notification),
        "approval": action.form["ApprovalModel"].lower(),
        "status": action.status.value,
        "words": action.status.value.replace("_", " ").lower(),
        "buttons": buttons.get(action.status.value, ()),
        "history": [
            {
                "at": iso(one.at_ms // 1000 * 1000),
                "status": one.status.replace("_", " ").lower(),
                "message": one.message,
            }
            for one in happened[:8]
        ],
    }


def _period(one: Spent) -> dict[str, Any]:
    return {
        "days": _days(one.start_ms, one.end_ms),
        "actual": _text(one.actual),
        "budgeted": _text(one.budgeted),
        "unit": one.budgeted.unit.replace("PERCENTAGE", "%") if one.budgeted else "",
        "bar": budget_bar(_number(one.actual), None, _number(one.budgeted)),
    }


def _crossing(one: Notification) -> str:
    unit = " %" if one.threshold_type == "PERCENTAGE" else ""
    return f"{one.type.value.lower()} {_COMPARED[one.comparison]} {one.threshold.normalize():f}{unit}"


def _days(start_ms: int, end_ms: int) -> str:
    return f"{iso(start_ms)[:10]} to {iso(end_ms - 1)[:10]}"


def _number(spend: Spend | None) -> float | None:
    return None if spend is None else float(spend.amount)


def _text(spend: Spend | None) -> str:
    return "" if spend is None else coins(spend.amount, spend.unit)


def _plain(amount: Decimal | None, unit: str) -> str:
    return "unknown" if amount is None else coins(amount, unit)
