"""What travels over `/rest/v1/sizing`, `/rest/v1/endpoint-policies` and `/rest/v1/load-test-orders`."""

from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.inference.result import Interval, Short

Positive = Annotated[float, Meta(gt=0, le=1e9)]


class Sizing(Struct, frozen=True):
    """A type × count × target. Money is decimal text; null where the type has no list price."""

    test_id: str
    name: str
    instance_type: str
    parameters: dict[str, str]
    capacity: Interval
    latency_ms: float | None
    count: int
    target_per_min: float
    cost_per_hour: str | None
    fleet_per_hour: str | None
    currency: str
    basis: str
    per_1k: str | None
    per_1m_tokens: str | None
    setup_s: float
    busy: dict[str, float]
    joules: float | None
    bottleneck: str
    spot: str
    batch: str
    estimate: str
    on_front: bool


class Sizings(Struct, frozen=True):
    """Sizings, the cheapest a thousand requests first."""

    sizings: list[Sizing]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """How an endpoint is to be run. `target_per_min` is SageMakerVariantInvocationsPerInstance."""

    instance_type: Annotated[str, Meta(min_length=1, max_length=64)]
    count: Annotated[int, Meta(ge=1, le=100_000)]
    target_per_min: Positive
    test_id: Annotated[str, Meta(max_length=36)] = ""
    parameters: dict[Short, Short] = field(default_factory=dict)


class ChosenPolicy(Struct, frozen=True):
    """A policy with its endpoint, and who chose it when; `targets` are the scaling targets that it was handed to."""

    account: str
    endpoint: str
    policy: Policy
    made_ms: int
    made_by: str
    targets: list[str] = field(default_factory=list)


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """An endpoint and the policy that it is to have."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=256)]
    policy: Policy


class Policies(Struct, frozen=True):
    """The policies that were chosen, by endpoint."""

    policies: list[ChosenPolicy]


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """A load test of a registered endpoint: its capacity under an objective."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=63)]
    slo_ms: Annotated[float, Meta(gt=0, le=3_600_000)]
    slo_share: Annotated[float, Meta(ge=0.5, lt=1)] = 0.99
    seconds: Annotated[float, Meta(ge=5, le=3600)] = 120.0
    variant: Annotated[str, Meta(max_length=63)] = ""


class Order(Struct, frozen=True):
    """A test that was asked for: waiting, running, ended (with `test_id`), failed (with `problem`), stopped."""

    id: str
    endpoint: str
    status: str
    slo_ms: float
    slo_share: float
    seconds: float
    problem: str
    test_id: str
    asked_ms: int
    asked_by: str


class Orders(Struct, frozen=True):
    """The tests that were asked for, the newest first."""

    orders: list[Order]


class Deleted(Struct, frozen=True):
    """The endpoint whose policy is gone."""

    endpoint: str
