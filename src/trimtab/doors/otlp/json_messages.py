"""OTLP's metric messages as JSON: the fields that are read, of opentelemetry-proto's metrics.proto and common.proto.

Attributes stay as they were sent: of a series that was met before they are never decoded.
"""

from msgspec import Raw, Struct

NO_ATTRIBUTES = Raw(b"[]")


class Message(Struct, rename="camel"):
    """Names in JSON are lowerCamelCase."""


class NumberPoint(Message):
    """`NumberDataPoint`."""

    attributes: Raw = NO_ATTRIBUTES
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    as_double: float | None = None
    as_int: int | None = None
    flags: int = 0


class HistogramPoint(Message):
    """`HistogramDataPoint`."""

    attributes: Raw = NO_ATTRIBUTES
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    count: int = 0
    sum: float | None = None
    bucket_counts: list[int] = []
    explicit_bounds: list[float] = []
    flags: int = 0
    min: float | None = None
    max: float | None = None


class Buckets(Message):
    """`ExponentialHistogramDataPoint.Buckets`."""

    offset: int = 0
    bucket_counts: list[int] = []


class ExponentialPoint(Message):
    """`ExponentialHistogramDataPoint`."""

    attributes: Raw = NO_ATTRIBUTES
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    count: int = 0
    sum: float | None = None
    scale: int = 0
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive: Buckets | None = None
    negative: Buckets | None = None
    flags: int = 0
    min: float | None = None
    max: float | None = None


class Quantile(Message):
    """`SummaryDataPoint.ValueAtQuantile`."""

    quantile: float = 0.0
    value: float = 0.0


class SummaryPoint(Message):
    """`SummaryDataPoint`."""

    attributes: Raw = NO_ATTRIBUTES
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    count: int = 0
    sum: float = 0.0
    quantile_values: list[Quantile] = []
    flags: int = 0


class Gauge(Message):
    """`Gauge`."""

    data_points: list[NumberPoint] = []


class Sum(Message):
    """`Sum`."""

    data_points: list[NumberPoint] = []
    aggregation_temporality: int | str = 0
    is_monotonic: bool = False


class Histogram(Message):
    """`Histogram`."""

    data_points: list[HistogramPoint] = []
    aggregation_temporality: int | str = 0


class Exponential(Message):
    """`Exponential`."""

    data_points: list[ExponentialPoint] = []
    aggregation_temporality: int | str = 0


class Summary(Message):
    """`Summary`."""

    data_points: list[SummaryPoint] = []


class Metric(Message):
    """`Metric`."""

    name: str = ""
    unit: str = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: Exponential | None = None
    summary: Summary | None = None


class ScopeMetrics(Message):
    """`ScopeMetrics`."""

    metrics: list[Metric] = []


class Resource(Message):
    """`Resource`."""

    attributes: Raw = NO_ATTRIBUTES


class ResourceMetrics(Message):
    """`ResourceMetrics`."""

    resource: Resource | None = None
    scope_metrics: list[ScopeMetrics] = []


class Export(Message):
    """`ExportMetricsServiceRequest`."""

    resource_metrics: list[ResourceMetrics] = []


class AnyValue(Message):
    """`AnyValue`."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    bytes_value: str | None = None
    array_value: dict[str, list["AnyValue"]] | None = None
    kvlist_value: dict[str, list["KeyValue"]] | None = None


class KeyValue(Message):
    """`KeyValue`."""

    key: str = ""
    value: AnyValue | None = None
