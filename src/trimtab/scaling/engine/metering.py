"""What the engine and the pools tell the metrics room, under `trimtab/Scaling` and `trimtab/Pools`."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.base.tags import Tags, make_tags
from trimtab.scaling.engine.model import ScalableTarget, Standing
from trimtab.scaling.targets.pool.pool import Counts, Pool

TARGETS, POOLS = "trimtab/Scaling", "trimtab/Pools"
TARGET, POOL = "Target", "Pool"
READY, DESIRED, WANTED = "ReadyReplicas", "DesiredReplicas", "WantedReplicas"
REQUESTS, FAILED, RETRIED, LATENCY = "RequestCount", "FailedCount", "RetriedCount", "Latency"
WAITING, IN_FLIGHT, WORKERS = "WaitingRequests", "InFlightRequests", "ReadyWorkers"


class Point(Struct, frozen=True):
    """A value of a series. `gauge` says that it is a state at a time; others are events that all count."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Tags
    unit: str
    time_ms: int
    value: float
    gauge: bool = False


Emit = Callable[[Sequence[Point]], Awaitable[None]]
"""Makes points durable. Raises Throttled, Unavailable."""


def look(target: ScalableTarget, standing: Standing, wanted: int, now_ms: int) -> list[Point]:
    """How a target stood and what its policies wanted."""
    where = target.key.account, target.key.region, TARGETS
    dimensions = make_tags({TARGET: target.key.label})
    values = ((READY, standing.ready), (DESIRED, standing.desired), (WANTED, wanted))
    return [Point(*where, name, dimensions, "Count", now_ms, float(value), True) for name, value in values]


def pool(place: tuple[str, str], name: str, own: Pool, now_ms: int) -> list[Point]:
    """What a pool's proxy served since it was asked last; a count of 0 is a value too."""
    counts, own.counts = own.counts, Counts()
    dimensions, where = make_tags({POOL: name}), (*place, POOLS)
    ready = own.ready()
    sums = ((REQUESTS, counts.requests), (FAILED, counts.failed), (RETRIED, counts.retried))
    gauges = (
        (WAITING, len(own.waiting)),
        (IN_FLIGHT, sum(one.serving for one in own.workers)),
        (WORKERS, len(ready)),
    )
    return [
        *(Point(*where, one, dimensions, "Count", now_ms, float(value)) for one, value in sums),
        *(Point(*where, LATENCY, dimensions, "Seconds", now_ms, value) for value in counts.latencies),
        *(Point(*where, one, dimensions, "Count", now_ms, float(value), True) for one, value in gauges),
    ]
