"""What travels over `/rest/v1/serverless/…`. Amounts are decimal text; null is what nobody told."""

from typing import Literal

from msgspec import Struct

from trimtab.client.wire import Millis

StatusName = Literal["ok", "error", "timeout"]
OrderName = Literal["newest", "slowest", "memory", "init"]
OnlyName = Literal["", "ok", "error", "timeout", "cold"]
SourceName = Literal["report", "insights", "otlp"]


class Function(Struct, frozen=True):
    """The invocations of a function in the range, of one `version` or of all ("").

    Durations are milliseconds; `cold_share` and `headroom` go from 0 to 1. `concurrency` is the most that ran at one
    time. `cost` is at list prices, of all but the `unbilled` invocations, and takes `assumed` for granted. `counts` are
    invocations in equal parts of the range.
    """

    account: str
    region: str
    function: str
    version: str
    invocations: int
    errors: int
    timeouts: int
    throttles: int | None
    cold_starts: int
    cold_share: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    init_p50_ms: float | None
    init_p95_ms: float | None
    memory_mb: int | None
    used_mb: float | None
    headroom: float | None
    billed_ms: int
    gb_seconds: str
    concurrency: int
    architecture: str
    cost: str | None
    currency: str
    unbilled: int
    assumed: list[str]
    log_group: str
    last_ms: Millis
    counts: list[int]


class FunctionList(Struct, frozen=True):
    """Functions in `[start_ms, end_ms)`, the busiest first."""

    start_ms: Millis
    end_ms: Millis
    functions: list[Function]


class Invocation(Struct, frozen=True):
    """One try of one request, `[start_ms, end_ms)` with its initialisation. `source` is who told of it."""

    account: str
    region: str
    function: str
    version: str
    request: str
    status: StatusName
    problem: str
    cold: bool
    start_ms: Millis
    end_ms: Millis
    duration_ms: float | None
    billed_ms: int | None
    memory_mb: int | None
    used_mb: float | None
    init_ms: float | None
    cost: str | None
    trace: str
    log_group: str
    stream: str
    source: SourceName


class InvocationList(Struct, frozen=True):
    """Invocations that ended in `[start_ms, end_ms)`, in the order that was asked for."""

    start_ms: Millis
    end_ms: Millis
    invocations: list[Invocation]


class JobFamily(Struct, frozen=True):
    """Short runs of one name in a cluster that ended in the range. Lengths and waits are seconds.

    `amounts` is what they cost by currency, without `unpriced_hours` GPU-hours; `example` is the id of the longest.
    """

    account: str
    cluster: str
    scheduler: str
    name: str
    team: str
    runs: int
    failed: int
    timeouts: int
    p50_s: float
    p95_s: float
    p99_s: float
    longest_s: float
    wait_p50_s: float
    wait_p95_s: float
    concurrency: int
    gpu_hours: float
    amounts: dict[str, str]
    unpriced_hours: float
    example: str
    last_ms: Millis
    counts: list[int]


class JobFamilyList(Struct, frozen=True):
    """Families of short runs in `[start_ms, end_ms)`, those with the most runs first."""

    start_ms: Millis
    end_ms: Millis
    jobs: list[JobFamily]
