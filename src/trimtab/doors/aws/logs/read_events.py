"""Operations that put log events, read them, and follow them."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.groups import SEQUENCE_TOKEN
from trimtab.doors.aws.logs.rooms import DOOR, LogRooms, group_of, invalid, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.event_stream import StreamFault
from trimtab.logs.filters.condition import condition
from trimtab.logs.filters.match import matcher
from trimtab.logs.model import Event, Group, LogBatch, LogEvent, Position
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


BATCH_BYTES = 1 << 20
"""Bytes of a batch: its messages in UTF-8, and EVENT_BYTES for each."""
EVENT_BYTES = 26
_HOUR_MS = 3_600_000
SPAN_MS = 24 * _HOUR_MS
PAST_MS = 14 * 24 * _HOUR_MS
FUTURE_MS = 2 * _HOUR_MS


@operations.add("PutLogEvents", needs=Role.WRITE)
async def put_log_events(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Take a batch of events into one stream."""
    group = await group_of(rooms, context, request["logGroupName"])
    stream = await rooms.groups.stream(group, request["logStreamName"])
    events = request["logEvents"]
    _check(events)
    first, end, rejected = _accepted([event["timestamp"] for event in events], group, rooms.clock.now_ms())
    taken = [LogEvent(event["timestamp"], event["message"]) for event in events[first:end]]
    if taken:
        key = f"{DOOR}/{context.account}/{context.region}/{context.invocation_id}" if context.invocation_id else None
        appended = await rooms.ingest.write([LogBatch(group, stream, taken)], key)
        if not appended.duplicate:
            rooms.ledger.accepted(DOOR, group.name, group.account, group.region, len(taken), context.size)
    if len(taken) < len(events):
        reason = "events are older than 14 days or the retention, or more than 2 hours ahead"
        rooms.ledger.rejected(
            DOOR, group.name, group.account, group.region, reason, str(rejected), len(events) - len(taken)
        )
    return {"nextSequenceToken": SEQUENCE_TOKEN, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


def _check(events: Sequence[dict[str, Any]]) -> None:
    """Raises AwsError for a batch that is refused whole."""
    times = [event["timestamp"] for event in events]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > SPAN_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = sum(len(event["message"].encode("utf-8", "replace")) + EVENT_BYTES for event in events)
    if size > BATCH_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")


def _accepted(times: Sequence[int], group: Group, now_ms: int) -> tuple[int, int, dict[str, int]]:
    """Which part of the batch is taken, from and to, and what is told of the rest."""
    oldest = now_ms - PAST_MS
    kept = now_ms - group.retention_days * SPAN_MS if group.retention_days else oldest
    too_old = sum(time < oldest for time in times)
    expired = sum(time < max(oldest, kept) for time in times)
    too_new = sum(time > now_ms + FUTURE_MS for time in times)
    rejected: dict[str, int] = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(times) - too_new
    return expired, len(times) - too_new, rejected


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
