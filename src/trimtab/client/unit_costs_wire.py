"""What travels over `/rest/v1/unit-costs`. Amounts are decimal text, amortised; times are ms UTC; hours of GPUs."""

from msgspec import Struct

from trimtab.client.wire import Millis


class Link(Struct, frozen=True):
    """Where a number comes from: the page that shows its rows, spans or samples."""

    label: str
    href: str


class UnitPrices(Struct, frozen=True):
    """A cost and what it comes to for each unit, null where nothing of it was served.

    `assumed`: how the cost is divided between kinds of tokens rests on weights, as no traced call tells times.
    """

    cost: str
    requests: float
    input_tokens: float
    output_tokens: float
    cached_tokens: float
    per_1k_requests: str | None
    per_1m_tokens: str | None
    per_1m_input: str | None
    per_1m_output: str | None
    per_1m_cached: str | None
    assumed: bool


class PartCost(Struct, frozen=True):
    """A version or a tenant of a model ("": time that no traced call tells of). `calls` are traced ones."""

    name: str
    share: float
    calls: int
    prices: UnitPrices
    example: str


class DeployMark(Struct, frozen=True):
    """When a service got another version."""

    at_ms: Millis
    service: str
    version: str


class ModelCost(Struct, frozen=True):
    """A model in a range. `estimated` is the part of its cost that is not billed yet.

    `costs`, `per_1m_tokens`, `per_1k_requests` and `p95_ms` are by step of `step_ms` from `start_ms`, null where
    nothing is known. `latency_per_ms` is what a millisecond of p95 less costs for 1,000 requests; null with
    `latency_reason`.
    """

    model: str
    currency: str
    teams: list[str]
    services: list[str]
    gpus: float
    gpu_hours: float
    active_hours: float
    idle_cost: str
    estimated: str
    prices: UnitPrices
    start_ms: Millis
    step_ms: int
    costs: list[float | None]
    per_1m_tokens: list[float | None]
    per_1k_requests: list[float | None]
    p95_ms: list[float | None]
    latency_per_ms: float | None
    latency_reason: str
    versions: list[PartCost]
    tenants: list[PartCost]
    deploys: list[DeployMark]
    links: list[Link]


class ModelCosts(Struct, frozen=True):
    """The models of a range. The bill ends at `billed_until_ms`; `error` is the usual error of a day's estimate."""

    start_ms: Millis
    end_ms: Millis
    billed_until_ms: Millis
    error: float | None
    models: list[ModelCost]


class RunCost(Struct, frozen=True):
    """A training run within a range. `active`, `idle` and `held` (use unknown) are parts of `cost`.

    `tries`: earlier runs of the same work that came to nothing; `lost` is what they cost, by how they ended.
    """

    account: str
    cluster: str
    job: str
    name: str
    user: str
    team: str
    state: str
    outcome: str
    currency: str
    gpus: float
    gpu_hours: float
    cost: str
    active: str
    idle: str
    held: str
    estimated: str
    retried: bool
    tries: list[str]
    lost: dict[str, str]
    epochs: float | None
    per_epoch: str | None
    links: list[Link]


class RunCosts(Struct, frozen=True):
    """The runs of a range, the dearest first, and all of them by outcome and currency."""

    start_ms: Millis
    end_ms: Millis
    billed_until_ms: Millis
    error: float | None
    runs: list[RunCost]
    by_outcome: dict[str, dict[str, str]]
    more: int


class GpuHourCost(Struct, frozen=True):
    """Dollars of a GPU-hour of a team: of those it held, and of those it worked."""

    name: str
    currency: str
    cost: str
    gpu_hours: float
    active_hours: float
    per_paid: str | None
    per_used: str | None
    estimated: str


class GpuHourCosts(Struct, frozen=True):
    """By team. `total` is what the bill and the estimate say of the machines, `elsewhere` the rest of the bill."""

    start_ms: Millis
    end_ms: Millis
    billed_until_ms: Millis
    teams: list[GpuHourCost]
    total: dict[str, str]
    elsewhere: dict[str, str]
    unpriced: list[str]


class IdleCause(Struct, frozen=True):
    """A cause of idle dollars, and the rule that finds it."""

    cause: str
    currency: str
    cost: str
    gpu_hours: float
    share: float


class IdleRow(Struct, frozen=True):
    """Idle dollars of a holder by one cause, with the evidence in a sentence."""

    cause: str
    holder: str
    team: str
    gpus: float
    gpu_hours: float
    cost: str
    currency: str
    evidence: str
    links: list[Link]


class IdleCosts(Struct, frozen=True):
    """Idle dollars of a range: causes add up to `total`.

    Apart are `down`, what broken and drained GPUs cost, and `partly`, what GPUs at work lost by doing less than they
    can.
    """

    start_ms: Millis
    end_ms: Millis
    billed_until_ms: Millis
    total: dict[str, str]
    down: dict[str, str]
    unexplained_share: float | None
    causes: list[IdleCause]
    rows: list[IdleRow]
    more: int
    partly: dict[str, str]
