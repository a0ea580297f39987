"""GetTraceSummaries: the traces of a range for which a filter expression holds, 100 a page, the newest first."""

from collections.abc import Iterable
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray import service_ids
from trimtab.doors.aws.xray.rooms import XRayRooms, check_range, invalid, operations
from trimtab.traces.filters.columns import ARN, CLIENT_IP, INSTANCE, USER, USER_AGENT, ZONE
from trimtab.traces.filters.evaluate import entry_of
from trimtab.traces.model import NS_A_MS, NS_A_S, Span, Trace, xray_trace_id
from trimtab.traces.search import PAGE, TimeRangeType, TraceQuery

_SAMPLED = 0.1  # of the traces, where Sampling is asked for without a strategy's value


@operations.add("GetTraceSummaries", bound=True)
async def get_trace_summaries(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Summaries of traces."""
    start_ms, end_ms = check_range(request)
    query = TraceQuery(
        start_ms,
        end_ms,
        request.get("FilterExpression") or "",
        PAGE,
        _position(request),
        TimeRangeType(request.get("TimeRangeType") or TimeRangeType.TRACE),
        _share(request),
    )
    found = await rooms.traces.search.find(context.scope, context.account, context.region, query)
    answer: dict[str, Any] = {
        "TraceSummaries": [summary_of(trace) for trace in found.traces],
        "ApproximateTime": end_ms,
        "TracesProcessedCount": found.processed,
    }
    if found.next is not None:
        answer["NextToken"] = encode_token([_mark(request), *found.next])
    return answer


def summary_of(trace: Trace) -> dict[str, Any]:
    """One trace in short."""
    entry = entry_of(trace)
    summary: dict[str, Any] = {
        "Id": xray_trace_id(trace.id),
        "StartTime": trace.start_ns // NS_A_MS,
        "Duration": trace.duration_ns / NS_A_S,
        "HasFault": any(span.fault for span in trace.spans),
        "HasError": any(span.error for span in trace.spans),
        "HasThrottle": any(span.throttle for span in trace.spans),
        "IsPartial": any(span.partial for span in trace.spans),
        "Http": _http(entry),
        "Annotations": service_ids.annotations(trace),
        "Users": _users(trace),
        "ServiceIds": service_ids.services_of(trace),
        "ResourceARNs": [{"ARN": one} for one in _told(trace, ARN)],
        "InstanceIds": [{"Id": one} for one in _told(trace, INSTANCE)],
        "AvailabilityZones": [{"Name": one} for one in _told(trace, ZONE)],
        "EntryPoint": service_ids.of_span(entry),
        "FaultRootCauses": service_ids.causes(trace, "fault"),
        "ErrorRootCauses": service_ids.causes(trace, "error"),
        "ResponseTimeRootCauses": service_ids.causes(trace, "responsetime"),
        "Revision": 1,
    }
    return summary | ({} if entry.partial else {"ResponseTime": entry.duration_ns / NS_A_S})


def _http(entry: Span) -> dict[str, Any]:
    told = {
        "HttpURL": entry.http_url,
        "HttpStatus": entry.http_status,
        "HttpMethod": entry.http_method,
        "UserAgent": _first(entry, USER_AGENT),
        "ClientIp": _first(entry, CLIENT_IP),
    }
    return {name: value for name, value in told.items() if value}


def _first(span: Span, names: Iterable[str]) -> str:
    return next((span.attributes[name] for name in names if name in span.attributes), "")


def _users(trace: Trace) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for span in trace.spans:
        user = _first(span, USER)
        if user:
            services = found.setdefault(user, [])
            service = service_ids.of_span(span)
            if service not in services:
                services.append(service)
    return [{"UserName": user, "ServiceIds": services} for user, services in found.items()]


def _told(trace: Trace, names: Iterable[str]) -> list[str]:
    found = (
        span.resource_attributes[name] for span in trace.spans for name in names if name in span.resource_attributes
    )
    return list(dict.fromkeys(found))


def _share(request: Request) -> float:
    strategy = request.get("SamplingStrategy") or {}
    if not (request.get("Sampling") or strategy):
        return 1.0
    share = strategy.get("Value")
    if share is None:
        return _SAMPLED
    if not 0 <= share <= 1:
        raise invalid(f"Got SamplingStrategy of {share}; expected a Value of 0 to 1")
    return float(share)


def _mark(request: Request) -> int:
    asked = sorted((name, value) for name, value in request.items() if name != "NextToken")
    return hash64(repr(asked)) >> 16


def _position(request: Request) -> tuple[int, str] | None:
    if not request.get("NextToken"):
        return None
    try:
        mark, at_ms, trace_id = decode_token(request["NextToken"])
    except (InvalidInput, TypeError, ValueError):
        raise invalid("The NextToken is invalid: expected one from an earlier answer") from None
    if mark != _mark(request) or not isinstance(at_ms, int) or not isinstance(trace_id, str):
        raise invalid("The NextToken is of another request")
    return at_ms, trace_id
