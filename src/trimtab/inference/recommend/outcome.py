"""A test as a recommendation: what it costs, how much it bears, how fast it is there; and the scaling that follows."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.inference.cost import Price
from trimtab.inference.recommend.candidates import Candidate
from trimtab.inference.result import LoadTest
from trimtab.inference.traffic import Stop, Window, chosen

TARGET_CPU = 50  # percent of each core, GetScalingConfigurationRecommendation's own default
_SAFETY = 0.5  # of the most requests, where no CPU was measured: the service's sizing rule
_COOLDOWN_S = 300


class Recommendation(Struct, frozen=True):
    """What is known of a candidate. Invocations are per minute, latency ms; None is not known."""

    id: str
    instance_type: str
    max_invocations: float
    latency_ms: float
    cost_per_hour: Decimal | None
    cost_per_inference: Decimal | None
    cpu_percent: float | None
    memory_percent: float | None
    setup_s: float | None
    endpoint: str = ""
    variant: str = ""
    environment: Mapping[str, str] | None = None
    on_front: bool = True
    started_ms: int = 0
    ended_ms: int = 0

    def state(self) -> dict[str, Any]:
        """As it is kept with its job."""
        kept = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in kept.items()}


def recommendation(id_: str, candidate: Candidate, test: LoadTest, stop: Stop, price: Price | None) -> Recommendation:
    """What a test says of a candidate. Raises InvalidInput for a test without an answer."""
    most, latency = _best(test, stop)
    busiest = test.levels[-1].utilisation if test.levels else {}
    return Recommendation(
        id=id_,
        instance_type=candidate.instance_type,
        max_invocations=most,
        latency_ms=latency,
        cost_per_hour=price.per_hour if price else None,
        cost_per_inference=price.per_inference(most / 60) if price else None,
        cpu_percent=busiest.get("process_cpu"),  # of the server's own process: the machine's says nothing of it
        memory_percent=busiest.get("process_memory"),
        setup_s=test.setup_s or None,
        endpoint=candidate.endpoint,
        variant=candidate.variant,
        environment=dict(candidate.environment),
        started_ms=test.started_ms,
        ended_ms=test.started_ms + round(test.seconds * 1000),
    )


def _best(test: LoadTest, stop: Stop) -> tuple[float, float]:
    """(invocations a minute, mean latency in ms): where they level out, or the capacity of a search."""
    if test.windows:
        windows = [
            Window(one.users, one.per_min, one.p95_ms, one.p99_ms, one.mean_ms, one.errors) for one in test.windows
        ]
        found = chosen([one for one in windows if one.errors < 0.05], stop)
        if found is None:
            raise InvalidInput("no load met the latency threshold without errors")
        return found.per_min, found.mean_ms
    if test.capacity is None:
        raise InvalidInput(f"the test found no capacity: {test.ended or 'it held one load'}")
    capacity = test.capacity.value
    near = min(test.levels, key=lambda one: abs(one.rate - capacity))
    return 60 * capacity, near.latency_ms["mean"].value


def front(found: Sequence[Recommendation]) -> list[Recommendation]:
    """All, the cheapest an inference first, marked whether another is both faster and cheaper (the Pareto front)."""
    marked = [_marked(one, not any(_beats(other, one) for other in found)) for one in found]
    return sorted(marked, key=lambda one: (one.cost_per_inference is None, one.cost_per_inference or 0, one.latency_ms))


def _beats(one: Recommendation, other: Recommendation) -> bool:
    if one.cost_per_inference is None or other.cost_per_inference is None:
        return False
    as_good = one.cost_per_inference <= other.cost_per_inference and one.latency_ms <= other.latency_ms
    return as_good and (one.cost_per_inference < other.cost_per_inference or one.latency_ms < other.latency_ms)


def _marked(one: Recommendation, on_front: bool) -> Recommendation:
    return Recommendation(**{**{name: getattr(one, name) for name in one.__struct_fields__}, "on_front": on_front})


class Scaling(Struct, frozen=True):
    """How a fleet of one type scales: invocations a minute of each instance, and how many instances."""

    per_instance: int
    least: int
    most: int
    cooldown_s: int = _COOLDOWN_S


def scaling(
    max_invocations: float, cpu_percent: float | None, target_cpu: int, least_per_min: float, most_per_min: float
) -> Scaling:
    """The scaling that keeps each instance at `target_cpu` percent, or at half its most where no CPU was measured."""
    share = min(1.0, target_cpu / cpu_percent) if cpu_percent and cpu_percent > target_cpu else None
    if share is None:
        share = _SAFETY if not cpu_percent else 1.0
    each = max(1, math.floor(max_invocations * share))
    low = max(1, math.ceil(least_per_min / each))
    return Scaling(each, low, max(low, math.ceil(most_per_min / each)))
