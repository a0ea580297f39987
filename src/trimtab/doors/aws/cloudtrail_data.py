"""CloudTrail Data, PutAuditEvents: events of others' making, in CloudTrail's own form or in that of its integrations.

Source: "CloudTrail Lake integrations event schema", CloudTrail user guide.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import MAX_BYTES, event_of
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.doors.auditing.ownership import check_account
from trimtab.doors.aws.cloudtrail.rooms import DOOR, CloudTrailRooms
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request

_NAMESPACE = uuid.UUID("6fdc4e63-0f0a-4b0e-93f5-9f4d7d9b7b0b")
_IDENTITY = frozenset({"type", "principalId", "details"})  # the members of an integration's userIdentity


_BODY_LIMIT = 8 << 20  # 100 events, 256 kB each at the most, with their quotes escaped
operations: Operations[CloudTrailRooms] = Operations(
    "cloudtrail-data", body_limit=_BODY_LIMIT, invalid_code="ValidationException"
)


@operations.add("PutAuditEvents", needs=Role.WRITE)
async def put_audit_events(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Store events; what was stored before under the same id is not stored again."""
    entries = request["auditEvents"]
    ids = [entry["id"] for entry in entries]
    if len(set(ids)) < len(ids):
        raise AwsError("DuplicatedAuditEventId", "Two or more entries in the request have the same event ID")
    good: list[tuple[str, AuditEvent]] = []
    failed: list[dict[str, str]] = []
    for entry in entries:
        try:
            good.append((entry["id"], _event(entry, request["channelArn"], context)))
        except InvalidInput as problem:
            failed.append({"id": entry["id"], "errorCode": "InvalidEventData", "errorMessage": str(problem)[:1024]})
    written = await rooms.audit.ingest.write_new([event for _, event in good])
    source = context.principal.name
    if written.events:
        rooms.ledger.accepted(DOOR, source, context.account, context.region, len(written.events), context.size)
    if failed:
        example = failed[0]["errorMessage"]
        reason = "no audit event"
        rooms.ledger.rejected(DOOR, source, context.account, context.region, reason, example, len(failed))
    return {"successful": [{"id": id_, "eventID": event.id} for id_, event in good], "failed": failed}


def _event(entry: Mapping[str, Any], channel: str, context: CallContext) -> AuditEvent:
    text = entry["eventData"]
    if len(text) > MAX_BYTES:
        raise InvalidInput(f"cannot take the event: it has {len(text)} characters; expected at most {MAX_BYTES}")
    checksum = entry.get("eventDataChecksum")
    if checksum and checksum != base64.b64encode(hashlib.sha256(text.encode()).digest()).decode():
        raise InvalidInput("cannot take the event: eventDataChecksum is not the Base64 SHA-256 of eventData")
    try:
        data = typed.loads(text)
    except ValueError as problem:
        raise InvalidInput(f"cannot take the event: eventData is not JSON ({problem})") from None
    if not isinstance(data, dict):
        raise InvalidInput("cannot take the event: eventData is no JSON object")
    record = data if "eventID" in data else _of_integration(data, entry["id"], channel, context)
    event = event_of(record, Origin.PUT, account=context.account, region=context.region)
    check_account(event, context.principal)
    return event


def _of_integration(data: Mapping[str, Any], id_: str, channel: str, context: CallContext) -> dict[str, Any]:
    """The record of an integration's event: `UID` names it for ever, and its user is under `userIdentity`."""
    record = {key: value for key, value in data.items() if key not in ("version", "UID")}
    who = record.get("userIdentity")
    if isinstance(who, Mapping) and set(who) <= _IDENTITY:
        record["userIdentity"] = {**who, "userName": str(who.get("principalId") or "")}
    record.setdefault("recipientAccountId", context.account)
    record.setdefault("awsRegion", context.region)
    record.setdefault("eventVersion", str(data.get("version") or "1.0"))
    record.setdefault("readOnly", False)
    record.setdefault(
        "eventType", "AwsApiCall" if str(record.get("eventSource", "")).endswith(".amazonaws.com") else "ActivityLog"
    )
    record.setdefault("managementEvent", True)
    record.setdefault("eventCategory", "Management")
    record.setdefault("channelArn", channel)
    return record | {"eventID": str(uuid.uuid5(_NAMESPACE, f"{context.account}/{channel}/{data.get('UID') or id_}"))}
