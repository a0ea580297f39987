"""What travels over `/rest/v1/event-rules`, `/rest/v1/event-deliveries` and their like."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[.\-_A-Za-z0-9]+$")]
Json = Annotated[str, Meta(max_length=262_144)]
BusName = Annotated[str, Meta(min_length=1, max_length=256)]
DeliveryStateName = Literal["waiting", "delivered", "dead"]


class TargetForm(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a rule sends: `arn` is an ARN or a webhook's URL. At most one of the three inputs is given."""

    id: Name
    arn: Annotated[str, Meta(min_length=1, max_length=1600)]
    input: Annotated[Json | None, Meta(description="Constant JSON that is sent.")] = None
    input_path: Annotated[str | None, Meta(description="JSON path of the part of the event that is sent.")] = None
    template: Annotated[Json | None, Meta(description="Template with <variables>.")] = None
    paths: Annotated[dict[str, str], Meta(description="The template's variables: name → JSON path.")] = field(
        default_factory=dict
    )
    dead_letter: Annotated[
        str | None, Meta(description="ARN of a log group, queue (a file) or topic, or a URL, for what is given up.")
    ] = None
    max_age_s: Annotated[int, Meta(ge=60, le=86_400)] = 86_400
    max_attempts: Annotated[int, Meta(ge=0, le=185)] = 185


class PutRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule and all of its targets. `pattern` is JSON text; a `schedule` is rate(…), cron(…) or at(…) in `zone`."""

    name: Name
    bus: BusName = "default"
    pattern: Json | None = None
    schedule: Annotated[str, Meta(max_length=256)] | None = None
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    enabled: bool = True
    description: Annotated[str, Meta(max_length=512)] = ""
    targets: Annotated[list[TargetForm], Meta(max_length=5)] = field(default_factory=list)


class ShownTarget(Struct, frozen=True):
    """A target. `reachable` is False for kinds that trimtab cannot deliver to."""

    id: str
    arn: str
    form: dict[str, Any]
    reachable: bool


class EventRule(Struct, frozen=True):
    """A rule, its targets, and what its deliveries of the last day came to."""

    name: str
    arn: str
    bus: str
    account: str
    region: str
    enabled: bool
    pattern: str | None
    schedule: str | None
    zone: str
    description: str
    created_ms: Millis
    due_ms: Millis | None
    targets: list[ShownTarget]
    last_day: dict[str, int]


class EventRuleList(Struct, frozen=True):
    """Every rule, by name."""

    rules: list[EventRule]


class TestPattern(Struct, frozen=True, forbid_unknown_fields=True):
    """A pattern and an event to try it on, both JSON text."""

    pattern: Json
    event: Json


class PatternTested(Struct, frozen=True):
    """Whether the pattern matches; `reason` says what is wrong with one that is not valid."""

    matches: bool
    reason: str = ""


class PreviewSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule to look ahead."""

    schedule: Annotated[str, Meta(max_length=256)]
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    times: Annotated[int, Meta(ge=1, le=50)] = 10


class SchedulePreview(Struct, frozen=True):
    """The next times, ascending."""

    times_ms: list[Millis]


class PutEvent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event. `detail` is JSON text of an object; `time_ms` is now where none is given."""

    source: Annotated[str, Meta(min_length=1, max_length=256)]
    detail_type: Annotated[str, Meta(min_length=1, max_length=128)]
    detail: Json = "{}"
    bus: BusName = "default"
    resources: Annotated[list[str], Meta(max_length=100)] = field(default_factory=list)
    time_ms: Annotated[Annotated[int, Meta(ge=0, le=2**53)] | None, Meta(description="When it happened.")] = None


class PutEvents(Struct, frozen=True, forbid_unknown_fields=True):
    """Events to put on buses, all or none."""

    events: Annotated[list[PutEvent], Meta(min_length=1, max_length=10)]


class EventsTaken(Struct, frozen=True):
    """The ids of the events, and how many rules matched each."""

    ids: list[str]
    rules: list[int]


class EventDelivery(Struct, frozen=True):
    """One event for one target of one rule."""

    seq: int
    id: str
    title: str
    rule: str
    target: str
    arn: str
    at_ms: Millis
    state: DeliveryStateName
    attempts: int
    next_ms: Millis
    created_ms: Millis
    finished_ms: Millis | None
    status: int | None
    reason: str
    dead_letter: str


class EventDeliveryPage(Struct, frozen=True):
    """Deliveries, the newest first. `next` is the `before` of the next page, null on the last."""

    deliveries: list[EventDelivery]
    next: int | None


class EventAttempt(Struct, frozen=True):
    """One time a delivery was sent."""

    at_ms: Millis
    outcome: Literal["delivered", "retry", "refused"]
    status: int | None
    reason: str
    took_ms: int


class EventDeliveryDetail(Struct, frozen=True):
    """A delivery, what is sent, the event that it is of, and every attempt."""

    delivery: EventDelivery
    input: str
    event: str
    attempts: list[EventAttempt]


class EventArchive(Struct, frozen=True):
    """An archive and what is in it."""

    name: str
    arn: str
    bus: str
    pattern: str | None
    retention_days: int
    created_ms: Millis
    events: int
    bytes: int


class EventReplay(Struct, frozen=True):
    """A replay and how far it is."""

    name: str
    archive: str
    state: str
    start_ms: Millis
    end_ms: Millis
    events: int
    started_ms: Millis
    ended_ms: Millis | None


class ArchiveList(Struct, frozen=True):
    """Archives and replays, by name."""

    archives: list[EventArchive]
    replays: list[EventReplay]


class PutArchive(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An archive of a bus; `retention_days` 0 keeps events for ever."""

    name: Annotated[str, Meta(min_length=1, max_length=48, pattern=r"^[.\-_A-Za-z0-9]+$")]
    bus: BusName = "default"
    pattern: Json | None = None
    retention_days: Annotated[int, Meta(ge=0, le=3653)] = 0
    description: Annotated[str, Meta(max_length=512)] = ""


class StartReplay(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A replay of an archive's events of `[start, end)`; `rules` are names, none for all."""

    name: Name
    archive: Name
    start: Annotated[str, Meta(max_length=64, description="Like -3h, ISO 8601, epoch seconds or milliseconds.")]
    end: Annotated[str, Meta(max_length=64)] = "now"
    rules: Annotated[list[Name], Meta(max_length=50)] = field(default_factory=list)


class PutWatch(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A folder of the server (absolute path) or s3://bucket/prefix whose new objects are events."""

    name: Name
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    every_s: Annotated[int, Meta(ge=1, le=86_400)] = 30


class Watch(Struct, frozen=True):
    """A watched place. `reason` says why it could not be looked at."""

    name: str
    url: str
    every_s: int
    looked_ms: Millis | None
    objects: int
    reason: str


class PutDrift(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A metric whose last `window_s` is compared with the `baseline_s` before."""

    name: Name
    namespace: Annotated[str, Meta(min_length=1, max_length=255)]
    metric: Annotated[str, Meta(min_length=1, max_length=255)]
    dimensions: Annotated[dict[str, str], Meta(max_length=30)] = field(default_factory=dict)
    statistic: Annotated[str, Meta(min_length=1, max_length=64)] = "Average"
    period_s: Annotated[int, Meta(ge=60, le=86_400)] = 300
    window_s: Annotated[int, Meta(ge=60, le=90 * 86_400)] = 86_400
    baseline_s: Annotated[int, Meta(ge=60, le=365 * 86_400)] = 604_800
    psi: Annotated[float, Meta(gt=0, le=100)] = 0.25
    ks: Annotated[float, Meta(gt=0, le=1)] = 0.2
    p_value: Annotated[float, Meta(gt=0, le=1)] = 0.001
    least_points: Annotated[int, Meta(ge=2, le=1_000_000)] = 30
    every_s: Annotated[int, Meta(ge=10, le=86_400)] = 300


class DriftWatch(Struct, frozen=True):
    """A watched metric and what came of the last look."""

    name: str
    metric: str
    state: str
    reason: str
    psi: float | None
    ks: float | None
    p_value: float | None
    looked_ms: Millis | None
    changed_ms: Millis | None


class SourceList(Struct, frozen=True):
    """Watched places and metrics."""

    places: list[Watch]
    drifts: list[DriftWatch]


class Done(Struct, frozen=True):
    """What was done, in words."""

    done: str
