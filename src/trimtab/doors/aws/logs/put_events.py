"""PutLogEvents: checked whole; what is too old or too new is left out and told; the rest is durable, then acknowledged.

Source: PutLogEvents in the API reference of CloudWatch Logs.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.logs.rooms import DOOR, LogRooms, group_of, invalid, operations
from trimtab.doors.aws.logs.streams import SEQUENCE_TOKEN
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.model import Group, LogBatch, LogEvent

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
