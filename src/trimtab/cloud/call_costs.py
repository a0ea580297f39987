"""What calls to AWS cost, and how many there were: most are free, some are charged by what they ask for.

Prices: "Amazon CloudWatch Pricing" (GetMetricData: 0.01 USD a thousand metrics requested) and "Amazon S3 pricing"
(LIST 0.005, GET 0.0004 USD a thousand requests), us-east-1, read 2026-11-28. Describe, List and Lookup calls of the
other services are free.
"""

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

METRIC = Decimal("0.00001")
"""Dollars for each metric that GetMetricData asks for."""
_LIST, _GET = Decimal("0.000005"), Decimal("0.0000004")

Operation = tuple[str, str]
"""Service as botocore calls it, and operation."""

_ONE: Callable[[Mapping[str, Any]], int] = lambda asked: 1  # noqa: E731 - the plain case of the table below
CHARGED: Mapping[Operation, tuple[Decimal, Callable[[Mapping[str, Any]], int]]] = {
    ("cloudwatch", "GetMetricData"): (METRIC, lambda asked: len(asked.get("MetricDataQueries", ()))),
    ("s3", "ListBuckets"): (_LIST, _ONE),
    ("s3", "ListMultipartUploads"): (_LIST, _ONE),
    ("s3", "GetBucketLocation"): (_GET, _ONE),
    ("s3", "GetBucketVersioning"): (_GET, _ONE),
    ("s3", "GetBucketLifecycleConfiguration"): (_GET, _ONE),
    ("s3", "GetPublicAccessBlock"): (_GET, _ONE),
    ("s3", "GetBucketEncryption"): (_GET, _ONE),
    ("s3", "GetBucketLogging"): (_GET, _ONE),
    ("s3", "GetBucketTagging"): (_GET, _ONE),
}
"""A price, and how many times it is charged for a call with these parameters."""


def cost(service: str, operation: str, asked: Mapping[str, Any]) -> Decimal:
    """Dollars for a call."""
    price, units = CHARGED.get((service, operation), (Decimal(0), _ONE))
    return price * units(asked)


class Count(Struct):
    """Calls of an operation: all that were sent, those that failed, those that AWS throttled, and dollars."""

    calls: int = 0
    failed: int = 0
    throttled: int = 0
    cost: Decimal = Decimal(0)


class Meter:
    """Counts calls by operation; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Operation, Count] = {}

    def add(self, service: str, operation: str, *, dollars: Decimal = Decimal(0), sent: int = 0) -> None:
        """Count a call that is made (`dollars`) or a request that is sent."""
        with self._lock:
            count = self._counts.setdefault((service, operation), Count())
            count.calls += sent
            count.cost += dollars

    def went_wrong(self, service: str, operation: str, *, throttled: bool) -> None:
        """Count an answer that was an error."""
        with self._lock:
            count = self._counts.setdefault((service, operation), Count())
            count.failed += not throttled
            count.throttled += throttled

    def take(self) -> dict[Operation, Count]:
        """What was counted since the last time."""
        with self._lock:
            found, self._counts = self._counts, {}
        return found
