"""What travels over `/rest/v1/channels`, `/rest/v1/deliveries` and `/rest/v1/alertmanager`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

ChannelKind = Literal["webhook", "slack", "teams", "pagerduty", "email", "alertmanager"]
StateName = Literal["waiting", "delivered", "failed"]
Secret = Annotated[str, Meta(max_length=4096)]
Pattern = Annotated[str, Meta(min_length=1, max_length=128)]
TopicName = Annotated[str, Meta(min_length=1, max_length=256)]


class CreateChannel(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place to tell. `topics` are told to it, and so are events whose kind one of `events` matches (`alarm.*`).

    `endpoint` is the URL, or the addresses of an e-mail channel, separated by commas. Secrets are not shown again.
    """

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    kind: ChannelKind
    endpoint: Annotated[str, Meta(max_length=4096)] = ""
    topics: Annotated[list[TopicName], Meta(max_length=100)] = field(default_factory=list)
    events: Annotated[list[Pattern], Meta(max_length=100)] = field(default_factory=list)
    group_s: Annotated[
        Annotated[float, Meta(ge=0, le=3600)] | None,
        Meta(description="Seconds that a message to people waits for others; 5 by default."),
    ] = None
    owners: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=256)]],
        Meta(
            max_length=100, description="Owners (teams) whose findings, budgets and idle runs this channel is asked of."
        ),
    ] = field(default_factory=list)
    signing_secret: Annotated[Secret, Meta(description="webhook: whsec_…; one is made where none is given.")] = ""
    authorization: Annotated[Secret, Meta(description="webhook, alertmanager: value of the Authorization header.")] = ""
    routing_key: Annotated[Secret, Meta(description="pagerduty: key of an Events API v2 integration.")] = ""


class Channel(Struct, frozen=True):
    """A channel and how it does. `away_until_ms` is 0 while it answers."""

    name: str
    account: str
    kind: str
    endpoint: str
    topics: list[str]
    events: list[str]
    group_s: float
    created_ms: Millis
    failures: Annotated[int, Meta(description="Messages that failed since the last that arrived.")]
    away_until_ms: Millis
    last_ok_ms: Millis | None
    last_error_ms: Millis | None
    last_error: str
    owners: list[str] = field(default_factory=list)


class NewChannel(Struct, frozen=True):
    """A channel just made. `signing_secret` is shown this once, where one was made."""

    channel: Channel
    signing_secret: str | None = None


class ChannelList(Struct, frozen=True):
    """Every channel, by name."""

    channels: list[Channel]


class Delivery(Struct, frozen=True):
    """One event for one channel. `reason` says why the last attempt failed."""

    seq: int
    id: str
    account: str
    target: str
    event: str
    kind: str
    subject: str
    title: str
    state: StateName
    attempts: int
    next_ms: Annotated[int, Meta(description="When it is tried next, while it waits.")]
    created_ms: Millis
    finished_ms: Millis | None
    status: int | None
    reason: str
    lead: Annotated[str | None, Meta(description="The delivery whose message carries this one too.")]


class DeliveryPage(Struct, frozen=True):
    """Deliveries, the newest first. `next` is the `before` of the next page, null on the last."""

    deliveries: list[Delivery]
    next: int | None


class Attempt(Struct, frozen=True):
    """One time a message was sent."""

    at_ms: Millis
    outcome: Literal["delivered", "retry", "failed"]
    status: int | None
    reason: str
    took_ms: int


class DeliveryDetail(Struct, frozen=True):
    """A delivery and every attempt of its message, the oldest first."""

    delivery: Delivery
    attempts: list[Attempt]


class AlertmanagerAlert(Struct, frozen=True):
    """An alert in Alertmanager's webhook."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    fingerprint: Annotated[str, Meta(min_length=1, max_length=64)]
    annotations: dict[str, str] = field(default_factory=dict)
    startsAt: Annotated[str, Meta(max_length=64)] = ""  # Alertmanager's name
    endsAt: Annotated[str, Meta(max_length=64)] = ""  # Alertmanager's name
    generatorURL: Annotated[str, Meta(max_length=4096)] = ""  # Alertmanager's name


class AlertmanagerWebhook(Struct, frozen=True):
    """Alertmanager's webhook, version 4. Members that are not named here are passed over."""

    alerts: Annotated[list[AlertmanagerAlert], Meta(max_length=10_000)]
    version: str = "4"
    receiver: Annotated[str, Meta(max_length=256)] = ""


class AlertsTaken(Struct, frozen=True):
    """What became of the alerts: changed (told on), repeated (nothing new), own (trimtab's, passed over)."""

    changed: int
    repeated: int
    own: int


class ReceivedAlert(Struct, frozen=True):
    """An alert as an Alertmanager last told it."""

    fingerprint: str
    name: str
    status: str
    starts_at: str
    changed_ms: Millis
    seen_ms: Millis
    body: dict[str, Any]


class ReceivedAlertList(Struct, frozen=True):
    """Alerts that Alertmanagers told of: those that fire first."""

    alerts: list[ReceivedAlert]
