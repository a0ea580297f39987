"""StartLiveTail: an event stream of what comes into groups, an update a second.

botocore puts `streaming-` before the host's name; AWS_DISABLE_HOST_PREFIX_INJECTION=true keeps it at this server.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from trimtab.base.ids import new_id
from trimtab.doors.aws.logs.rooms import LogRooms, invalid, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.event_stream import StreamFault
from trimtab.logs.filters.match import matcher
from trimtab.logs.tail.live import TailEvent, TailQuery


@operations.add("StartLiveTail", bound=True)
async def start_live_tail(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Follow up to ten groups."""
    names, prefixes = request.get("logStreamNames") or [], request.get("logStreamNamePrefixes") or []
    identifiers = request["logGroupIdentifiers"]
    if names and prefixes:
        raise invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if (names or prefixes) and len(identifiers) > 1:
        raise invalid("Log streams can be named only where there is one log group.")
    if not all(identifier.startswith("arn:") for identifier in identifiers):
        raise invalid("logGroupIdentifiers must be the ARNs of log groups.")
    groups = [await rooms.reader.group(context.scope, *place_of(context, identifier)) for identifier in identifiers]
    pattern = request.get("logEventFilterPattern") or ""
    matcher(pattern)  # a wrong pattern is an error of the request, not of the stream
    query = TailQuery(groups, pattern, frozenset(names), tuple(prefixes))
    return {"responseStream": _stream(rooms, request, context, query)}


async def _stream(
    rooms: LogRooms, request: Request, context: CallContext, query: TailQuery
) -> AsyncIterator[Mapping[str, Any]]:
    with rooms.room.tails.open(query) as tail:
        start = {"requestId": context.request_id, "sessionId": new_id()}
        echoed = ("logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern")
        yield {"sessionStart": start | {name: request[name] for name in echoed if name in request}}
        async for update in rooms.room.tails.updates(tail):
            results = [_result(event) for event in update.events]
            yield {"sessionUpdate": {"sessionMetadata": {"sampled": update.sampled}, "sessionResults": results}}
    raise StreamFault("SessionTimeoutException", "The live tail session has timed out.")


def _result(event: TailEvent) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "logGroupIdentifier": f"{event.group.account}:{event.group.name}",
        "message": event.event.message,
        "timestamp": event.event.time_ms,
        "ingestionTime": event.ingested_ms,
    }
