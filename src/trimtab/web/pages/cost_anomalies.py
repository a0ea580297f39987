"""`/cost-anomalies`: what the bill has too much of, what is watched and who is told; `/cost-anomalies/<id>`: one of it,
with its days, its root causes and what happened around it."""

from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.coins import money
from trimtab.base.errors import InvalidInput
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import FEEDBACK, Anomaly, Monitor, Subscription
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.read_sql import DAY_MS
from trimtab.web import respond
from trimtab.web.costs import anomaly_rows as rows
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/cost-anomalies"
_DAYS = 120
_AROUND_MS = 3 * DAY_MS
_FORM_BYTES = 1024


def routes(site: Site) -> list[BaseRoute]:
    """The list, one anomaly, their JSON, and the buttons."""
    room = site.state.cost_anomalies
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        monitors = await room.monitors.listed(view.scope)
        found = await _found(room, view)
        extent = await site.state.costs.reader.extent() if site.state.costs else None
        return site.page(request, view, "cost_anomalies", timed=False, **_list_facts(view, monitors, found),
                         billed=extent is not None,
                         subscriptions=[_subscription(one, monitors)
                                        for one in await room.subscriptions.listed(view.scope)])  # fmt: skip

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        names = {one.arn: one.name for one in await room.monitors.listed(view.scope)}
        return respond.json(request, {"anomalies": [rows.row(one, names) for one in await _found(room, view)]})

    async def one(request: Request) -> Response:
        view = site.view(request)
        anomaly = await room.found.one(view.scope, request.path_params["id"])
        return site.page(
            request,
            view,
            "cost_anomaly",
            timed=False,
            moment=(anomaly.finding.start_ms, _AROUND_MS),
            **await _one_facts(room, view, anomaly),
        )

    async def one_json(request: Request) -> Response:
        view = site.view(request)
        anomaly = await room.found.one(view.scope, request.path_params["id"])
        facts = await _one_facts(room, view, anomaly)
        kept = ("one", "causes", "wider", "around", "resources", "days")
        return respond.json(request, {name: facts[name] for name in kept})

    async def say(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        feedback = form.get("feedback", "")
        if feedback not in FEEDBACK:
            raise InvalidInput(f"cannot note {feedback!r}: expected one of {', '.join(FEEDBACK)}")
        said = await room.found.say(view.scope, request.path_params["id"], feedback, view.principal.name)
        return RedirectResponse(f"{PATH}/{said.id}", 303)

    return [
        Route(PATH, site.guarded(page, Role.FINANCE, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(f"{PATH}/{{id}}.json", site.guarded(one_json, Role.FINANCE, bound=True)),
        Route(f"{PATH}/{{id}}", site.guarded(one, Role.FINANCE, bound=True)),
        Route(f"{PATH}/{{id}}/feedback", site.guarded(say, Role.WRITE, bound=True), methods=["POST"]),
    ]


async def _found(room: CostAnomalies, view: View) -> list[Anomaly]:
    monitor = view.get("monitor")
    known = {one.arn.rpartition("/")[2]: one.arn for one in await room.monitors.listed(view.scope)}
    least = _amount(view.get("least"))
    start = view.now_ms - _DAYS * DAY_MS
    wanted = Wanted(start_ms=0 if view.get("since") == "all" else start, monitor=known.get(monitor, monitor),
                    least=least)  # fmt: skip
    return await room.found.listed(view.scope, wanted)


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text else None
    except InvalidOperation:
        found = Decimal("NaN")
    if found is not None and not found.is_finite():
        raise InvalidInput(f"cannot read least={text!r}: expected an amount such as 100", field="least")
    return found


def _list_facts(view: View, monitors: list[Monitor], found: list[Anomaly]) -> dict[str, Any]:
    names = {one.arn: one.name for one in monitors}
    state = view.get("state")
    kept = {
        "": found,
        "open": [one for one in found if one.finding.open],
        "unjudged": [one for one in found if not one.feedback],
    }
    per_monitor = Counter(seen.monitor for one in found for seen in (one, *one.others))
    judged = max((one.judged_ms for one in monitors), default=0)
    return {
        "rows": [rows.row(one, names) for one in kept.get(state, found)],
        "counts": {name: len(ones) for name, ones in kept.items()},
        "monitors": [_monitor(one, per_monitor[one.arn], view) for one in monitors],
        "judged": judged,
        "problem": next((one.problem for one in monitors if one.problem), ""),
        "sums": _sums(found),
        "days": _DAYS,
    }


def _sums(found: list[Anomaly]) -> list[str]:
    """What all cost more than expected, by currency."""
    sums: dict[str, Decimal] = {}
    for one in found:
        currency = one.finding.currency
        sums[currency] = sums.get(currency, Decimal(0)) + one.finding.impact.total
    return [money(amount, currency) for currency, amount in sorted(sums.items())]


def _monitor(one: Monitor, count: int, view: View) -> dict[str, Any]:
    id_ = one.arn.rpartition("/")[2]
    by = one.form.get("MonitorDimension") or "custom"
    specification = one.form.get("MonitorSpecification") or {}
    key = next((part.get("Key", "") for part in specification.values() if isinstance(part, dict)), "")
    return {
        "id": id_,
        "name": one.name,
        "by": f"{by.lower().replace('_', ' ')}{f' {key}' if key and by != 'custom' else ''}",
        "values": one.value_count if one.facet is not None else None,
        "count": count,
        "judged": one.judged_ms,
        "problem": one.problem,
        "href": view.url(monitor=id_),
    }


def _subscription(one: Subscription, monitors: list[Monitor]) -> dict[str, Any]:
    names = {monitor.arn: monitor.name for monitor in monitors}
    return {
        "name": one.name,
        "when": one.frequency.value.lower(),
        "of": ", ".join(names.get(arn, arn) for arn in one.monitors) or "nothing",
        "whom": ", ".join(who.address for who in one.subscribers),
        "from": _threshold(one.form.get("ThresholdExpression") or {}) or f"{one.form.get('Threshold', 0):g}",
    }


def _threshold(expression: dict[str, Any]) -> str:
    for root, word in (("And", " and "), ("Or", " or ")):
        if expression.get(root):
            return word.join(_threshold(part) for part in expression[root])
    part = expression.get("Dimensions")
    if not part:
        return ""
    return f"{part['Values'][0]}{' %' if part['Key'].endswith('PERCENTAGE') else ''}"


async def _one_facts(room: CostAnomalies, view: View, anomaly: Anomaly) -> dict[str, Any]:
    monitor = await room.monitors.get(view.scope, anomaly.monitor)
    days = await room.days(view.scope, anomaly)
    return {
        "one": rows.row(anomaly, {monitor.arn: monitor.name}),
        "picture": rows.drawing(anomaly, days) if days else None,
        "causes": rows.causes(anomaly, monitor),
        "wider": rows.wider(anomaly),
        "around": [rows.happening(what) for what in await room.around(view.scope, anomaly)],
        "resources": await room.resources(view.scope, anomaly),
        "days": [
            {
                "day": iso(day.start_ms)[:10],
                "actual": day.actual,
                "expected": day.expected,
                "limit": day.limit,
                "flagged": day.flagged,
            }
            for day in days
        ],
        "found_ms": anomaly.found_ms,
        "changed_ms": anomaly.changed_ms,
        "may_write": view.principal.may(Role.WRITE),
        "feedback_words": {"YES": "It was one", "NO": "It was none", "PLANNED_ACTIVITY": "It was planned"},
        "now": anomaly.feedback,
    }
