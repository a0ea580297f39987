"""What the room is about: channels, notifications, deliveries of one to the other, verdicts. Times in ms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec import field as struct_field

ALARM_CHANGED = "alarm.state_changed"
"""The event of an alarm that changed its state."""
ALERT_RECEIVED = "alert.received"
"""The event of an alert that an Alertmanager told us of."""
PUBLISHED = "sns.published"
"""The event of a message that a client published to a topic."""
TEST = "notify.test"
"""The kind of a notification that only asks whether a channel works."""
CONFIRMATION = "sns.confirmation"
"""The kind of a message that asks an endpoint to confirm its subscription."""


class Severity(StrEnum):
    """How bad it is: what colour, priority and sound a receiver gives it."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class DeliveryState(StrEnum):
    """Where a delivery is: `waiting` is tried until it is `delivered`; `failed` says why it will not be."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Button(Struct, frozen=True):
    """A link under a notification. What it `signs` is signed when the message is sent, and ends its address."""

    label: str
    url: str
    signs: str = ""


class Notification(Struct, frozen=True):
    """Something to tell. `id` is the event's own and never changes.

    Notifications with one `order_key` arrive in order; those with one `group_key` may share a message to people.
    `firing` is None where nothing begins or ends. `labels` say the same thing whenever it is about the same thing.
    """

    id: str
    kind: str
    at_ms: int
    subject: str
    title: str
    text: str
    severity: Severity
    order_key: str
    group_key: str
    firing: bool | None = None
    link: str = ""
    account: str = ""
    region: str = ""
    topic: str = ""
    labels: Mapping[str, str] = struct_field(default_factory=dict)
    body: Mapping[str, Any] = struct_field(default_factory=dict)
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notifications go. `secret` holds what nobody is shown again; `events` are patterns of kinds it gets.

    `failures` counts messages that failed since the last that arrived; nothing is sent before `open_until_ms`.
    """

    id: str
    account: str
    name: str
    kind: str
    endpoint: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    events: tuple[str, ...] = ()
    created_ms: int = 0
    failures: int = 0
    open_until_ms: int = 0
    last_ok_ms: int | None = None
    last_error_ms: int | None = None
    last_error: str = ""


class Parcel(Struct, frozen=True):
    """One message to send: the id that every repeat of it carries, and what it says (several only to people)."""

    id: str
    deliveries: tuple[str, ...]
    notifications: tuple[Notification, ...]
    attempts: int

    @property
    def first(self) -> Notification:
        """The oldest notification."""
        return self.notifications[0]


class Outcome(StrEnum):
    """What came of sending once: `retry` asks for another try, `failed` says that none will help."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"


class Verdict(Struct, frozen=True):
    """The outcome of one attempt, the reason in words, the receiver's own status, and its wish when to come again."""

    outcome: Outcome
    reason: str = ""
    status: int | None = None
    retry_after_s: float = 0.0


class Attempt(Struct, frozen=True):
    """One time a message was sent."""

    at_ms: int
    outcome: str
    status: int | None
    reason: str
    took_ms: int


class Delivery(Struct, frozen=True):
    """One event for one channel, as it is listed. `lead` is the delivery whose message carried this one too."""

    seq: int
    id: str
    account: str
    target: str
    event: str
    kind: str
    subject: str
    title: str
    state: DeliveryState
    attempts: int
    next_ms: int
    created_ms: int
    finished_ms: int | None
    status: int | None
    reason: str
    lead: str | None = None


class Topic(Struct, frozen=True):
    """A name that alarms and clients send to."""

    arn: str
    account: str
    region: str
    name: str
    attributes: Mapping[str, str]
    created_ms: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel that gets what a topic gets, once it is confirmed."""

    arn: str
    topic: str
    channel: str
    account: str
    protocol: str
    endpoint: str
    attributes: Mapping[str, str]
    confirmed: bool
    token: str = field(repr=False, default="")
    created_ms: int = 0
