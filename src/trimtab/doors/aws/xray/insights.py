"""Insights: when a service failed more often than usual, where it began and whom it reached."""

from typing import Any

from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, check_range, group_of, invalid, operations, page_of
from trimtab.doors.aws.xray.service_ids import service_id
from trimtab.traces.insights.model import Impact, Insight, Requests

_SUMMARIES, _EVENTS = 100, 50
"""Of a page, at most, as X-Ray documents them."""
_CATEGORIES = ["FAULT"]
_HOUR_MS = 3_600_000


@operations.add("GetInsightSummaries", bound=True)
async def get_insight_summaries(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Insights of a group that went on in a range."""
    start_ms, end_ms = check_range(request)
    group = await group_of(rooms, request, context)
    states = request.get("States") or ()
    found = await rooms.traces.insights.between(
        context.account, context.region, start_ms, end_ms, group=group.name, states=states
    )
    size = min(request.get("MaxResults") or _SUMMARIES, _SUMMARIES)
    page, more = page_of(found, request, size)
    summaries = [_insight(one, group.arn) | {"LastUpdateTime": one.updated_ms} for one in page]
    return {"InsightSummaries": summaries, **more}


@operations.add("GetInsight", bound=True)
async def get_insight(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """One insight."""
    insight = await rooms.traces.insights.get(context.account, context.region, request["InsightId"])
    group = await rooms.traces.groups.get(context.account, context.region, insight.group)
    return {"Insight": _insight(insight, group.arn)}


@operations.add("GetInsightEvents", bound=True)
async def get_insight_events(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """How an insight went on, the newest first."""
    insight = await rooms.traces.insights.get(context.account, context.region, request["InsightId"])
    size = min(request.get("MaxResults") or _EVENTS, _EVENTS)
    page, more = page_of(await rooms.traces.insights.events(insight.id), request, size)
    events = [{"EventTime": one.at_ms, **_impact(one.impact, context.account)} for one in page]
    return {"InsightEvents": events, **more}


@operations.add("GetInsightImpactGraph", bound=True)
async def get_insight_impact_graph(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The services of the failed traces of an insight's time, and who called whom."""
    start_ms, end_ms = check_range(request)
    insight = await rooms.traces.insights.get(context.account, context.region, request["InsightId"])
    first = max(start_ms, insight.start_ms - _HOUR_MS)
    last = min(end_ms, (insight.end_ms or insight.updated_ms) + _HOUR_MS)
    if first >= last:
        raise invalid("The insight went on at another time than StartTime to EndTime")
    place = context.scope, context.account, context.region
    where = await rooms.traces.search.condition(*place, "service() { fault }", first, last)
    found = await rooms.traces.maps.of_window(context.scope, first, last, where)
    services = [
        {
            "ReferenceId": number,
            **service_id(node.name, node.type, node.account),
            "Edges": [{"ReferenceId": edge.destination} for edge in found.edges if edge.source == number],
        }
        for number, node in enumerate(found.nodes)
    ]
    page, more = page_of(services, request, _SUMMARIES)
    return {
        "InsightId": insight.id,
        "StartTime": start_ms,
        "EndTime": end_ms,
        "ServiceGraphStartTime": first,
        "ServiceGraphEndTime": last,
        "Services": page,
        **more,
    }


def _insight(insight: Insight, group_arn: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "InsightId": insight.id,
        "GroupARN": group_arn,
        "GroupName": insight.group,
        "RootCauseServiceId": service_id(insight.service, insight.type, insight.account),
        "Categories": _CATEGORIES,
        "State": insight.state,
        "StartTime": insight.start_ms,
        **_impact(insight.impact, insight.account),
    }
    return told | ({"EndTime": insight.end_ms} if insight.end_ms is not None else {})


def _impact(impact: Impact, account: str) -> dict[str, Any]:
    return {
        "Summary": impact.summary,
        "ClientRequestImpactStatistics": _requests(impact.clients),
        "RootCauseServiceRequestImpactStatistics": _requests(impact.cause),
        "TopAnomalousServices": [{"ServiceId": service_id(one.name, one.type, account)} for one in impact.services],
    }


def _requests(requests: Requests) -> dict[str, int]:
    return {"FaultCount": requests.faults, "OkCount": requests.ok, "TotalCount": requests.total}
