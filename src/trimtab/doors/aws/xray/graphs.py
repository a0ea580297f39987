"""The service graph and its statistics over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, check_range, filter_of, invalid, operations, page_of, trace_ids
from trimtab.traces.filters.plan import plan
from trimtab.traces.filters.syntax import Edge, Service
from trimtab.traces.insights.detect import forecast
from trimtab.traces.model import NS_A_MS
from trimtab.traces.read import Where
from trimtab.traces.service_map import BASE, MapEdge, MapNode, ServiceMap, Statistics, every_request
from trimtab.traces.window import window_of

_PAGE = 500  # services
_MOST_IDS = 100
_CLIENT = "client"


@operations.add("GetServiceGraph", bound=True)
async def get_service_graph(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The graph of the traces of a range, of those of a group where one is named."""
    start_ms, end_ms = check_range(request)
    text = await filter_of(rooms, request, context)
    place = context.scope, context.account, context.region
    where = await rooms.traces.search.condition(*place, text, start_ms, end_ms) if text else None
    found = await rooms.traces.maps.of_window(context.scope, start_ms, end_ms, where)
    page, more = page_of(services_of(found, context.account), request, _PAGE)
    times = {"StartTime": start_ms, "EndTime": end_ms}
    return {**times, "Services": page, "ContainsOldGroupVersions": False, **more}


@operations.add("GetTraceGraph", bound=True)
async def get_trace_graph(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The graph of some traces."""
    ids = trace_ids(request, _MOST_IDS)
    traces = await rooms.traces.reader.traces(context.scope, ids)
    if not traces:
        return {"Services": []}
    start_ms = min(trace.start_ns for trace in traces.values()) // NS_A_MS
    end_ms = max(span.start_ns for trace in traces.values() for span in trace.spans) // NS_A_MS + 1
    where = Where("trace_id IN {traces:Array(String)}", {"traces": ids})
    found = await rooms.traces.maps.of_window(context.scope, start_ms, end_ms, where)
    page, more = page_of(services_of(found, context.account), request, _PAGE)
    return {"Services": page, **more}


def services_of(found: ServiceMap, account: str) -> list[dict[str, Any]]:
    """The services of a map with their edges; before each service at which traces begin stands its client."""
    edges: dict[int, list[dict[str, Any]]] = {}
    for edge in found.edges:
        edges.setdefault(edge.source, []).append(_edge(edge))
    services = [_service(number, node, edges.get(number, [])) for number, node in enumerate(found.nodes)]
    for number, node in enumerate(found.nodes):
        if node.root:
            services.append(_client(len(services), number, node))
    return services


def statistics(told: Statistics) -> dict[str, Any]:
    """Summary statistics of requests."""
    return {
        "OkCount": told.ok,
        "ErrorStatistics": {
            "ThrottleCount": told.throttles,
            "OtherCount": told.errors - told.throttles,
            "TotalCount": told.errors,
        },
        "FaultStatistics": {"OtherCount": told.faults, "TotalCount": told.faults},
        "TotalCount": told.total,
        "TotalResponseTime": told.seconds,
    }


def histogram(bins: Mapping[int, int]) -> list[dict[str, Any]]:
    """A histogram of response times (s), right to 5 %."""
    return [{"Value": round(BASE**bin_, 9), "Count": count} for bin_, count in sorted(bins.items())]


def _service(number: int, node: MapNode, edges: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ReferenceId": number,
        "Name": node.name,
        "Names": [node.name],
        "Root": node.root,
        "AccountId": node.account,
        "State": "unknown" if node.inferred else "active",
        "StartTime": node.first_ms,
        "EndTime": node.last_ms,
        "Edges": edges,
        "SummaryStatistics": statistics(node.statistics),
        "DurationHistogram": histogram(node.statistics.bins),
        "ResponseTimeHistogram": histogram(node.statistics.bins),
    }
    return told | ({"Type": node.type} if node.type else {})


def _edge(edge: MapEdge) -> dict[str, Any]:
    return {
        "ReferenceId": edge.destination,
        "StartTime": edge.first_ms,
        "EndTime": edge.last_ms,
        "SummaryStatistics": statistics(edge.statistics),
        "ResponseTimeHistogram": histogram(edge.statistics.bins),
        "Aliases": [],
    }


def _client(number: int, service: int, node: MapNode) -> dict[str, Any]:
    return {
        "ReferenceId": number,
        "Name": node.name,
        "Names": [node.name],
        "AccountId": node.account,
        "Type": _CLIENT,
        "State": "unknown",
        "StartTime": node.first_ms,
        "EndTime": node.last_ms,
        "Edges": [_edge(MapEdge(number, service, node.first_ms, node.last_ms, node.statistics))],
    }


_PERIODS = (60, 300)
_PAGE_OF_STATISTICS = 1000


@operations.add("GetTimeSeriesServiceStatistics", bound=True)
async def get_time_series_service_statistics(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Statistics by period: of the service or edge that EntitySelectorExpression selects, else of all edges."""
    start_ms, end_ms = check_range(request)
    period_s = request.get("Period") or _PERIODS[0]
    if period_s not in _PERIODS:
        raise invalid(f"Got Period {period_s}; expected 60 or 300 seconds")
    place = context.scope, context.account, context.region
    text = await filter_of(rooms, request, context)
    where = await rooms.traces.search.condition(*place, text, start_ms, end_ms) if text else None
    entities, member = await _entities(rooms, request, context, start_ms, end_ms)
    step_ms = period_s * 1000
    found = await rooms.traces.maps.over_time(context.scope, start_ms, end_ms, step_ms, entities, where)
    answers = [
        {
            "Timestamp": one.at_ms,
            member: statistics(one.statistics),
            "ResponseTimeHistogram": histogram(one.statistics.bins),
        }
        for one in found
    ]
    if request.get("ForecastStatistics"):
        totals = np.array([one.statistics.total for one in found], np.int64)
        faults = np.array([one.statistics.faults for one in found], np.int64)
        for answer, (low, high) in zip(answers, forecast(totals, faults), strict=True):
            answer["ServiceForecastStatistics"] = {"FaultCountHigh": high, "FaultCountLow": low}
    page, more = page_of(answers, request, _PAGE_OF_STATISTICS)
    return {"TimeSeriesServiceStatistics": page, "ContainsOldGroupVersions": False, **more}


async def _entities(
    rooms: XRayRooms, request: Request, context: CallContext, start_ms: int, end_ms: int
) -> tuple[Where, str]:
    """The condition over the spans that are counted, and what the answer calls their statistics."""
    window = window_of(context.scope, start_ms, end_ms)
    text: Any = request.get("EntitySelectorExpression")
    if not text:
        return every_request(window), "EdgeSummaryStatistics"
    expression = await rooms.traces.search.expression(text, context.account, context.region)
    if not isinstance(expression, Service | Edge):
        raise invalid("Invalid EntitySelectorExpression: expected service(…) or edge(…, …)")
    made = plan(expression, window)
    member = "ServiceSummaryStatistics" if isinstance(expression, Service) else "EdgeSummaryStatistics"
    return Where(made.where, {**made.params, **window.params}), member
