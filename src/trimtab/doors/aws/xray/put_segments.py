"""What daemons and SDKs send: segments, and records of themselves."""

from trimtab.access.principal import Role
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import DOOR, XRayRooms, invalid, operations

MOST_DOCUMENTS = 50
"""Documents of a request, as PutTraceSegments takes them."""


@operations.add("PutTraceSegments", needs=Role.WRITE)
async def put_trace_segments(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Keep segment documents; those that are not taken are answered with a code and a reason."""
    texts = request["TraceSegmentDocuments"]
    if len(texts) > MOST_DOCUMENTS:
        raise invalid(f"Got {len(texts)} TraceSegmentDocuments; expected at most {MOST_DOCUMENTS}")
    key = f"{DOOR}/{context.account}/{context.region}/{context.invocation_id}" if context.invocation_id else None
    taken = await rooms.traces.documents.put(texts, context.account, context.region, key)
    kept = sum(taken.services.values())
    for service, spans in taken.services.items():
        rooms.ledger.accepted(
            DOOR, service or "unknown", context.account, context.region, spans, context.size * spans // kept
        )
    for one in taken.unprocessed:
        reason = one.message.partition(". Got")[0]
        rooms.ledger.rejected(DOOR, "segments", context.account, context.region, reason, one.id, 1)
    unprocessed = [{"Id": one.id, "ErrorCode": one.code, "Message": one.message} for one in taken.unprocessed]
    return {"UnprocessedTraceSegments": unprocessed}


@operations.add("PutTelemetryRecords", needs=Role.WRITE)
async def put_telemetry_records(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Keep the last record of a daemon."""
    records = request["TelemetryRecords"]
    if records:
        host = request.get("Hostname") or request.get("EC2InstanceId") or request.get("ResourceARN") or ""
        last = max(records, key=lambda record: record["Timestamp"])
        await rooms.traces.daemons.put(context.account, context.region, host, last)
    return {}
