"""Words of the room: buses, rules, targets, events and deliveries."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from trimtab.triggers.arns import Place

ENABLED, DISABLED = "ENABLED", "DISABLED"
CLOUDTRAIL_TOO = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""Enabled also for calls that only read: other rules do not see those from AWS's own services."""


class Bus(Struct, frozen=True):
    """An event bus. `options` are members that are kept as they were put (dead letters, logging, key)."""

    arn: str
    place: Place
    name: str
    description: str = ""
    policy: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    changed_ms: int = 0


class Rule(Struct, frozen=True):
    """A rule: a pattern, a schedule in a time zone, or both. `due_ms` is when the schedule fires next."""

    arn: str
    place: Place
    bus: str
    name: str
    pattern: str | None
    schedule: str | None
    zone: str
    state: str
    description: str
    role: str
    created_ms: int
    due_ms: int | None = None

    @property
    def enabled(self) -> bool:
        """Whether it matches anything."""
        return self.state != DISABLED


class Target(Struct, frozen=True):
    """A target of a rule, as it was put."""

    rule: str
    id: str
    arn: str
    form: Mapping[str, Any]


class Event(Struct, frozen=True):
    """An event on its way in. `key` is the same whenever the same event comes again; `body` is the event as JSON."""

    key: str
    bus: str
    id: str
    source: str
    detail_type: str
    at_ms: int
    body: bytes

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"{self.detail_type} from {self.source}"[:600]


class DeliveryState(StrEnum):
    """Where a delivery is. A dead one was given up; its dead letter says where it went."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(Struct, frozen=True):
    """One event for one target of one rule."""

    seq: int
    id: str
    place: Place
    event: str
    title: str
    rule: str
    target: str
    arn: str
    form: Mapping[str, Any]
    input: str
    at_ms: int
    state: DeliveryState
    attempts: int
    next_ms: int
    created_ms: int
    finished_ms: int | None
    status: int | None
    reason: str
    dead_letter: str


class Outcome(StrEnum):
    """What came of sending once."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REFUSED = "refused"


class Sent(Struct, frozen=True):
    """What came of sending once, in words; `retry_after_s` is what the target asks for."""

    outcome: Outcome
    reason: str = ""
    status: int | None = None
    retry_after_s: float = 0.0
