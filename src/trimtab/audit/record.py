"""CloudTrail records: what an event is searched by, taken out of one.

Source: "CloudTrail record contents for management, data, and network activity events", CloudTrail user guide.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trimtab.audit.model import MANAGEMENT, AuditEvent
from trimtab.audit.resources import resources_of, touched_by
from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput

MAX_BYTES = 256 << 10
"""Bytes of a record, as documented."""
_NAMESPACE = uuid.UUID("1f0a4f0e-5a3c-4b57-9f0a-9b6f6f5f8d11")  # ids of records that have none are made of their text
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 to 2100


def event_of(record: Any, origin: str, *, account: str = "", region: str = "") -> AuditEvent:
    """The event that a record tells of; `account` and `region` are for one that names none.

    Raises InvalidInput for what is no record.
    """
    if not isinstance(record, Mapping):
        raise InvalidInput(f"cannot read audit record: got {type(record).__name__}; expected a JSON object")
    who = record.get("userIdentity")
    who = who if isinstance(who, Mapping) else {}
    resources = resources_of(record)
    return AuditEvent(
        account=_text(record, "recipientAccountId") or _text(who, "accountId") or account,
        region=_text(record, "awsRegion") or region,
        time_ms=time_of(record),
        id=_text(record, "eventID") or _made_id(record),
        name=_needed(record, "eventName"),
        source=_needed(record, "eventSource"),
        type=_text(record, "eventType") or "AwsApiCall",
        category=_text(record, "eventCategory") or MANAGEMENT,
        read_only=_flag(record.get("readOnly")),
        user_name=user_name(who),
        session_name=session_name(who),
        user_type=_text(who, "type"),
        user_arn=_text(who, "arn"),
        access_key_id=_text(who, "accessKeyId"),
        source_ip=_text(record, "sourceIPAddress"),
        user_agent=_text(record, "userAgent"),
        error_code=_text(record, "errorCode"),
        error_message=_text(record, "errorMessage"),
        request_id=_text(record, "requestID"),
        resource_types=tuple(sorted({kind for kind, _ in resources if kind})),
        resource_names=tuple(dict.fromkeys(name for _, arn in resources for name in _both(arn))),
        touched=touched_by(record),
        origin=origin,
        record=record,
    )


def time_of(record: Mapping[str, Any]) -> int:
    """When it happened, ms. Raises InvalidInput."""
    text = record.get("eventTime")
    try:
        at = to_ms(datetime.fromisoformat(str(text)))
    except (ValueError, OverflowError):
        at = -1
    if not _EARLIEST_MS <= at < _LATEST_MS:
        raise InvalidInput(
            f"cannot read audit record: got eventTime {text!r}; expected a time such as 2026-11-26T09:30:00Z"
        )
    return at


def user_name(who: Mapping[str, Any]) -> str:
    """Who called, by the name a person would use: the user's, or the role's where one was assumed."""
    name = _text(who, "userName")
    if name:
        return name
    issuer = _under(_under(who, "sessionContext"), "sessionIssuer")
    if _text(issuer, "userName"):
        return _text(issuer, "userName")
    return "root" if _text(who, "type") == "Root" else ""


def session_name(who: Mapping[str, Any]) -> str:
    """The session's name of a role that was assumed: what CloudTrail's own event history shows as user name."""
    arn = _text(who, "arn")
    return arn.rpartition("/")[2] if ":assumed-role/" in arn else ""


def packed(record: Mapping[str, Any]) -> str:
    """The record as it is kept: JSON without spaces, members in the order in which they came."""
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _made_id(record: Mapping[str, Any]) -> str:
    return str(uuid.uuid5(_NAMESPACE, json.dumps(record, sort_keys=True)))


def _both(arn: str) -> tuple[str, ...]:
    """An ARN, and the name at its end."""
    last = arn.rpartition(":")[2].rpartition("/")[2]
    return (arn, last) if last and last != arn else (arn,)


def _needed(record: Mapping[str, Any], key: str) -> str:
    found = _text(record, key)
    if not found:
        raise InvalidInput(f"cannot read audit record: it has no {key}; expected a CloudTrail record")
    return found


def _text(of: Mapping[str, Any], key: str) -> str:
    value = of.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _under(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = of.get(key)
    return value if isinstance(value, Mapping) else {}


def _flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
