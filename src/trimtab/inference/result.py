"""What a load test gives: the JSON that `trimtab loadtest run` prints, that is recorded and compared.

Rates are requests per second, latencies ms from the intended start, shares 0 to 1, utilisation percent.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

Millis = Annotated[int, Meta(ge=0, le=10**14, description="Milliseconds since the epoch, UTC.")]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Short = Annotated[str, Meta(max_length=512)]
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=10**15)]


class Interval(Struct, frozen=True, forbid_unknown_fields=True):
    """A value with its bounds (95 %). An upper bound that is not known is null."""

    value: Number
    lower: Number
    upper: Number | None


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """One load that was held."""

    rate: Number
    offered: Number
    throughput: Number
    concurrency: Number
    seconds: Number
    requests: Count
    errors: Number
    verdict: Short
    attainment: Interval
    latency_ms: dict[Short, Interval]
    utilisation: dict[Short, Number] = field(default_factory=dict)
    problems: dict[Short, Count] = field(default_factory=dict)
    tokens_per_s: Number = 0.0


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of growing traffic with one number of users."""

    users: Count
    per_min: Number
    p95_ms: Number
    p99_ms: Number
    mean_ms: Number
    errors: Number = 0.0


class Overhead(Struct, frozen=True, forbid_unknown_fields=True):
    """What the generator cost; `limited` where it may be in the figures."""

    cpu_us_per_request: Number
    core_share: Number
    lag_p99_ms: Number
    limited: bool


class LoadTest(Struct, frozen=True, forbid_unknown_fields=True):
    """A finished test. `capacity` is of searches: the highest rate that meets the objective; null where none did."""

    name: Name
    url: Annotated[str, Meta(max_length=2048)]
    protocol: Short
    traffic: Short
    started_ms: Millis
    seconds: Number
    slo_ms: Number
    slo_share: Number
    levels: Annotated[list[Level], Meta(max_length=500)]
    overhead: Overhead
    capacity: Interval | None = None
    ended: Short = ""
    bottleneck: Short = ""
    bottleneck_why: Annotated[str, Meta(max_length=1024)] = ""
    endpoint: Annotated[str, Meta(max_length=256)] = ""
    instance_type: Annotated[str, Meta(max_length=64)] = ""
    machine: Annotated[str, Meta(max_length=256)] = ""
    parameters: dict[Short, Short] = field(default_factory=dict)
    windows: Annotated[list[Window], Meta(max_length=500)] = field(default_factory=list)
    setup_s: Number = 0.0
