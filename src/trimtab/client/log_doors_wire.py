"""What travels over `/rest/v1/logs/…` beside events and queries: subscriptions, data protection, schedules, files,
lookup tables and live tails."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Name = Annotated[str, Meta(min_length=1, max_length=512)]
Place = Annotated[
    str,
    Meta(min_length=1, max_length=2048, description="An http(s) URL, or an ARN of a log group or an event bus."),
]


class PutSubscription(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A subscription filter of a log group."""

    group: Name
    name: Name
    destination: Place
    filter: Annotated[str, Meta(max_length=1024, description="A filter pattern; without it, every event.")] = ""


class Subscription(Struct, frozen=True):
    """A subscription filter and how sending goes: events `sent` and given up (`dropped`), bodies that wait."""

    group: str
    name: str
    filter: str
    destination: str
    created_ms: Millis
    sent: int
    dropped: int
    waiting: int
    last_ok_ms: Millis | None
    last_error_ms: Millis | None
    last_error: str


class SubscriptionList(Struct, frozen=True):
    """Subscription filters by name."""

    subscriptions: list[Subscription]


class PutProtection(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is masked in the events of a log group, or of all with no group: a whole policy, or names of identifiers."""

    group: Annotated[str, Meta(max_length=512)] = ""
    policy: Annotated[str, Meta(max_length=30_720, description="A data protection policy of CloudWatch Logs.")] = ""
    identifiers: Annotated[list[Name], Meta(max_length=100, description="EmailAddress, IpAddress …")] = []


class Protection(Struct, frozen=True):
    """A data protection policy; `group` is empty for that of the account."""

    group: str
    policy: str
    identifiers: list[str]
    updated_ms: Millis


class ProtectionList(Struct, frozen=True):
    """Policies, and the identifiers that a policy can name."""

    policies: list[Protection]
    known: list[str]


class PutSchedule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A query that runs by a schedule; one of that name is changed."""

    name: Annotated[str, Meta(min_length=1, max_length=300)]
    query: Annotated[str, Meta(min_length=1, max_length=10_000)]
    schedule: Annotated[str, Meta(max_length=256, description="rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(…).")]
    groups: Annotated[list[Name], Meta(max_length=50)] = []
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    description: Annotated[str, Meta(max_length=1024)] = ""
    language: Literal["CWLI", "SQL"] = "CWLI"
    start_offset_s: Annotated[int, Meta(ge=1, le=31_536_000, description="A run reads from so long before it …")] = 3600
    end_offset_s: Annotated[int, Meta(ge=0, le=31_536_000, description="… to so long before it.")] = 0
    destination: Annotated[
        str,
        Meta(
            max_length=2048,
            description="A URL, the ARN of a log group, s3://bucket/prefix, folder:name or lookup:table.",
        ),
    ] = ""
    enabled: bool = True


class Schedule(Struct, frozen=True):
    """A scheduled query; `last_status` is empty before its first run."""

    id: str
    name: str
    query: str
    schedule: str
    groups: list[str]
    zone: str
    description: str
    language: str
    start_offset_s: int
    end_offset_s: int
    destination: str
    enabled: bool
    next_ms: Millis | None
    last_ms: Millis | None
    last_status: str


class ScheduleList(Struct, frozen=True):
    """Scheduled queries by name."""

    schedules: list[Schedule]


class ScheduleRun(Struct, frozen=True):
    """One run of a scheduled query."""

    id: str
    triggered_ms: Millis
    status: str
    error: str
    rows: int
    delivery: str
    delivered_to: str
    delivery_error: str


class ScheduleRuns(Struct, frozen=True):
    """Runs, the newest first."""

    runs: list[ScheduleRun]


class RunResult(Struct, frozen=True):
    """What a run found: a cell for each of `columns`."""

    columns: list[str]
    rows: list[list[str | None]]


class CreateExport(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which events are copied into files, and where: a folder's name below `exports`, or s3://bucket."""

    group: Name
    destination: Annotated[str, Meta(min_length=1, max_length=512)]
    start: Annotated[str, Meta(min_length=1, max_length=64)] = "-24h"
    end: Annotated[str, Meta(min_length=1, max_length=64)] = "now"
    prefix: Annotated[str, Meta(max_length=512)] = "exportedlogs"
    stream_prefix: Annotated[str, Meta(max_length=512)] = ""
    name: Annotated[str, Meta(max_length=512)] = ""


class Export(Struct, frozen=True):
    """An export task."""

    id: str
    name: str
    group: str
    destination: str
    prefix: str
    from_ms: Millis
    to_ms: Millis
    status: str
    message: str
    created_ms: Millis
    completed_ms: Millis | None


class ExportList(Struct, frozen=True):
    """Export tasks, the newest first."""

    exports: list[Export]


class PutLookup(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lookup table: CSV whose first line names the fields."""

    name: Annotated[str, Meta(min_length=1, max_length=256, pattern="^[a-zA-Z0-9_]+$")]
    csv: Annotated[str, Meta(min_length=1, max_length=7_000_000)]
    description: Annotated[str, Meta(max_length=1024)] = ""


class Lookup(Struct, frozen=True):
    """A lookup table without its rows; `bytes` is the length of its CSV."""

    name: str
    description: str
    fields: list[str]
    records: int
    bytes: int
    updated_ms: Millis


class LookupList(Struct, frozen=True):
    """Lookup tables by name."""

    tables: list[Lookup]


class Deleted(Struct, frozen=True):
    """What was deleted."""

    name: str


class TailedEvent(Struct, frozen=True):
    """An event of a live tail."""

    group: str
    stream: str
    time_ms: Millis
    ingested_ms: Millis
    message: str
    severity: str = ""


class TailUpdate(Struct, frozen=True):
    """What came in a second; `seen` is how many matched, more than are here where the rest was left out."""

    events: list[TailedEvent]
    seen: int
