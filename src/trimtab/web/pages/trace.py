"""`/traces/<id>`: one trace as a waterfall with its critical path, and all that is known of the span that is chosen."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import NotFound, QueryAborted
from trimtab.bottlenecks.read import place_of
from trimtab.bottlenecks.waterfall import Bar, Waterfall
from trimtab.charts.palette import slots
from trimtab.logs.model import Event
from trimtab.logs.read import EventQuery
from trimtab.traces.model import ERROR, NS_A_MS, w3c_trace_id, xray_trace_id
from trimtab.web import respond
from trimtab.web.format import moment
from trimtab.web.panels import machine_panels
from trimtab.web.site import Site
from trimtab.web.traces.question import TTL_S, room_of
from trimtab.web.traces.rows import ms_text
from trimtab.web.view import View, link
from trimtab.web.window import read_window

_MOST_LOGS = 100
_BESIDE_MS = 60_000
_HOST_BESIDE_MS = 900_000
_AROUND_MS = 900_000
_MOST_VALUE = 4000


class SpanEvent(Struct, frozen=True):
    """An event of a span: when (ms from the start of the trace), what, and its attributes."""

    at_ms: float
    name: str
    attributes: Sequence[tuple[str, str]]


def routes(site: Site) -> list[BaseRoute]:
    """The page, its rows as JSON, and the panel of one span."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        found = await _waterfall(site, view, request)
        chosen = _chosen(found, view.get("span"))
        facts = await _facts(site, view, found, chosen)
        when = int(found.start_ms), _AROUND_MS
        return site.page(request, view, "trace", timed=False, moment=when, trace=found, **_summary(found), **facts)

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        return respond.json(request, rows_of(await _waterfall(site, view, request)))

    async def span(request: Request) -> Response:
        view = site.view(request)
        found = await _waterfall(site, view, request)
        chosen = _chosen(found, request.path_params["span_id"])
        return site.fragment(request, view, "trace_span", trace=found, **await _facts(site, view, found, chosen))

    return [
        Route("/traces/{trace_id}.json", site.guarded(as_json, bound=True)),
        Route("/traces/{trace_id}/spans/{span_id}", site.guarded(span, bound=True)),
        Route("/traces/{trace_id}", site.guarded(page, bound=True)),
    ]


async def _waterfall(site: Site, view: View, request: Request) -> Waterfall:
    room, trace_id = room_of(site), w3c_trace_id(request.path_params["trace_id"])

    async def read() -> Waterfall:
        return await room.waterfall(view.scope, trace_id)

    return await site.cache.get(("trace", view.scope, trace_id), TTL_S, read)


def rows_of(found: Waterfall) -> dict[str, Any]:
    """The rows as the browser draws them: lists with numbers for names, times in ms.

    A row is [depth, children, service, operation, start, duration, on path or null, flags, id, phases in per cent]; the
    flags are 1 failed, 2 asynchronous, 4 a wait for another component, 8 without its parent, 16 a call of a model.
    """
    services = {name: at for at, name in enumerate(found.by_service)}
    operations: dict[str, int] = {}
    rows = []
    for bar in found.bars:
        span = bar.span
        flags = (
            (span.failed or span.status == ERROR)
            | bar.asynchronous << 1
            | bar.wire << 2
            | bar.orphan << 3
            | (bar.call is not None) << 4
        )
        rows.append(
            (
                bar.depth,
                bar.children,
                services[span.service],
                operations.setdefault(span.name, len(operations)),
                round(bar.start_ms, 4),
                round(bar.duration_ms, 4),
                None if bar.path_ms is None else round(bar.path_ms, 4),
                flags,
                span.span_id,
                [(name, round(100 * time / max(bar.duration_ms, 1e-9), 2)) for name, time in bar.phases],
            )
        )
    return {
        "total": round(found.total_ms, 4),
        "services": list(services),
        "slots": slots(list(services)),
        "operations": list(operations),
        "rows": rows,
    }


def _summary(found: Waterfall) -> dict[str, Any]:
    failed = sum(bar.span.failed or bar.span.status == ERROR for bar in found.bars)
    root = found.bars[0].span
    whole = max(found.duration_ms, 1e-9)
    numbers = dict(zip(found.by_service, slots(list(found.by_service)), strict=True))
    return {
        "root": root,
        "at": moment(int(found.start_ms)),
        "failed": failed,
        "xray_id": xray_trace_id(found.trace_id),
        "shares": [
            (name, time, 100 * time / whole, found.by_service_count[name], numbers[name])
            for name, time in found.by_service.items()
        ],
        "depth": max(bar.depth for bar in found.bars) + 1,
    }


def _chosen(found: Waterfall, span_id: str) -> Bar:
    if not span_id:
        return found.bars[0]
    chosen = next((bar for bar in found.bars if bar.span.span_id == span_id), None)
    if chosen is None:
        raise NotFound(f"cannot find span {span_id} in trace {found.trace_id}")
    return chosen


async def _facts(site: Site, view: View, found: Waterfall, bar: Bar) -> dict[str, Any]:
    """All that is known of a span."""
    span = bar.span
    at_ms = span.start_ns // NS_A_MS
    host = span.resource_attributes.get("host.name", "")
    hosts = {one.name for one in await site.fleet.hosts(view.scope)} if host else set()
    beside = [("from", iso(at_ms - _HOST_BESIDE_MS)), ("to", iso(at_ms + _HOST_BESIDE_MS))]
    logs, problem = await _logs(site, view, found, bar)
    return {
        "bar": bar,
        "span": span,
        "ms": ms_text,
        "place": place_of(span.resource_attributes),
        "attributes": sorted((name, value[:_MOST_VALUE]) for name, value in span.attributes.items()),
        "resource": sorted(span.resource_attributes.items()),
        "events": _events(span.events, found.start_ms),
        "logs": logs,
        "logs_problem": problem,
        "logs_link": link("/logs", [("q", found.trace_id), *_around(at_ms)]),
        "host": host if host in hosts else "",
        "host_link": link(f"/hosts/{host}", beside) if host in hosts else "",
        "host_panels": machine_panels(host)[:2] if host in hosts else [],
        "host_view": _over(view, dict(beside)),
        "failed_span": span.failed or span.status == ERROR,
    }


def _over(view: View, parameters: dict[str, str]) -> View:
    """The same view over another range: that of the charts beside a span."""
    window = read_window(parameters, view.now_ms, None)
    own = (view.path, view.parameters, window, False, view.theme, view.principal, view.now_ms, view.origin)
    return View(*own)


def _around(at_ms: int) -> list[tuple[str, str]]:
    return [("from", iso(at_ms - 10 * _BESIDE_MS)), ("to", iso(at_ms + 10 * _BESIDE_MS))]


async def _logs(site: Site, view: View, found: Waterfall, bar: Bar) -> tuple[list[Event], str]:
    """Log lines of the trace: those that name this span, else all of them; and why there are none, if it is strange."""
    room = site.state.logs
    if room is None:
        return [], ""
    first = int(found.start_ms)
    query = EventQuery(
        start_ms=first - _BESIDE_MS,
        end_ms=first + int(found.total_ms) + _BESIDE_MS,
        limit=_MOST_LOGS,
        where="trace_id IN {traces:Array(String)}",
        params={"traces": [found.trace_id, xray_trace_id(found.trace_id)]},
    )
    try:
        async with asyncio.timeout(5):
            groups = await room.explorer.groups(view.scope)
            events = (await room.reader.page(view.scope, groups, query)).events if groups else []
    except (TimeoutError, QueryAborted):
        return [], "Looking for log lines took too long."
    own = [event for event in events if event.span_id == bar.span.span_id]
    return own or events, ""


def _events(text: str, start_ms: float) -> list[SpanEvent]:
    """The events of a span, whichever names their senders use."""
    if not text:
        return []
    try:
        rows = typed.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return []
    found = []
    for row in rows:
        at = row.get("time_ns") or row.get("timeUnixNano") or row.get("time") or 0
        attributes = row.get("attributes") or {}
        pairs = sorted((str(key), str(value)[:_MOST_VALUE]) for key, value in dict(attributes).items())
        found.append(SpanEvent(float(at) / NS_A_MS - start_ms if at else 0.0, str(row.get("name", "event")), pairs))
    return found
