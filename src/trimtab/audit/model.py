"""Words of the audit room: an event (a CloudTrail record with what it is searched by), and pages of them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

MANAGEMENT, DATA, INSIGHT, NETWORK = "Management", "Data", "Insight", "NetworkActivity"
"""Categories of events, as `eventCategory` has them."""


class Origin(StrEnum):
    """Where a record came from."""

    TRIMTAB = "trimtab"
    FILE = "file"
    PUT = "put"
    INSIGHTS = "insights"


class AuditEvent(Struct, frozen=True):
    """One event. `record` is the whole CloudTrail record; the rest are the parts of it that searches use.

    `user_name` is the role's of a role that was assumed, and `session_name` then its session's. `resource_names` are
    ARNs and their last parts; `touched` are further names of things that the request speaks of.
    """

    account: str
    region: str
    time_ms: int
    id: str
    name: str
    source: str
    type: str
    category: str
    read_only: bool
    user_name: str
    session_name: str
    user_type: str
    user_arn: str
    access_key_id: str
    source_ip: str
    user_agent: str
    error_code: str
    error_message: str
    request_id: str
    resource_types: Sequence[str] = ()
    resource_names: Sequence[str] = ()
    touched: Sequence[str] = ()
    origin: str = Origin.PUT
    ingested_ms: int = 0
    record: Mapping[str, Any] = field(default_factory=dict)


class Attribute(StrEnum):
    """The eight attributes that LookupEvents takes."""

    EVENT_ID = "EventId"
    EVENT_NAME = "EventName"
    READ_ONLY = "ReadOnly"
    USERNAME = "Username"
    RESOURCE_TYPE = "ResourceType"
    RESOURCE_NAME = "ResourceName"
    EVENT_SOURCE = "EventSource"
    ACCESS_KEY_ID = "AccessKeyId"


class Position(Struct, frozen=True, order=True):
    """A place between events: (time in ms, id)."""

    time_ms: int
    id: str


class Page(Struct, frozen=True):
    """Events, the newest first; `next` is the place after the last where others follow."""

    events: Sequence[AuditEvent]
    next: Position | None
