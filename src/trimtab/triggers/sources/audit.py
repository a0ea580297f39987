"""Audit records as events: "AWS API Call via CloudTrail", in the shape that CloudTrail gives them.

Source: CloudTrail and EventBridge user guides, "Events delivered via CloudTrail".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from trimtab.audit.model import AuditEvent
from trimtab.base.clock import to_ms
from trimtab.triggers.arns import Place
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Event

_DETAIL_TYPES = {
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
    "AwsCloudTrailInsight": "AWS Insight via CloudTrail",
}
_CALL = "AWS API Call via CloudTrail"
_REGION = "us-east-1"
"""Of records that name none: those of services that have no region."""
_AT_ONCE = 200
_OLDEST_MS = 15 * 60_000
"""Age beyond which a record is history and no news: reading a year of files must not start a year of pipelines."""


class AuditSource:
    """A tap of the audit room: what is new there becomes events on the default bus at once.

    What a crash kept from the tap comes later, by the audit's feed (`told.py`), and is known by its key.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def told(self, events: Sequence[AuditEvent]) -> None:
        """Take records in, those that are news."""
        made = [event_of(one) for one in events if one.time_ms >= one.ingested_ms - _OLDEST_MS]
        for at in range(0, len(made), _AT_ONCE):
            await self._intake.put(made[at : at + _AT_ONCE])


def event_of(audited: AuditEvent) -> Event:
    """The event of a record: its key is made of the record's id, so that a file read again changes nothing."""
    return _event(Place(audited.account, audited.region or _REGION), audited.id, audited.record, audited.time_ms)


def of_record(told: Mapping[str, Any]) -> Event:
    """The same of what the audit's feed tells: account, region, id and record. Raises KeyError."""
    record = told["record"]
    at_ms = to_ms(datetime.fromisoformat(str(record["eventTime"])))
    return _event(Place(told["account"], told["region"] or _REGION), told["id"], record, at_ms)


def _event(place: Place, id_: str, record: Mapping[str, Any], at_ms: int) -> Event:
    service = str(record.get("eventSource") or "unknown").partition(".")[0]
    return make_event(
        place,
        place.bus(""),
        source=f"aws.{service}",
        detail_type=_DETAIL_TYPES.get(str(record.get("eventType")), _CALL),
        detail=msgspec.json.encode(dict(record)),
        at_ms=at_ms,
        id_=stable_id("audit", place.account, id_),
    )
