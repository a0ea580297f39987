"""What travels over `/rest/v1/traces` and `/rest/v1/service-map`. Traces begin in ms since the epoch."""

from typing import Any, Literal

from msgspec import Struct

from trimtab.client.wire import Millis


class TraceSummary(Struct, frozen=True):
    """A trace that was found. `operation` and `service` are of the span with which it began."""

    trace_id: str
    start_ms: Millis
    duration_ms: float
    service: str
    operation: str
    spans: int
    services: list[str]
    failed: bool


class TraceList(Struct, frozen=True):
    """Traces, the newest first; `next` continues the list where it is not null."""

    traces: list[TraceSummary]
    next: str | None = None


class Phase(Struct, frozen=True):
    """A phase of a model server: queue, batch, prefill or decode."""

    name: str
    ms: float


class ModelCall(Struct, frozen=True):
    """What a span says of a call of a model; what it does not say is "" or null."""

    model: str
    version: str
    provider: str
    operation: str
    gpu: str
    input_tokens: int | None
    output_tokens: int | None
    batch: int | None
    first_token_ms: float | None
    tokens_per_s: float | None
    phases: list[Phase]


class TraceSpan(Struct, frozen=True):
    """A row of the waterfall. `parent` is the place of its parent in the list. Times from the trace's start.

    `own_ms` is outside all of its children; `path_ms` is what of it lies on the critical path (null: not on it).
    """

    span_id: str
    parent_id: str
    parent: int | None
    depth: int
    service: str
    operation: str
    kind: str
    start_ms: float
    duration_ms: float
    own_ms: float
    path_ms: float | None
    status: str
    failed: bool
    asynchronous: bool
    skew_ms: float
    peer: str
    attributes: dict[str, str]
    resource: dict[str, str]
    events: list[dict[str, Any]]
    call: ModelCall | None = None


class TraceDetail(Struct, frozen=True):
    """A trace, parents before children; `by_service` are ms on the critical path, which add up to `duration_ms`."""

    trace_id: str
    start_ms: Millis
    duration_ms: float
    by_service: dict[str, float]
    spans: list[TraceSpan]


class Part(Struct, frozen=True):
    """A service's operation; `side` own: its work, wire: what a call of another component waited beyond its work."""

    service: str
    operation: str
    side: Literal["own", "wire"]


class PartShare(Struct, frozen=True):
    """What a part adds to a percentile: ms, share, interval of 90 %; the same of its change against the baseline.

    `sure` is the share of bootstrap draws in which the change had its sign.
    """

    part: Part
    ms: float
    share: float
    low_ms: float
    high_ms: float
    baseline_ms: float
    change_ms: float
    change_share: float
    change_low_ms: float
    change_high_ms: float
    sure: float


class Explained(Struct, frozen=True):
    """A quantile: its value, and the mean of the traces around it, which the parts add up to."""

    quantile: float
    value_ms: float
    mean_ms: float
    traces: int
    baseline_value_ms: float | None
    baseline_mean_ms: float | None
    parts: list[PartShare]


class Looked(Struct, frozen=True):
    """A population: traces that matched, and how many of them were drawn and looked at."""

    start_ms: Millis
    end_ms: Millis
    filter: str
    found: int
    traces: int


class Bottlenecks(Struct, frozen=True):
    """What explains the quantiles of a population, against a baseline where one was named."""

    population: Looked
    baseline: Looked | None
    explained: list[Explained]


class PartChange(Struct, frozen=True):
    """A part's mean ms a trace in both populations, its share of the whole difference, and the chance."""

    part: Part
    ms: float
    other_ms: float
    change_ms: float
    share: float
    q: float


class Feature(Struct, frozen=True):
    """What tells the populations apart: an attribute's value, an operation, or a failure of one.

    `lift` is the ratio of the shares of traces that have it; `q` the chance after the guard against many tests.
    """

    kind: Literal["attribute", "operation", "failure"]
    name: str
    value: str
    share: float
    other_share: float
    lift: float
    bits: float
    q: float


class NumberChange(Struct, frozen=True):
    """An attribute with numbers whose medians differ."""

    name: str
    median: float
    other_median: float
    q: float


class Comparison(Struct, frozen=True):
    """A population against another one."""

    population: Looked
    other: Looked
    mean_ms: float
    other_mean_ms: float
    failed: float
    other_failed: float
    parts: list[PartChange]
    features: list[Feature]
    numbers: list[NumberChange]
    looked_at: int
    explained: list[Explained]


class Evidence(Struct, frozen=True):
    """A deviation: of what, from what to what, and how strong in octaves (doublings)."""

    kind: Literal["edge", "operation", "errors", "calls", "path", "silence", "metric", "share", "log"]
    subject: str
    component: str
    peer: str
    normal: float
    now: float
    octaves: float
    unit: str


class Suspect(Struct, frozen=True):
    """A component with its score (doublings; of a symptom, per cent of it) and the strongest evidence."""

    component: str
    score: float
    evidence: list[Evidence]


class RootCauses(Struct, frozen=True):
    """Suspects of a window against a normal one, the most suspect first."""

    start_ms: Millis
    end_ms: Millis
    normal_start_ms: Millis
    normal_end_ms: Millis
    traces: int
    normal_traces: int
    series: int
    lines: int
    suspects: list[Suspect]


class Traffic(Struct, frozen=True):
    """Requests (estimated from the traces looked at), the share that failed, and percentiles of their duration.

    `histogram` counts them in octaves: the first up to 0.25 ms, each further one up to twice as much.
    """

    requests: float
    failed: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    histogram: list[float]


class MapNode(Struct, frozen=True):
    """A component; `inferred`: it sends no spans. `own_ms` is its mean time a trace on the critical path."""

    name: str
    inferred: bool
    entry: bool
    own_ms: float
    traffic: Traffic
    before: Traffic | None = None


class MapEdge(Struct, frozen=True):
    """Calls of one component by another; `wire_ms` is the median wait beyond the callee's own span."""

    caller: str
    callee: str
    wire_ms: float
    traffic: Traffic
    before: Traffic | None = None


class ServiceMap(Struct, frozen=True):
    """The service map of a population."""

    population: Looked
    nodes: list[MapNode]
    edges: list[MapEdge]
