"""GetTimeSeriesServiceStatistics: what came to services or over edges, by period."""

from typing import Any

import numpy as np

from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.graphs import histogram, statistics
from trimtab.doors.aws.xray.rooms import XRayRooms, check_range, filter_of, invalid, operations, page_of
from trimtab.traces.filters.plan import plan
from trimtab.traces.filters.syntax import Edge, Service
from trimtab.traces.insights.detect import forecast
from trimtab.traces.read import Where
from trimtab.traces.service_map import every_request
from trimtab.traces.window import window_of

_PERIODS = (60, 300)
_PAGE = 1000


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
    page, more = page_of(answers, request, _PAGE)
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
