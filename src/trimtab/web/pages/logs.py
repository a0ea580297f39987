"""`/logs`: search events by words or by a filter pattern, see them in context, and see which patterns are new."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound, QueryAborted
from trimtab.logs.explore import MOST_GROUPS, Patterns
from trimtab.logs.model import Event, Group, Position
from trimtab.logs.patterns.compare import Change
from trimtab.logs.read import EventQuery, Page
from trimtab.logs.room import LogsRoom
from trimtab.web import respond
from trimtab.web.logs.facets import chips, columns_of, fields_of
from trimtab.web.logs.insights import MODE
from trimtab.web.logs.pictures import PARTS, histogram
from trimtab.web.logs.question import LogQuestion, read_position, read_question
from trimtab.web.logs.rows import found_of, rows_of
from trimtab.web.logs.unusual import marks_of, unusual_patterns
from trimtab.web.pages import log_insights
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/logs"
_PAGE = 200  # UI.md: paginate at 200 rows
_EXPORT = 5_000
_BESIDE = 15  # events shown before and after one
_AROUND_MS = 86_400_000
_SPARK = 30
_MOST_PATTERNS = 200
_PATTERNS_TTL_S = 10.0
_COLUMNS = ("time", "group", "stream", "severity", "trace_id", "message")
_DEFAULT_RANGE = "1h"


def routes(site: Site) -> list[BaseRoute]:
    """The page, and its events and patterns as JSON and CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        room = _room(site)
        groups = await room.explorer.groups(view.scope)
        if view.get("around"):
            return site.page(request, view, "logs_around", timed=False, **await _around(site, view, room, groups))
        if view.get("mode") == MODE:
            return await log_insights.page(site, request, view, groups)
        asked = read_question(view, groups)
        tab = "patterns" if view.get("tab") == "patterns" else "events"
        facts: dict[str, Any] = {"groups": groups, "asked": asked, "tab": tab, "limited": len(groups) == MOST_GROUPS}
        facts |= {"columns": columns_of(view), "chips": [] if asked.complaint else chips(view)}
        try:
            facts |= await (_patterns if tab == "patterns" else _events)(site, view, room, asked)
        except QueryAborted as problem:
            facts |= {"aborted": str(problem)}
        return site.page(request, view, "logs", timed=True, **{**_NOTHING, **facts})

    async def as_json(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        room = _room(site)
        groups = await room.explorer.groups(view.scope)
        if view.get("mode") == MODE:
            return await log_insights.as_json(site, request, view, groups)
        asked = _valid(read_question(view, groups))
        if view.get("tab") == "patterns":
            found = await _compared(site, view, room, asked)
            return respond.json(request, {"lines": found.lines, "one_in": found.one_in, "patterns": _dicts(found)})
        events = (await _page(view, room, asked, _EXPORT)).events[::-1]
        return respond.json(request, {"events": [_as_dict(event) for event in events]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        room = _room(site)
        groups = await room.explorer.groups(view.scope)
        if view.get("mode") == MODE:
            return await log_insights.as_table(site, request, view, groups)
        asked = _valid(read_question(view, groups))
        events = (await _page(view, room, asked, _EXPORT)).events[::-1]
        rows = ([_as_dict(event)[name] for name in _COLUMNS] for event in events)
        return respond.table(request, "logs", _COLUMNS, rows)

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
        *log_insights.routes(site),
    ]


_NOTHING: dict[str, Any] = {
    "rows": [], "fields": [], "picture": None, "total": 0, "older": "", "found": None, "patterns": [], "marks": {},
    "aborted": "",
}  # fmt: skip


def _room(site: Site) -> LogsRoom:
    if site.state.logs is None:
        raise NotFound("this server keeps no logs")
    return site.state.logs


def _valid(asked: LogQuestion) -> LogQuestion:
    if asked.complaint:
        raise InvalidInput(asked.complaint, field="q")
    return asked


async def _events(site: Site, view: View, room: LogsRoom, asked: LogQuestion) -> dict[str, Any]:
    window = view.window
    counts, page, hosts = await asyncio.gather(
        room.explorer.histogram(view.scope, asked.over(window.start_ms, window.end_ms), PARTS),
        _page(view, room, asked, _PAGE),
        site.fleet.hosts(view.scope),
    )
    events = page.events[::-1]
    older = f"{events[-1].time_ms}.{events[-1].id}" if page.more else ""
    return {
        "picture": histogram(window, counts),
        "total": sum(counts),
        "rows": rows_of(view, events, frozenset(host.name for host in hosts)),
        "fields": fields_of(view, events),
        "older": older,
    }


async def _page(view: View, room: LogsRoom, asked: LogQuestion, limit: int) -> Page:
    query = EventQuery(
        start_ms=view.window.start_ms,
        end_ms=view.window.end_ms,
        limit=limit,
        backward=True,
        position=read_position(view.get("before")),
        where=asked.where,
        params=asked.params,
    )
    return await room.reader.page(view.scope, asked.groups, query)


async def _patterns(site: Site, view: View, room: LogsRoom, asked: LogQuestion) -> dict[str, Any]:
    found = await _compared(site, view, room, asked)
    shown = (
        found.patterns
        if view.get("change") == ""
        else [one for one in found.patterns if one.change == view.get("change")]
    )
    counts = {change: sum(one.change is change for one in found.patterns) for change in Change if change}
    return {
        "found": found,
        "patterns": found_of(view, shown[:_MOST_PATTERNS]),
        "marks": marks_of(await unusual_patterns(site, view), shown[:_MOST_PATTERNS]),
        "total": sum(one.lines for one in found.patterns),
        "changes": counts,
        "most": max((one.lines for one in found.patterns), default=0),
    }


async def _compared(site: Site, view: View, room: LogsRoom, asked: LogQuestion) -> Patterns:
    """The patterns, shared by all who ask the same within some seconds."""
    window = view.window
    grain = int(_PATTERNS_TTL_S * 1000)
    names = tuple(group.id for group in asked.groups)
    key = (
        "log patterns",
        view.scope,
        names,
        asked.text,
        asked.syntax,
        window.start_ms // grain,
        window.end_ms // grain,
    )
    read = partial(room.explorer.patterns, view.scope, asked.over(window.start_ms, window.end_ms), _SPARK)
    return await site.cache.get(key, _PATTERNS_TTL_S, read)


async def _around(site: Site, view: View, room: LogsRoom, groups: Sequence[Group]) -> dict[str, Any]:
    """One event, and those of its stream before and after it."""
    group_id, _, place = view.get("around").partition(".")
    position = read_position(place)
    group = next((group for group in groups if str(group.id) == group_id), None)
    if group is None or position is None:
        raise NotFound("cannot find the log event: its group is gone, or the address was cut")
    one = await room.reader.one(view.scope, group, position)
    before, after = await asyncio.gather(
        _beside(view, room, group, one, backward=True), _beside(view, room, group, one, backward=False)
    )
    hosts = frozenset(host.name for host in await site.fleet.hosts(view.scope))
    return {"rows": rows_of(view, [*before, one, *after], hosts, one.id), "one": one, "at": iso(one.time_ms)}


async def _beside(view: View, room: LogsRoom, group: Group, one: Event, *, backward: bool) -> list[Event]:
    query = EventQuery(
        start_ms=one.time_ms - _AROUND_MS,
        end_ms=one.time_ms + _AROUND_MS,
        limit=_BESIDE,
        backward=backward,
        position=Position(one.time_ms, one.id),
        where="stream = {beside:String}",
        params={"beside": one.stream},
    )
    return (await room.reader.page(view.scope, [group], query)).events


def _as_dict(event: Event) -> dict[str, Any]:
    return {
        "time": iso(event.time_ms),
        "group": event.log_group,
        "stream": event.stream,
        "severity": event.severity,
        "trace_id": event.trace_id,
        "message": event.message,
        "attributes": dict(event.attributes),
    }


def _dicts(found: Patterns) -> list[dict[str, Any]]:
    return [
        {
            "pattern": one.template,
            "severity": one.severity,
            "change": str(one.change),
            "events": one.lines,
            "before": one.before,
            "counts": one.counts,
            "example": one.example,
        }
        for one in found.patterns
    ]
