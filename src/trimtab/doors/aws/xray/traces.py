"""BatchGetTraces: whole traces as segment documents."""

from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, operations, page_of, trace_ids
from trimtab.traces.documents.render import documents_of
from trimtab.traces.model import NS_A_S, Trace, xray_trace_id

PAGE = 5
"""Traces of a page, as X-Ray gives them."""
_MOST_IDS = 100
"""Traces that a request may name; X-Ray takes five."""


@operations.add("BatchGetTraces", bound=True)
async def batch_get_traces(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The traces of some ids; those that there are not are named."""
    page, more = page_of(trace_ids(request, _MOST_IDS), request, PAGE)
    found = await rooms.traces.reader.traces(context.scope, page)
    return {
        "Traces": [_trace(found[id_]) for id_ in page if id_ in found],
        "UnprocessedTraceIds": [xray_trace_id(id_) for id_ in page if id_ not in found],
        **more,
    }


def _trace(trace: Trace) -> dict[str, object]:
    segments = [{"Id": document.id, "Document": document.text} for document in documents_of(trace)]
    return {
        "Id": xray_trace_id(trace.id),
        "Duration": trace.duration_ns / NS_A_S,
        "LimitExceeded": False,
        "Segments": segments,
    }
