"""A decoded ExportMetricsServiceRequest, the same whether it came as protobuf or as JSON.

Source: OpenTelemetry, "Metrics Data Model" and opentelemetry-proto 1.x, metrics.proto. Numbers are columns, because
nearly all points are numbers; histograms and summaries are objects. Names and attributes are decoded on demand: of a
series that was met before, none are.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

NAN = float("nan")


class Shape(IntEnum):
    """The data of a metric, by its field number in `Metric`."""

    NOTHING = 0
    GAUGE = 5
    SUM = 7
    HISTOGRAM = 9
    EXPONENTIAL = 10
    SUMMARY = 11


class Temporality(IntEnum):
    """What a sum or histogram counts from."""

    UNSPECIFIED = 0
    DELTA = 1
    CUMULATIVE = 2


NO_VALUE, NO_RECORDED_VALUE, INTEGER = 1, 2, 4
"""Bits of `Numbers.states`: no value was sent; the flag that there is none for this time; the value is an int64."""

NO_RECORDED_FLAG = 1
"""DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK."""


class Metrics(Struct, frozen=True):
    """The metrics of a request, as columns: the number of their resource, Shape, Temporality, and whether monotonic."""

    resource: npt.NDArray[np.int64]
    shape: npt.NDArray[np.int64]
    temporality: npt.NDArray[np.int64]
    monotonic: npt.NDArray[np.int64]


class Numbers(Struct, frozen=True):
    """The points of gauges and sums, as columns.

    `metric` is the number of the metric; `keys` are 128-bit digests of everything that names the series (rows of two
    uint64); `cacheable` whether the digest covers that and nothing else; `times` are ns since the epoch.
    """

    metric: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    cacheable: npt.NDArray[np.bool_]
    times: npt.NDArray[np.uint64]
    values: npt.NDArray[np.float64]
    states: npt.NDArray[np.int64]


class Distribution(Struct, frozen=True):
    """A point of a histogram, exponential histogram or summary; times in ns, NaN where a number was not sent.

    `key` names the series within its metric's head (bytes as sent); `attributes` decodes them.
    """

    metric: int
    key: bytes
    attributes: Callable[[], dict[str, str]]
    start: int = 0
    time: int = 0
    flags: int = 0
    count: int = 0
    sum: float = NAN
    minimum: float = NAN
    maximum: float = NAN
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    scale: int = 0
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive_offset: int = 0
    positive: tuple[int, ...] = ()
    negative_offset: int = 0
    negative: tuple[int, ...] = ()
    quantiles: tuple[tuple[float, float], ...] = ()


class Request(Protocol):
    """What both decoders give. The methods raise InvalidInput for text that cannot be read."""

    metrics: Metrics
    numbers: Numbers
    distributions: Sequence[Distribution]
    kernels: ModuleType | None
    """What made the digests: None for plain Python."""
    binary: bool
    """Whether `resource_key` is protobuf or JSON."""

    def resource_key(self, resource: int) -> bytes:
        """A resource as it was sent."""
        ...

    def resource(self, resource: int) -> dict[str, str]:
        """The attributes of a resource."""
        ...

    def head(self, metric: int) -> tuple[str, str]:
        """Name and unit of a metric."""
        ...

    def attributes(self, number: int) -> dict[str, str]:
        """The attributes of a number."""
        ...

    def starts(self) -> Sequence[int]:
        """When each number began to count, in ns; 0 where it does not say."""
        ...
