"""What travels over `/rest/v1/audit/…`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

MAX_RECORDS = 1000
"""Records of one request."""


class AuditEvent(Struct, frozen=True):
    """One event; `record` is the whole CloudTrail record."""

    id: str
    time_ms: Millis
    account: str
    region: str
    name: str
    source: str
    category: str
    read_only: bool
    user: str
    session: str
    user_arn: str
    access_key_id: str
    source_ip: str
    user_agent: str
    error_code: str
    error_message: str
    resources: list[str]
    touched: list[str]
    origin: str
    record: dict[str, Any]


class AuditEventPage(Struct, frozen=True):
    """One page of events, the newest first. `next` is the `after` of the next page, null on the last."""

    events: list[AuditEvent]
    next: str | None


class FacetValue(Struct, frozen=True):
    """A value, and how many events have it."""

    value: str
    events: int


class TimelineStep(Struct, frozen=True):
    """How many events a step has: reads and changes that went well, and errors."""

    time_ms: Millis
    reads: int
    changes: int
    errors: int


class AuditSummary(Struct, frozen=True):
    """What a search holds: how many events, the most frequent values, and when; `step_ms` is a step's length."""

    start_ms: Millis
    end_ms: Millis
    events: int
    changes: int
    errors: int
    facets: dict[str, list[FacetValue]]
    step_ms: int
    timeline: list[TimelineStep]


class AuditFinding(Struct, frozen=True):
    """Calls of one caller within ten minutes that a rule is about. `ids` are those of the first of them."""

    rule: str
    title: str
    why: str
    technique: str
    severity: str
    account: str
    user: str
    user_arn: str
    first_ms: Millis
    last_ms: Millis
    events: int
    failed: int
    names: list[str]
    addresses: list[str]
    ids: list[str]


class AuditFindings(Struct, frozen=True):
    """What the rules find in a range."""

    findings: list[AuditFinding]


class AuditChange(Struct, frozen=True):
    """A change before a time; `about` are the words that it speaks of, `minutes` how long before it was."""

    event: AuditEvent
    summary: str
    about: list[str]
    minutes: float


class AuditChanges(Struct, frozen=True):
    """What changed before a time: changes that speak of what was asked first, then the newest."""

    at_ms: Millis
    changes: list[AuditChange]


class AuditTrail(Struct, frozen=True):
    """A trail, and how its deliveries go."""

    name: str
    arn: str
    account: str
    region: str
    bucket: str
    prefix: str
    logging: bool
    every_region: bool
    delivered_ms: Millis | None
    problem: str


class AuditTrails(Struct, frozen=True):
    """The trails that a caller may see."""

    trails: list[AuditTrail]


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A Lake query: one SELECT. FROM takes the id of an event data store, or audit_events for every record."""

    query: Annotated[str, Meta(min_length=1, max_length=10_000)]
    parameters: Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=10)] = []
    explain: Annotated[bool, Meta(description="Answer the statement instead of running it.")] = False


class AuditRows(Struct, frozen=True, omit_defaults=True):
    """Rows of a query, each with a text or null for each column; with `explain` the statement and its parameters."""

    columns: list[str]
    rows: list[list[str | None]]
    sql: str = ""
    parameters: dict[str, str] = {}


class AuditProblem(Struct, frozen=True):
    """What does not hold: `kind` is changed, removed, inserted, digest, chain, signature or late."""

    kind: str
    digest: int
    text: str
    account: str
    event_id: str


class AuditVerdict(Struct, frozen=True):
    """What was verified; it is whole where `problem_count` is 0. Keep `last_hash`: a later chain must have it."""

    whole: bool
    digests: int
    records: int
    through_ms: Millis
    last_hash: str
    problem_count: int
    problems: list[AuditProblem]


class StartAuditImport(Struct, frozen=True, forbid_unknown_fields=True):
    """Files to read: an absolute path of the server's, or s3://bucket/prefix."""

    location: Annotated[str, Meta(min_length=1, max_length=1024)]


class AuditImport(Struct, frozen=True):
    """An import: of `records` in `files`, `stored` were new. `state` is reading, done or failed."""

    id: int
    location: str
    state: str
    started_ms: Millis
    ended_ms: Millis | None
    files: int
    records: int
    stored: int
    problem: str
    notes: list[str]


class AuditImports(Struct, frozen=True):
    """The newest imports."""

    imports: list[AuditImport]


class PutAuditRecords(Struct, frozen=True, forbid_unknown_fields=True):
    """CloudTrail records to store; one that is held already is left out."""

    records: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=MAX_RECORDS)]


class PutAuditAnswer(Struct, frozen=True):
    """How many records are new and durable, how many were held already, and what was refused."""

    stored: int
    known: int
    refused: list[str]
