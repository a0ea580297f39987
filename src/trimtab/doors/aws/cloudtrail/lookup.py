"""Operations that look up events, and the public keys of digests."""

import hashlib
import json
from typing import Any

from trimtab.audit.conditions import MAX_MS, AuditQuery
from trimtab.audit.model import INSIGHT, MANAGEMENT, Attribute, AuditEvent, Position
from trimtab.audit.record import packed
from trimtab.audit.resources import resources_of
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, operations, readable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

PAGE = 50
"""Events of a page, as documented."""
HISTORY_MS = 90 * 86_400_000
"""How far back events are looked for where no StartTime is given."""


@operations.add("LookupEvents")
async def lookup_events(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """One page of events."""
    query = _query(request, rooms.clock.now_ms())
    asked = _fingerprint(request)
    limit = request.get("MaxResults") or PAGE
    await rooms.audit.reader.fresh()
    page = await rooms.audit.reader.page(readable(context), query, limit, _after(request.get("NextToken"), asked))
    more = {"NextToken": encode_token([asked, page.next.time_ms, page.next.id])} if page.next else {}
    return {"Events": [_described(event) for event in page.events], **more}


def _query(request: Request, now_ms: int) -> AuditQuery:
    attributes = request.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise AwsError(
            "InvalidLookupAttributesException", f"Only one lookup attribute is allowed, and {len(attributes)} are given"
        )
    end_ms = request.get("EndTime")
    start_ms = request.get("StartTime")
    last_ms = MAX_MS if end_ms is None else end_ms + 1000  # both ends are included, and events have whole seconds
    if start_ms is None:
        start_ms = (now_ms if end_ms is None else min(end_ms, now_ms)) - HISTORY_MS
    if start_ms >= last_ms:
        raise AwsError("InvalidTimeRangeException", "The start time must not be after the end time")
    category = INSIGHT if request.get("EventCategory") == "insight" else MANAGEMENT
    pairs = [(Attribute(one["AttributeKey"]), one["AttributeValue"]) for one in attributes]
    return AuditQuery(start_ms, last_ms, pairs, {"category": (category,)})


def _fingerprint(request: Request) -> str:
    """What a token belongs to: AWS refuses one of another search."""
    parts = [request.get(key) for key in ("LookupAttributes", "StartTime", "EndTime", "EventCategory")]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]


def _after(token: str | None, asked: str) -> Position | None:
    if not token:
        return None
    try:
        match decode_token(token):
            case [str(belongs), int(time_ms), str(id_)] if belongs == asked and 0 <= time_ms <= MAX_MS:
                return Position(time_ms, id_)
    except InvalidInput:
        pass
    raise AwsError(
        "InvalidNextTokenException", "The specified NextToken is invalid: expected one of the same search's last page"
    )


def _described(event: AuditEvent) -> dict[str, Any]:
    named = [
        {key: value for key, value in (("ResourceType", kind), ("ResourceName", arn)) if value}
        for kind, arn in resources_of(event.record)
    ]
    described: dict[str, Any] = {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": event.time_ms,
        "EventSource": event.source,
        "Resources": named or [{"ResourceName": name} for name in event.touched[:5]],
        "CloudTrailEvent": packed(event.record),
    }
    if event.user_name:
        described["Username"] = event.user_name
    if event.access_key_id:
        described["AccessKeyId"] = event.access_key_id
    return described


@operations.add("ListPublicKeys")
async def list_public_keys(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Keys that were valid at some time of a range; by default, now."""
    del context  # the keys are the server's, whoever asks
    now_ms = rooms.clock.now_ms()
    end_ms = request.get("EndTime") or now_ms
    start_ms = request.get("StartTime") or end_ms
    if start_ms > end_ms:
        raise AwsError("InvalidTimeRangeException", "The start time must not be after the end time")
    found = [key for key in await rooms.audit.keys.public() if key.since_ms <= end_ms and key.until_ms >= start_ms]
    return {
        "PublicKeyList": [
            {
                "Value": key.der,
                "ValidityStartTime": key.since_ms,
                "ValidityEndTime": key.until_ms,
                "Fingerprint": key.fingerprint,
            }
            for key in found
        ]
    }
