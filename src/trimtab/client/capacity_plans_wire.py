"""What `/rest/v1/capacity-plans` takes and answers. Money is in US dollars, as text; shares are 0 to 1."""

from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.client.scaling_wire import DemandMetric, Share

Factor = Annotated[float, Meta(gt=0, le=1000)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]


class PlanCapacity(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A service that was measured by load tests, its objective, and what is supposed.

    `prices` multiply the price of a type, or of all by `*`; `traffic` the demand. `slo_ms` null takes the objective of
    the newest load test, `metric` null the service's own counters of requests.
    """

    service: Name
    slo_ms: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    percentile: Annotated[str, Meta(pattern=r"^(p\d{2}(\.\d)?|mean)$")] = "p99"
    allowed: Share = 0.01
    days: Annotated[int, Meta(ge=1, le=31)] = 7
    traffic: Factor = 1.0
    prices: dict[Name, Factor] = {}
    zones: Annotated[int, Meta(ge=1, le=10)] = 3
    zone_fails: bool = False
    launch_s: Annotated[float, Meta(ge=0, le=86_340)] = 300.0
    spot: bool = True
    interruptions: Annotated[float, Meta(ge=0, le=3600)] = 0.02
    years: Annotated[list[Annotated[int, Meta(ge=1, le=3)]], Meta(max_length=2)] = field(default_factory=lambda: [1])
    metric: DemandMetric | None = None


class PlannedChoice(Struct, frozen=True, kw_only=True):
    """A way to run and pay for the service. `latency_ms` is at its mean load, null beyond what was measured."""

    type: str
    policy: str
    purchase: str
    monthly: str
    least: str
    most: str
    risk: float
    zone_risk: float
    spare_risk: float
    mean_replicas: float
    peak: int
    committed: int
    spot_share: float
    capacity: float
    latency_ms: float | None
    on_front: bool
    within: bool
    why: str


class MeasuredType(Struct, frozen=True, kw_only=True):
    """A type that was measured: what one replica bears within the objective (null: it does not meet it)."""

    type: str
    capacity: float | None
    per_hour: str
    per_million: str | None
    why: str


class TrafficOutlook(Struct, frozen=True, kw_only=True):
    """The coming month's traffic as multiples of what was: 10, 50 and 90 %."""

    low: float
    middle: float
    high: float
    why: str


class CapacityPlan(Struct, frozen=True, kw_only=True):
    """The plan: choices cheapest first, of which those `on_front` are beaten by none in both cost and risk."""

    service: str
    start_ms: int
    slo_ms: float
    covered: float
    peak: float
    outlook: TrafficOutlook
    measured: list[MeasuredType]
    considered: int
    best: PlannedChoice | None
    choices: list[PlannedChoice]
    words: list[str]


class MeasuredServices(Struct, frozen=True, kw_only=True):
    """The services that have a load test on a priced type."""

    services: list[str]
