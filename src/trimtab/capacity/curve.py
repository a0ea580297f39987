"""A measured latency–throughput curve of one server: what a load test gives, and sizing and the simulator read.

Rates are requests per second of one replica, latencies milliseconds from the intended start of a request to its last
byte, shares 0 to 1. Points are ordered by offered rate.
"""

from bisect import bisect_left
from collections.abc import Mapping

from msgspec import Struct, field


class Interval(Struct, frozen=True):
    """A value with the bounds of its confidence (95 % where nothing else is said)."""

    value: float
    lower: float
    upper: float


class CurvePoint(Struct, frozen=True):
    """One load that was held, and what it gave.

    `offered` is the rate that was sent (closed loops: that came about), `throughput` what was answered well,
    `concurrency` the mean number in flight, `attainment` the share of requests that were answered well within the
    objective, `errors` the share that failed. `latency_ms` is keyed by percentile ("p50", "p95", "p99", "mean").
    `utilisation` is what was measured of the machine meanwhile ("cpu", "gpu", "memory", "network", …).
    """

    offered: float
    throughput: float
    concurrency: float
    latency_ms: Mapping[str, Interval]
    attainment: Interval
    errors: float = 0.0
    requests: int = 0
    seconds: float = 0.0
    utilisation: Mapping[str, float] = field(default_factory=dict)


class Curve(Struct, frozen=True):
    """The points of one server, and the highest throughput at which its objective is met (None: at none)."""

    points: tuple[CurvePoint, ...]
    capacity: Interval | None = None
    bottleneck: str = ""

    def latency_at(self, rate: float, percentile: str = "p95") -> float | None:
        """The latency in ms at an offered rate, interpolated; None beyond what was measured, and without points."""
        known = [one for one in self.points if percentile in one.latency_ms]
        if not known or rate > known[-1].offered:
            return None
        at = bisect_left([one.offered for one in known], rate)
        upper = known[at]
        if at == 0:
            return upper.latency_ms[percentile].value
        lower = known[at - 1]
        share = (rate - lower.offered) / (upper.offered - lower.offered)
        low, high = lower.latency_ms[percentile].value, upper.latency_ms[percentile].value
        return low + share * (high - low)

    def rate_at(self, latency_ms: float, percentile: str = "p95") -> float | None:
        """The highest offered rate whose latency stays within `latency_ms`, interpolated; None where none does."""
        known = [one for one in self.points if percentile in one.latency_ms]
        best: float | None = None
        for position, one in enumerate(known):
            value = one.latency_ms[percentile].value
            if value <= latency_ms:
                best = one.offered
                continue
            if best is not None and position:
                before = known[position - 1]
                low = before.latency_ms[percentile].value
                return before.offered + (latency_ms - low) / (value - low) * (one.offered - before.offered)
            break
        return best
