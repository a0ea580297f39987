"""Audit records as events: "AWS API Call via CloudTrail", in the shape that CloudTrail gives them.

Source: CloudTrail and EventBridge user guides, "Events delivered via CloudTrail".
"""

from collections.abc import Sequence

import msgspec

from trimtab.audit.model import AuditEvent
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
_AT_ONCE = 200
_OLDEST_MS = 15 * 60_000
"""Age beyond which a record is history and no news: reading a year of files must not start a year of pipelines."""


class AuditSource:
    """A tap of the audit room: what is new there becomes events on the default bus."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def told(self, events: Sequence[AuditEvent]) -> None:
        """Take records in, those that are news."""
        made = [event_of(one) for one in events if one.time_ms >= one.ingested_ms - _OLDEST_MS]
        for at in range(0, len(made), _AT_ONCE):
            await self._intake.put(made[at : at + _AT_ONCE])


def event_of(audited: AuditEvent) -> Event:
    """The event of a record: its key is made of the record's id, so that a file read again changes nothing."""
    place = Place(audited.account, audited.region or "us-east-1")
    service = audited.source.partition(".")[0] or "unknown"
    return make_event(
        place,
        place.bus(""),
        source=f"aws.{service}",
        detail_type=_DETAIL_TYPES.get(audited.type, _CALL),
        detail=msgspec.json.encode(dict(audited.record)),
        at_ms=audited.time_ms,
        id_=stable_id("audit", audited.account, audited.id),
    )
