"""What travels over `/rest/v1/logs/groups` and `/rest/v1/logs/events`."""

from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

GROUP_PATTERN = r"^[.\-_/#A-Za-z0-9]+$"
GroupName = Annotated[str, Meta(min_length=1, max_length=512, pattern=GROUP_PATTERN)]
StreamName = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[^:*]+$")]
MAX_EVENTS = 10_000
"""Events of one request, as PutLogEvents has it."""


class LogGroup(Struct, frozen=True):
    """A log group. `retention_days` null keeps its events for ever."""

    name: str
    arn: str
    created_ms: Millis
    retention_days: int | None
    class_: str = field(name="class")


class LogGroupPage(Struct, frozen=True):
    """One page of groups by name. `next` is the `after` of the next page, null on the last."""

    groups: list[LogGroup]
    next: str | None


class LogEvent(Struct, frozen=True):
    """A stored event. `position` is what `after` takes to go on behind it."""

    position: str
    time_ms: Millis
    ingested_ms: Millis
    stream: str
    message: str
    severity: str
    trace_id: str
    span_id: str
    attributes: dict[str, str]


class LogEventPage(Struct, frozen=True):
    """One page of events. `next` is the `after` of the next page, null on the last."""

    events: list[LogEvent]
    next: str | None


class NewLogEvent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event to store; without `time_ms` it happened now."""

    message: Annotated[str, Meta(min_length=1, max_length=1 << 20)]
    time_ms: Annotated[int, Meta(ge=0, le=9_000_000_000_000)] | None = None
    severity: Annotated[str, Meta(max_length=32)] = ""
    trace_id: Annotated[str, Meta(max_length=64)] = ""
    span_id: Annotated[str, Meta(max_length=32)] = ""
    attributes: dict[str, str] = field(default_factory=dict)


class PutLogEvents(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Events of one stream. Group and stream are made where they are missing."""

    group: GroupName
    events: Annotated[list[NewLogEvent], Meta(min_length=1, max_length=MAX_EVENTS)]
    stream: StreamName = "default"


class PutLogAnswer(Struct, frozen=True):
    """How many events are durable, and how many were left out: older than 14 days or more than 2 hours ahead."""

    accepted: int
    rejected: int
