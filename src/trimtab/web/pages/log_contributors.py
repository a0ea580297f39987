"""`/logs/contributors`: who contributes most to what is logged, by a rule of Contributor Insights."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound, QueryAborted
from trimtab.logs.contributors.report import MOST_CONTRIBUTORS, Contributor, Order, Report, Span, fitting
from trimtab.logs.contributors.rule import Format
from trimtab.logs.contributors.store import StoredRule
from trimtab.logs.room import LogsRoom
from trimtab.web import respond
from trimtab.web.format import NUMBER, value
from trimtab.web.logs.charted import MOST_LINES, payload
from trimtab.web.logs.insights import MODE
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/logs/contributors"
_SHOWN = 50
_RANGE = "6h"


def routes(site: Site) -> list[BaseRoute]:
    """The page, and its contributors as JSON and CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        room = _room(site)
        rules = await room.contributors.store.listed(*_place(site, view))
        facts: dict[str, Any] = {"rules": rules, "rule": None, "found": None, "problem": "", "by": _order(view).value}
        try:
            rule = _chosen(view, rules)
            if rule is not None:
                facts |= {"rule": rule, "definition": _pretty(rule)} | await _read(view, room, rule)
        except (InvalidInput, NotFound, QueryAborted) as problem:
            facts["problem"] = str(problem)
        return site.page(request, view, "log_contributors", timed=True, **facts)

    async def as_json(request: Request) -> Response:
        rule, found = await _answer(site, request)
        return respond.json(
            request,
            {"rule": rule.name, "keys": [one.text for one in found.rule.keys], "total": found.total,
             "unique": found.unique,
             "contributors": [{"keys": one.keys, "value": one.value, "points": one.points}
                              for one in found.contributors]},
        )  # fmt: skip

    async def as_csv(request: Request) -> Response:
        rule, found = await _answer(site, request)
        columns = [*(one.text for one in found.rule.keys), found.rule.aggregate.value.lower()]
        rows = ([*one.keys, one.value] for one in found.contributors)
        return respond.table(request, f"contributors-{rule.name}", columns, rows)

    return [
        Route(PATH, site.guarded(page)),
        Route(PATH + ".json", site.guarded(as_json)),
        Route(PATH + ".csv", site.guarded(as_csv)),
    ]


def _room(site: Site) -> LogsRoom:
    if site.state.logs is None:
        raise NotFound("this server keeps no logs")
    return site.state.logs


def _place(site: Site, view: View) -> tuple[str, str]:
    account = view.principal.account or (site.state.alarms.account if site.state.alarms else "")
    return account, site.state.region


def _order(view: View) -> Order:
    return Order.MAXIMUM if view.get("by") == Order.MAXIMUM else Order.SUM


def _chosen(view: View, rules: Sequence[StoredRule]) -> StoredRule | None:
    """The rule that the URL names, or the first. Raises NotFound."""
    name = view.get("rule")
    if not name:
        return rules[0] if rules else None
    found = next((one for one in rules if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no rule {name!r}.")
    return found


async def _answer(site: Site, request: Request) -> tuple[StoredRule, Report]:
    view = site.view(request, _RANGE)
    room = _room(site)
    rule = _chosen(view, await room.contributors.store.listed(*_place(site, view)))
    if rule is None:
        raise NotFound("There is no rule.")
    return rule, await _report(view, room, rule, MOST_CONTRIBUTORS)


async def _report(view: View, room: LogsRoom, rule: StoredRule, most: int) -> Report:
    return await room.contributors.reporter.report(view.scope, rule, _span(view), most, _order(view))


def _span(view: View) -> Span:
    start_ms, end_ms = view.window.start_ms, view.window.end_ms
    step_ms = fitting(start_ms, end_ms) * 1000
    return Span(start_ms // step_ms * step_ms, end_ms, step_ms // 1000)


async def _read(view: View, room: LogsRoom, rule: StoredRule) -> dict[str, Any]:
    found = await _report(view, room, rule, _SHOWN)
    rows = [
        {
            "keys": one.keys,
            "value": value(one.value, NUMBER),
            "share": one.value / found.total if found.total > 0 and _order(view) is Order.SUM else None,
            "link": _events(view, found, one),
        }
        for one in found.contributors
    ]
    return {"found": found, "rows": rows, "drawn": _drawn(_span(view), found.contributors[:MOST_LINES])}


def _drawn(span: Span, top: Sequence[Contributor]) -> str:
    """The first of them as lines over time."""
    lines: dict[str, list[float | None]] = {}
    for one in top:
        known = dict(one.points)
        lines[" · ".join(one.keys)] = [known.get(span.time_of(part), 0.0) for part in range(span.parts)]
    if not lines:
        return ""
    return msgspec.json.encode(payload(lines, span.start_ms, span.period_s * 1000, span.parts)).decode()


def _events(view: View, found: Report, one: Contributor) -> str:
    """Its events, as a query of Logs Insights; "" for lines, whose fields Insights has no names for."""
    if found.rule.format is not Format.JSON or not found.groups:
        return ""
    tests = [
        f"{place.text.removeprefix('$.')} = {json.dumps(key)}"
        for place, key in zip(found.rule.keys, one.keys, strict=True)
        if place.selector is not None
        and all(isinstance(step, str) and step.isidentifier() for step in place.selector.path)
    ]
    if len(tests) < len(one.keys):
        return ""
    query = f"filter {' and '.join(tests)} | sort @timestamp desc"
    kept = [pair for pair in view.parameters if pair[0] in ("from", "to", "range")]
    return link("/logs", [("mode", MODE), ("query", query), *(("group", name) for name in found.groups[:20]), *kept])


def _pretty(rule: StoredRule) -> str:
    return json.dumps(json.loads(rule.definition), indent=2)
