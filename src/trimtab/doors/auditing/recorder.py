"""Changes made through trimtab as CloudTrail records, durable before the one who made them is answered."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.access.principal import LOCAL_OPERATOR, Principal
from trimtab.audit.model import MANAGEMENT, AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.base.clock import Clock, iso
from trimtab.base.ids import new_id
from trimtab.doors.auditing.redact import redacted

VERSION = "1.11"  # of CloudTrail's record format


class Ingest(Protocol):
    """What recording asks of `audit.ingest.AuditIngest`."""

    def check_room(self) -> None:
        """Raise Throttled or DiskFull where a write would be refused now."""
        ...

    async def write(self, events: Sequence[AuditEvent]) -> object:
        """Make events durable."""
        ...


class Change(Struct):
    """A change that somebody asked for, and what came of it.

    `source` and `name` are what CloudTrail calls eventSource and eventName. `account` and `region` are None for the
    server's own.
    """

    principal: Principal
    source: str
    name: str
    request_id: str
    client: str = ""
    user_agent: str = ""
    account: str | None = None
    region: str | None = None
    access_key_id: str = ""
    type: str = "AwsApiCall"
    parameters: Any = None
    answer: Any = None
    error_code: str = ""
    error_message: str = ""
    resources: Sequence[Mapping[str, str]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


class ChangeRecorder:
    """Writes changes into the audit."""

    def __init__(self, ingest: Ingest, clock: Clock, account: str, region: str) -> None:
        self._ingest = ingest
        self._clock = clock
        self._account = account
        self._region = region

    def check_room(self) -> None:
        """Raise Throttled or DiskFull before a change whose record could not be kept."""
        self._ingest.check_room()

    async def record(self, change: Change) -> None:
        """Make the record of a change durable. Raises Throttled, DiskFull; the change itself is made by then."""
        await self._ingest.write([event_of(self._document(change), Origin.TRIMTAB)])

    def _document(self, change: Change) -> dict[str, Any]:
        account, region = change.account or self._account, change.region or self._region
        failed = {"errorCode": change.error_code, "errorMessage": change.error_message} if change.error_code else {}
        named = {"resources": [dict(one) for one in change.resources]} if change.resources else {}
        return {
            "eventVersion": VERSION,
            "userIdentity": _identity(change, account),
            "eventTime": iso(self._clock.now_ms()),
            "eventSource": change.source,
            "eventName": change.name,
            "awsRegion": region,
            "sourceIPAddress": change.client or "trimtab",
            "userAgent": change.user_agent,
            **failed,
            "requestParameters": redacted(change.parameters),
            "responseElements": None if change.error_code else redacted(change.answer),
            "additionalEventData": {"role": change.principal.role.value, **change.more},
            "requestID": change.request_id,
            "eventID": new_id(),
            "readOnly": False,
            **named,
            "eventType": change.type,
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": MANAGEMENT,
        }


def _identity(change: Change, account: str) -> dict[str, Any]:
    name = change.principal.name
    owner = change.principal.account or account
    identity = {
        "type": "IAMUser",
        "principalId": "LOCAL" if change.principal is LOCAL_OPERATOR else name,
        "arn": f"arn:aws:iam::{owner}:user/{name}",
        "accountId": owner,
        "userName": name,
    }
    if change.access_key_id:
        identity["accessKeyId"] = change.access_key_id
    return identity
