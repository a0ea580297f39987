"""How fast AWS is asked: a token bucket for each account, region and service, well below what AWS itself allows.

An account's own programs call the same services and share its limits, so a reader takes a fraction of them.
"""

import threading
from collections.abc import Callable, Mapping

from msgspec import Struct

from trimtab.base.clock import Clock

Key = tuple[str, str, str]
"""Account, region, service."""


class Limit(Struct, frozen=True):
    """`per_s` calls a second on the average, `burst` of them at once."""

    per_s: float
    burst: int = 5


EVERY = Limit(5.0)
LIMITS: Mapping[str, Limit] = {
    "ec2": Limit(10.0, 20),  # AWS: buckets of 50 to 100, refilled with 10 to 20 a second, for calls without filters
    "elb": Limit(5.0),
    "elbv2": Limit(5.0),  # AWS: 10 a second
    "autoscaling": Limit(5.0),
    "rds": Limit(5.0),
    "lambda": Limit(10.0),  # AWS: 15 a second for control calls
    "sagemaker": Limit(4.0),  # AWS: 10 a second for Describe
    "s3": Limit(20.0, 20),
    "cloudwatch": Limit(8.0, 10),  # AWS: 50 a second for GetMetricData, 9 for DescribeAlarms
    "cloudtrail": Limit(1.5, 2),  # AWS: 2 a second for LookupEvents
    "savingsplans": Limit(1.0, 2),
    "service-quotas": Limit(2.0, 5),
    "iam": Limit(5.0),
    "sts": Limit(5.0),
}
"""By botocore's name of the service. Sources: the "API throttling" and "quotas" pages of each service, 2026."""


class Pace:
    """Buckets, shared by threads. `wait` sleeps some seconds."""

    def __init__(self, clock: Clock, wait: Callable[[float], object], limits: Mapping[str, Limit] = LIMITS) -> None:
        self._clock = clock
        self._wait = wait
        self._limits = limits
        self._lock = threading.Lock()
        self._buckets: dict[Key, tuple[float, float]] = {}  # tokens, and when there were so many
        self.waited_s = 0.0
        """Seconds that calls waited, all together."""

    def take(self, account: str, region: str, service: str) -> float:
        """Wait until one more call may be made; how many seconds that took."""
        key, limit = (account, region, service), self._limits.get(service, EVERY)
        with self._lock:
            now = self._clock.monotonic()
            tokens, at = self._buckets.get(key, (float(limit.burst), now))
            tokens = min(float(limit.burst), tokens + (now - at) * limit.per_s) - 1
            self._buckets[key] = tokens, now
            pause = max(0.0, -tokens / limit.per_s)  # those in front have their turn before
            self.waited_s += pause
        if pause:
            self._wait(pause)
        return pause
