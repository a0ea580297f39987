"""What `/rest/v1/simulations` and `/rest/v1/provisioned-concurrency` take and answer."""

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Positive = Annotated[float, Meta(gt=0, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Dollars = Annotated[str, Meta(pattern=r"^\d{1,12}(\.\d{1,12})?$")]


class DemandMetric(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A metric of the store whose values are the demand. `per_period` says that they are counts, not rates."""

    namespace: str
    name: str
    dimensions: dict[str, str] = {}
    statistic: str = "Sum"
    start: str = "-14d"
    end: str = "now"
    per_period: bool = True


class SimulatedPolicy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy to simulate. What its kind does not use is ignored."""

    kind: Annotated[str, Meta(max_length=40)] = "portfolio"
    target: Annotated[float, Meta(gt=0, le=1000)] | None = None
    allowed: Share = 0.01
    level: Share = 0.99
    replicas: Count | None = None
    headroom: Annotated[float, Meta(ge=0, le=10)] = 0.2
    drain_s: Annotated[float, Meta(gt=0, le=86_400)] = 120.0
    idle_s: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    launch_cost_s: Seconds = 0.0


class SimulatedPool(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Replicas of one kind; filled in the order given. `interruptions` an hour, for spot."""

    name: Annotated[str, Meta(max_length=100)] = "replicas"
    capacity: Positive
    price_per_hour: Dollars = "0"
    most: Count = 100_000
    interruptions: Annotated[float, Meta(ge=0, le=3600)] = 0.0


class Simulate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A simulation: demand as values a tick (requests or tokens a second), or a metric; the fleet; the policies.

    Without pools, a replica takes a thirtieth of the highest demand and costs 1 an hour.
    """

    demand: Annotated[list[Annotated[float, Meta(ge=0, le=1e15)]], Meta(max_length=600_000)] | None = None
    metric: DemandMetric | None = None
    policies: Annotated[list[SimulatedPolicy], Meta(min_length=1, max_length=12)]
    pools: Annotated[list[SimulatedPool], Meta(max_length=16)] = []
    tick_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    launch_s: Seconds = 300.0
    least: Count = 1
    most: Count = 100_000
    startup_s: Seconds = 0.0
    startup_share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    warm_prepared: Count = 0
    warm_launch_s: Seconds = 0.0
    metric_lag_s: Seconds = 0.0
    signal_cap: Positive | None = None
    queue_s: Seconds = 0.0
    slo_wait_s: Seconds = 0.0
    seed: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0
    points: Annotated[int, Meta(ge=10, le=5000)] = 500


class SimulatedMoment(Struct, frozen=True, kw_only=True):
    """A decision in words."""

    tick: int
    desired: int
    why: str


class SimulatedPromise(Struct, frozen=True, kw_only=True):
    """What was promised of a portfolio: no more than `allowed` violates, from tick `since` on (null: it is not
    promised, for `reason`). `violating` is the share that violated from there, `kept` whether that is within it."""

    allowed: float
    since: int | None
    reason: str
    words: str
    violating: float | None
    kept: bool | None


class SimulatedOutcome(Struct, frozen=True, kw_only=True):
    """A policy on the history. Shares are of the demand, 0 to 1. `promise` is there for portfolios."""

    name: str
    cost: str
    cost_vs_oracle: float
    violating: float
    lost: float
    wait_s: float
    utilisation: float
    replica_hours: dict[str, float]
    warm_hours: float
    launches: int
    stops: int
    interruptions: int
    peak: int
    ready: list[float]
    moments: list[SimulatedMoment]
    promise: SimulatedPromise | None = None


class SimulationAnswer(Struct, frozen=True, kw_only=True):
    """The policies beside the cheapest integer plan without violation. Curves have a point each `point_s` seconds."""

    ticks: int
    tick_s: float
    start_ms: int | None
    point_s: float
    capacity: float
    demand: list[float]
    needed: list[float]
    oracle_hours: float
    oracle_cost: str
    policies: list[SimulatedOutcome]


class PlanProvisioned(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Invocations (start and duration, ms) and what is wanted of them."""

    starts_ms: Annotated[list[Annotated[int, Meta(ge=0, le=4_102_444_800_000)]], Meta(min_length=1, max_length=400_000)]
    durations_ms: Annotated[list[Annotated[int, Meta(ge=0, le=900_000)]], Meta(min_length=1, max_length=400_000)]
    gigabytes: Dollars = "1"
    cold_ms: Annotated[int, Meta(ge=0, le=600_000)] = 400
    keep_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 600_000
    cold_share: Share | None = 0.01
    cold_start_cost: Dollars = "0"
    target: Annotated[float, Meta(gt=0, le=1)] = 0.7


class ProvisionedServed(Struct, frozen=True, kw_only=True):
    """The history served one way."""

    name: str
    cost: str
    cold_share: float
    held_hours: float
    highest: int


class ProvisionedLevel(Struct, frozen=True, kw_only=True):
    """What to hold in an hour, decided before it began."""

    start_ms: int
    level: int
    why: str


class ProvisionedPlan(Struct, frozen=True, kw_only=True):
    """On demand, by target tracking and by planned levels; the levels; the utilisation from which holding pays."""

    break_even: str
    invocations: int
    peak: int
    served: list[ProvisionedServed]
    levels: list[ProvisionedLevel]


class TuneMemory(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Runs of a function: the memory that each had, and how long it was billed for. Sizes slower than `most_ms` (95 %
    of their runs) are not advised; `weight` is what cost counts beside speed."""

    memory_mb: Annotated[list[Annotated[int, Meta(ge=128, le=10_240)]], Meta(min_length=1, max_length=400_000)]
    durations_ms: Annotated[list[Annotated[float, Meta(ge=0, le=900_000)]], Meta(min_length=1, max_length=400_000)]
    architecture: Annotated[str, Meta(pattern="^(x86_64|arm64)$")] = "x86_64"
    region: Annotated[str, Meta(max_length=64)] = "us-east-1"
    most_ms: Annotated[float, Meta(gt=0, le=900_000)] | None = None
    weight: Annotated[float, Meta(ge=0, le=1)] = 0.5


class MemorySize(Struct, frozen=True, kw_only=True):
    """A size: how long it takes, and dollars a million runs. `runs` 0: told by a line between those measured."""

    memory_mb: int
    runs: int
    mean_ms: float
    p95_ms: float | None
    per_million: str


class MemoryCurve(Struct, frozen=True, kw_only=True):
    """Sizes by memory, and which of the measured ones is cheapest, fastest and best by both."""

    sizes: list[MemorySize]
    cheapest_mb: int
    fastest_mb: int
    balanced_mb: int
    line_error: float | None
    words: str
