"""Operations that read log events, and follow them."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, invalid, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.event_stream import StreamFault
from trimtab.logs.filters.condition import condition
from trimtab.logs.filters.match import matcher
from trimtab.logs.model import Event, Position
from trimtab.logs.read import EventQuery
from trimtab.logs.tail.live import TailEvent, TailQuery

_LIMIT = 10_000
_FOREVER_MS = 9_000_000_000_000
_TOKEN = re.compile(r"([fb])/(\d{17})(\d{20})(\d{19})")


@operations.add("GetLogEvents", bound=True)
async def get_log_events(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Events of a stream: the newest, or from the head; then on from a token, in its direction."""
    group = await group_of(rooms, context, request.get("logGroupName"), request.get("logGroupIdentifier"))
    stream = await rooms.groups.stream(group, request["logStreamName"])
    token = request.get("nextToken")
    backward, position = _read(token) if token else (not request.get("startFromHead"), None)
    await rooms.reader.fresh()
    page = await rooms.reader.page(
        context.scope,
        [group],
        EventQuery(
            start_ms=request.get("startTime") or 0,
            end_ms=request.get("endTime", _FOREVER_MS),
            limit=request.get("limit") or _LIMIT,
            backward=backward,
            position=position,
            streams=[stream.id],
            unmask=_unmask(request, context),
        ),
    )
    if page.events:
        before, behind = page.events[0].position, page.events[-1].position
    else:  # a token back is of what lies at the place, which is outside a page that begins or ends there
        at = position or Position(0, 0)
        before = at if backward else Position(at.time_ms, at.id + 1)
        behind = Position(at.time_ms, max(at.id - 1, 0)) if backward else at
    return {
        "events": [
            {"timestamp": one.time_ms, "message": one.message, "ingestionTime": one.ingested_ms} for one in page.events
        ],
        "nextForwardToken": _written("f", behind),
        "nextBackwardToken": _written("b", before),
    }


@operations.add("FilterLogEvents", bound=True)
async def filter_log_events(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Events of a group whose messages a pattern matches, from some or all of its streams, by time."""
    group = await group_of(rooms, context, request.get("logGroupName"), request.get("logGroupIdentifier"))
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix") or ""
    if names and prefix:
        raise invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    start, end = request.get("startTime") or 0, request.get("endTime")
    if end is not None and end < start:
        raise invalid("startTime must be less than or equal to endTime.")
    streams = [(await rooms.groups.stream(group, name)).id for name in names] if names else None
    where, params = condition(request.get("filterPattern") or "")
    backward = request.get("startFromHead") is False
    await rooms.reader.fresh()
    page = await rooms.reader.page(
        context.scope,
        [group],
        EventQuery(
            start_ms=start,
            end_ms=_FOREVER_MS if end is None else end + 1,  # the end is included here, as documented
            limit=request.get("limit") or _LIMIT,
            backward=backward,
            position=_position(request.get("nextToken")),
            streams=streams,
            stream_prefix=prefix,
            where=where,
            params=params,
            unmask=_unmask(request, context),
        ),
    )
    events = page.events[::-1] if backward else page.events
    token = {"nextToken": encode_token([events[-1].time_ms, str(events[-1].id)])} if page.more else {}
    return {"events": [_filtered(one) for one in events], "searchedLogStreams": [], **token}


def _unmask(request: Request, context: CallContext) -> bool:
    """Whether messages are shown as they came. Raises AwsError for who may not see them so."""
    if not request.get("unmask"):
        return False
    if not context.principal.may(Role.ADMIN):
        raise AwsError("AccessDenied", f"User: {context.principal.name} is not authorized to perform: logs:Unmask")
    return True


def event_id(event: Event) -> str:
    """An event's id on the wire: 56 digits, in the order of events."""
    return f"{event.time_ms:017d}{event.id:020d}{event.group:019d}"


def _filtered(event: Event) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.time_ms,
        "message": event.message,
        "ingestionTime": event.ingested_ms,
        "eventId": event_id(event),
    }


def _written(way: str, at: Position) -> str:
    return f"{way}/{at.time_ms:017d}{at.id:020d}{0:019d}"


def _read(token: str) -> tuple[bool, Position]:
    """Whether a token of GetLogEvents goes backward, and from where. Raises AwsError."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise _wrong_token()
    return match[1] == "b", Position(int(match[2]), min(int(match[3]), (1 << 64) - 1))


def _position(token: str | None) -> Position | None:
    if not token:
        return None
    try:
        time_ms, id_ = decode_token(token)
        return Position(int(time_ms), int(id_))
    except (InvalidInput, TypeError, ValueError):
        raise _wrong_token() from None


def _wrong_token() -> AwsError:
    return invalid("The specified nextToken is invalid.")


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
