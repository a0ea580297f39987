"""What travels over the REST API: one definition, from which the server writes its OpenAPI and the client decodes.

Times are milliseconds since the epoch, UTC. Series ids are decimal text, because JavaScript's numbers hold 53 bits.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

RoleName = Literal["finance", "read", "write", "admin"]
KeyKind = Literal["aws", "token"]
ListedKind = Literal["aws", "token", "oidc", "user"]
KeyState = Literal["live", "revoked", "expired", "disabled"]
KindName = Literal["events", "gauge", "counter", "histogram"]
Millis = Annotated[int, Meta(description="Milliseconds since the epoch, UTC.")]


class Problem(Struct, frozen=True):
    """What went wrong: a stable code, a sentence for a person, and the field at fault where there is one."""

    code: str
    message: str
    field: str | None = None


class Failure(Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: Problem


class Health(Struct, frozen=True):
    """The process is alive."""

    status: Literal["ok"]
    name: Literal["trimtab"]
    version: str
    time_ms: Millis
    auth_required: bool


class ReadyCheck(Struct, frozen=True):
    """One thing the server needs. `detail` says what is wrong when it is not ok."""

    name: str
    ok: bool
    detail: str = ""


class Readiness(Struct, frozen=True):
    """Whether the server can do its work now, and what is missing."""

    ready: bool
    checks: list[ReadyCheck]


class Series(Struct, frozen=True):
    """A known series: its identity and when it was first and last seen (0 where unknown)."""

    id: str
    account: str
    region: str
    namespace: str
    name: str
    unit: str
    kind: KindName
    resource: str
    dimensions: dict[str, str]
    first_seen_ms: Millis
    last_seen_ms: Millis


class SeriesPage(Struct, frozen=True):
    """One page of series. `next` is the `after` of the next page, null on the last."""

    series: list[Series]
    next: str | None


Point = tuple[Millis, float | None]
"""A time and a value; null where the value is not a number."""


class Line(Struct, frozen=True):
    """One line of a query: what it stands for and its points in time order."""

    label: str
    dimensions: dict[str, str]
    unit: str
    series: Annotated[int, Meta(description="How many series were merged into this line.")]
    points: list[Point]


class QueryAnswer(Struct, frozen=True):
    """The lines of a query over `[start_ms, end_ms)`, one point for each period that has data."""

    namespace: str
    name: str
    statistic: str
    period_s: int
    start_ms: Millis
    end_ms: Millis
    lines: list[Line]


class RawAnswer(Struct, frozen=True):
    """The stored points of one series as columns in time order: when, what, and how often each value was seen.

    A statistic set or histogram is its mean and its count; a cumulative series is not differenced.
    """

    series: Series
    start_ms: Millis
    end_ms: Millis
    times: list[Millis]
    values: list[float | None]
    counts: list[float | None]


Name = Annotated[str, Meta(min_length=1, max_length=255)]


class Statistics(Struct, frozen=True, forbid_unknown_fields=True):
    """A statistic set: `count` values with this sum, minimum and maximum."""

    count: Annotated[float, Meta(gt=0)]
    sum: float
    minimum: float
    maximum: float


Counted = tuple[float, Annotated[float, Meta(gt=0)]]
"""A value, and how often it was measured."""

_TIME_FORMS = {"anyOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}]}
_ONE_SHAPE = {"oneOf": [{"required": [name]} for name in ("value", "values", "counted", "statistics")]}


class Datum(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One measurement: `value`, or several `values`, or `counted` ones, or `statistics` of them."""

    name: Name
    value: float | UnsetType = UNSET
    values: Annotated[list[float], Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    counted: Annotated[list[Counted], Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    statistics: Statistics | UnsetType = UNSET
    time: Annotated[
        int | str | UnsetType,
        Meta(description="Epoch milliseconds or ISO 8601; now where it is not given.", extra_json_schema=_TIME_FORMS),
    ] = UNSET
    unit: Annotated[str, Meta(min_length=1, max_length=60)] = "None"
    dimensions: Annotated[dict[Name, Annotated[str, Meta(min_length=1, max_length=1024)]], Meta(max_length=30)] = {}


class PutMetrics(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Measurements of one namespace. Account and region are the server's (or the key's) where not given."""

    namespace: Name
    metrics: Annotated[list[Annotated[Datum, Meta(extra_json_schema=_ONE_SHAPE)]], Meta(min_length=1, max_length=1000)]
    account: Annotated[str, Meta(pattern="^[0-9]{12}$")] | UnsetType = UNSET
    region: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET


class RejectedDatum(Struct, frozen=True):
    """A measurement that was not taken: its place in `metrics` and why."""

    index: int
    reason: str


class PutAnswer(Struct, frozen=True):
    """What was stored. `duplicate` says that the Idempotency-Key was acknowledged before and nothing was written."""

    accepted: int
    rejected: list[RejectedDatum]
    duplicate: bool


class Key(Struct, frozen=True):
    """An access key or token, without its secret; or a person: of an OpenID provider (`oidc`), or with a password
    (`user`).

    `replaced_by` is the id of the key that it was rotated to. `warning` says that it ends soon, or that nobody uses it.
    A person acts as `group`, one of `groups`; "" is a grant of their own.
    """

    id: str
    kind: ListedKind
    name: str
    role: RoleName
    account: str | None
    created_ms: Millis
    last_used_ms: Millis | None
    revoked_ms: Millis | None
    teams: list[str] = []
    tags: dict[str, list[str]] = {}
    expires_ms: Millis | None = None
    replaced_by: str | None = None
    state: KeyState = "live"
    warning: str = ""
    service_account: str | None = None
    groups: list[str] = []
    group: str = ""


class KeyList(Struct, frozen=True):
    """Every key, the newest first."""

    keys: list[Key]


KEY_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._@/+=,:-]*$"


TagText = Annotated[str, Meta(min_length=1, max_length=256)]
Teams = Annotated[list[TagText], Meta(max_length=20, description="It sees what is of one of these teams.")]
TagValues = Annotated[
    dict[TagText, Annotated[list[TagText], Meta(min_length=1, max_length=20)]],
    Meta(max_length=20, description="Of each tag, one of the values: it sees what has them all."),
]


class CreateKey(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key to make. An AWS key without an account signs for the server's own.

    It is bound to the account, teams and tags that are given, and to those that its maker is bound to. One of a service
    account takes its role and bindings from there, then and later, and has none of its own.
    """

    name: Annotated[str, Meta(max_length=100, pattern=KEY_NAME_PATTERN)]
    kind: KeyKind = "aws"
    role: RoleName = "write"
    account: Annotated[str, Meta(pattern="^[0-9]{12}$")] | None = None
    teams: Teams = []
    tags: TagValues = {}
    expires_ms: Millis | None = None
    service_account: Annotated[str, Meta(max_length=100)] | None = None


class RotateKey(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old key goes on working: at most 90 days."""

    overlap_s: Annotated[int, Meta(ge=0, le=90 * 86_400)] = 86_400


class NewKey(Struct, frozen=True):
    """A key just made. `secret` is shown this once: the secret access key, or the token."""

    id: str
    kind: KeyKind
    name: str
    role: RoleName
    account: str | None
    created_ms: Millis
    secret: str
    teams: list[str] = []
    tags: dict[str, list[str]] = {}
    expires_ms: Millis | None = None
    service_account: str | None = None


class Setting(Struct, frozen=True):
    """One setting; secrets are masked."""

    name: str
    value: str
    default: str
    help: str
    source: str


class SettingList(Struct, frozen=True):
    """Every setting of the running server."""

    settings: list[Setting]


class Source(Struct, frozen=True):
    """Who sends what: one client of one door."""

    id: str
    door: str
    name: str
    account: str
    region: str
    first_seen_ms: Millis
    last_seen_ms: Millis
    rows: int
    bytes: int
    rejected: int
    rows_per_s: Annotated[float, Meta(description="Rows a second over the last minute.")] = 0.0


class Rejection(Struct, frozen=True):
    """Rows that were refused, why, and one example."""

    source: str
    at_ms: Millis
    reason: str
    example: str
    rows: int


class SourceList(Struct, frozen=True):
    """What arrives, and the last rejections."""

    sources: list[Source]
    rejections: list[Rejection]


class Host(Struct, frozen=True):
    """A machine that reports. Shares are 0 to 1, rates bytes per second, sizes bytes; null where it does not say."""

    name: str
    up: Annotated[bool, Meta(description="Whether it reported lately.")]
    last_seen_ms: Millis
    first_seen_ms: Millis
    cpu: float | None = None
    memory: float | None = None
    memory_bytes: float | None = None
    disk: Annotated[float | None, Meta(description="The fullest filesystem's used share.")] = None
    disk_mount: str = ""
    receive: float | None = None
    transmit: float | None = None
    read: float | None = None
    write: float | None = None
    load: float | None = None
    cpus: float | None = None
    uptime_s: float | None = None
    processes: float | None = None


class HostList(Struct, frozen=True):
    """Every host seen in the last week, by name."""

    hosts: list[Host]


LevelName = Literal["service", "team", "fleet"]
AreaName = Literal["utilisation", "throughput", "latency", "availability", "scalability"]


class KpiInput(Struct, frozen=True):
    """What a KPI was made from: a metric or evidence, how many series (0 where that does not apply), and its share."""

    source: str
    series: int
    share: float | None


class Kpi(Struct, frozen=True):
    """A KPI: `value` in its formula's unit, or null with the reason; 95 % bounds where it was fitted.

    `coverage` is the share of what should have been seen that was seen, null where that cannot be told.
    """

    id: str
    value: float | None
    reason: str
    coverage: float | None
    inputs: list[KpiInput]
    low: float | None
    high: float | None


class KpiGroup(Struct, frozen=True):
    """The KPIs of one service, team or fleet, one of each formula."""

    group: str
    kpis: list[Kpi]


class KpiFormula(Struct, frozen=True):
    """How a KPI is computed. `better` is 1 where more is better, -1 where less is, 0 where neither."""

    id: str
    area: AreaName
    label: str
    unit: str
    formula: str
    better: Literal[-1, 0, 1]


class KpiReport(Struct, frozen=True):
    """The KPIs of every group over `[start_ms, end_ms)`, and the formulas that they follow."""

    level: LevelName
    by: str
    start_ms: Millis
    end_ms: Millis
    step_s: int
    groups: list[KpiGroup]
    formulas: list[KpiFormula]


class Reset(Struct, frozen=True):
    """Everything was wiped."""

    reset: Literal[True]
