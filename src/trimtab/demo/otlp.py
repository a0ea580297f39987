"""Host metrics as OTLP protobuf requests: gauges and cumulative sums of one resource, many points a series.

Source: opentelemetry-proto, metrics.proto, resource.proto and common.proto for the field numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from trimtab.demo.noise import Floats, Times
from trimtab.demo.protobuf import field, head, message, number_field

PATH = "/v1/metrics"
HEADERS = {"Content-Type": "application/x-protobuf", "User-Agent": "trimtab-demo"}
_CUMULATIVE = 2
_GAUGE, _SUM = 5, 7  # of Metric
_NS = 1_000_000


@dataclass(frozen=True)
class Series:
    """One series: `start_ms` makes it a cumulative, monotonic sum counted since then."""

    name: str
    unit: str
    attributes: tuple[tuple[str, str], ...]
    start_ms: int | None = None

    def points(self, times: Times, values: Floats) -> bytes:
        """Its data points as fields of a Gauge or Sum."""
        prefix = b"".join(message(7, _pair(key, value)) for key, value in self.attributes)
        if self.start_ms is not None:
            prefix += b"\x11" + (self.start_ms * _NS).to_bytes(8, "little")
        opening = head(1, len(prefix) + 18) + prefix + b"\x19"
        points = np.empty(len(times), [("head", f"V{len(opening)}"), ("time", "<u8"), ("tag", "u1"), ("value", "<f8")])
        points["head"] = np.void(opening)
        points["time"] = times * _NS
        points["tag"] = 4 << 3 | 1
        points["value"] = values
        return points.tobytes()


Metric = bytes


def metric(series: Series, times: Times, values: Floats) -> Metric:
    """A Metric message with the points of one series."""
    points = series.points(times, values)
    if series.start_ms is None:
        data = field(_GAUGE, points)
    else:
        data = field(_SUM, points + number_field(2, _CUMULATIVE) + number_field(3, 1))
    return field(1, series.name) + field(3, series.unit) + data


class Resource(Struct, frozen=True):
    """A resource, encoded."""

    encoded: bytes

    def with_metrics(self, metrics: Sequence[Metric]) -> bytes:
        """A ResourceMetrics field of a request."""
        scope = message(1, (field(1, "trimtab.demo"),))
        scoped = scope + b"".join(field(2, one) for one in metrics)
        return field(1, self.encoded + field(2, scoped))


def resource(attributes: Mapping[str, str]) -> Resource:
    """The resource with these attributes."""
    pairs = b"".join(message(1, _pair(key, value)) for key, value in attributes.items())
    return Resource(field(1, pairs))


def _pair(key: str, value: str) -> tuple[bytes, bytes]:
    return field(1, key), message(2, (field(1, value),))
