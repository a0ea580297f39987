"""Words of serverless functions: single invocations, and what those of a function add up to in a range."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

ARM, X86 = "arm64", "x86_64"


class Status(StrEnum):
    """How an invocation ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"


class Invocation(Struct, frozen=True):
    """One try of one request. Times are ms, `[start_ms, end_ms)` with the initialisation; None is what nobody told.

    `source` says who told: `report` (the platform), `insights` (Lambda Insights) or `otlp` (faas attributes).
    """

    account: str
    region: str
    function: str
    version: str
    request: str
    status: Status
    problem: str
    cold: bool
    start_ms: int
    end_ms: int
    duration_ms: float | None
    billed_ms: int | None
    memory_mb: int | None
    used_mb: float | None
    init_ms: float | None
    trace: str
    group: int
    log_group: str
    stream: str
    source: str
    cost: Decimal | None = None


class Cost(Struct, frozen=True):
    """What invocations cost at list prices, in `currency`; None where memory or billed time is not known.

    `assumed` says in words what was taken for granted ("x86_64", "the price of us-east-1"); `unbilled` invocations are
    not in it.
    """

    amount: Decimal | None
    currency: str
    gb_seconds: Decimal
    unbilled: int
    assumed: tuple[str, ...] = ()


class FunctionUse(Struct, frozen=True):
    """The invocations of a function in a range, of one `version` or of all (""). Durations are ms.

    `counts` are invocations in equal parts of the range; `concurrency` the most that ran at one time; `throttles` those
    that were turned away, where the platform's metric tells.
    """

    account: str
    region: str
    function: str
    version: str
    invocations: int
    errors: int
    timeouts: int
    colds: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    init_p50_ms: float | None
    init_p95_ms: float | None
    init_most_ms: float | None
    memory_mb: int | None
    used_mb: float | None
    used_p99_mb: float | None
    billed_ms: int
    architecture: str
    group: int
    log_group: str
    last_ms: int
    counts: tuple[int, ...]
    concurrency: int
    throttles: int | None
    cost: Cost

    @property
    def failed_share(self) -> float:
        """The share that ended in an error or a time-out."""
        return (self.errors + self.timeouts) / self.invocations if self.invocations else 0.0

    @property
    def cold_share(self) -> float:
        """The share that had to wait for a sandbox to be made."""
        return self.colds / self.invocations if self.invocations else 0.0

    @property
    def headroom(self) -> float | None:
        """The share of its memory that no invocation used."""
        if not self.memory_mb or self.used_mb is None:
            return None
        return max(1.0 - self.used_mb / self.memory_mb, 0.0)


class Bucket(Struct, frozen=True):
    """Invocations whose duration was in `[from_ms, to_ms)`; `colds` of them were cold."""

    from_ms: float
    to_ms: float
    invocations: int
    colds: int


class Course(Struct, frozen=True):
    """A function over a range: durations, and invocations, failures and cold starts in equal parts of it."""

    buckets: tuple[Bucket, ...]
    invocations: tuple[int, ...]
    failed: tuple[int, ...]
    colds: tuple[int, ...]
