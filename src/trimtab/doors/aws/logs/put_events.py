"""PutLogEvents: a batch of events into one stream, taken but for what is too old or too new.

A JSON body with nothing unusual in it is decoded straight into typed structs, a third of the cost of the general path;
any other is handed to that one, which takes it or says what is wrong. So there is one set of messages.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.doors.aws.logs.groups import SEQUENCE_TOKEN
from trimtab.doors.aws.logs.rooms import DOOR, LogRooms, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.json import UNREADABLE
from trimtab.logs.model import Group, LogBatch, LogEvent

BATCH_BYTES = 1 << 20
"""Bytes of a batch: its messages in UTF-8, and EVENT_BYTES for each."""
EVENT_BYTES = 26
_HOUR_MS = 3_600_000
SPAN_MS = 24 * _HOUR_MS
PAST_MS = 14 * 24 * _HOUR_MS
FUTURE_MS = 2 * _HOUR_MS
_LARGE = 64 << 10
"""Bytes of a body from which it is decoded in a thread, as the gateway does."""


class _Event(Struct, gc=False, forbid_unknown_fields=True):
    timestamp: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    message: Annotated[str, Meta(min_length=1)]


class _Put(Struct, rename="camel", forbid_unknown_fields=True):
    """The members of a request as the service model has them, `entity` apart."""

    log_group_name: Annotated[str, Meta(min_length=1, max_length=512, pattern=r"\A[.\-_/#A-Za-z0-9]+\Z")]
    log_stream_name: Annotated[str, Meta(min_length=1, max_length=512, pattern=r"\A[^:*]*\Z")]
    log_events: Annotated[list[_Event], Meta(min_length=1, max_length=10_000)]
    sequence_token: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET


async def put_fast(rooms: LogRooms, body: bytes, context: CallContext) -> Answer | None:
    """Take a JSON body with nothing unusual in it; None hands it to `put_log_events`."""
    read = _read(body) if len(body) <= _LARGE else await asyncio.to_thread(_read, body)
    if read is None:
        return None
    events = [LogEvent(event.timestamp, event.message) for event in read.log_events]
    return await _put(rooms, read.log_group_name, read.log_stream_name, events, context)


@operations.add("PutLogEvents", needs=Role.WRITE, raw=put_fast)
async def put_log_events(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Take a batch of events into one stream."""
    events = [LogEvent(event["timestamp"], event["message"]) for event in request["logEvents"]]
    return await _put(rooms, request["logGroupName"], request["logStreamName"], events, context)


def _read(body: bytes) -> _Put | None:
    try:
        return typed.decode(body, type=_Put)
    except UNREADABLE:
        return None


async def _put(
    rooms: LogRooms, group_name: str, stream_name: str, events: Sequence[LogEvent], context: CallContext
) -> Answer:
    group = await group_of(rooms, context, group_name)
    stream = await rooms.groups.stream(group, stream_name)
    times = [event.time_ms for event in events]
    _check(times, events)
    first, end, rejected = _accepted(times, group, rooms.clock.now_ms())
    taken = events[first:end]
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


def _check(times: Sequence[int], events: Sequence[LogEvent]) -> None:
    """Raises AwsError for a batch that is refused whole."""
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > SPAN_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = len("".join([event.message for event in events]).encode("utf-8", "replace")) + EVENT_BYTES * len(events)
    if size > BATCH_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")


def _accepted(times: Sequence[int], group: Group, now_ms: int) -> tuple[int, int, dict[str, int]]:
    """Which part of the batch, whose times are in order, is taken, from and to, and what is told of the rest."""
    oldest = now_ms - PAST_MS
    kept = now_ms - group.retention_days * SPAN_MS if group.retention_days else oldest
    too_old = bisect_left(times, oldest)
    expired = bisect_left(times, max(oldest, kept))
    end = bisect_right(times, now_ms + FUTURE_MS)
    rejected: dict[str, int] = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    if end < len(times):
        rejected["tooNewLogEventStartIndex"] = end
    return expired, end, rejected
