"""OTLP metrics as JSON: protobuf's JSON mapping with OTLP's exceptions (opentelemetry.io, "OTLP/HTTP, JSON Protobuf
Encoding"): lowerCamelCase names, enums as integers, 64-bit integers as text or numbers, unknown fields ignored.
"""

from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from trimtab.base.errors import InvalidInput
from trimtab.doors.otlp.json_messages import (
    NO_ATTRIBUTES,
    AnyValue,
    Buckets,
    ExponentialPoint,
    Export,
    Gauge,
    HistogramPoint,
    KeyValue,
    Metric,
    NumberPoint,
    Sum,
    SummaryPoint,
)
from trimtab.doors.otlp.request import (
    INTEGER,
    NAN,
    NO_RECORDED_FLAG,
    NO_RECORDED_VALUE,
    NO_VALUE,
    Distribution,
    Metrics,
    Numbers,
    Shape,
)
from trimtab.doors.otlp.values import Value, stringify, too_many
from trimtab.doors.protobuf import wire
from trimtab.settings import MOST_LABELS

_DEPTH = 16  # as in `values`
_TEMPORALITIES = {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
}


_request = msgspec.json.Decoder(Export, strict=False)
_key_values = msgspec.json.Decoder(list[KeyValue], strict=False)


class JsonRequest:
    """A `Request` over decoded JSON."""

    binary = False

    def __init__(self, export: Export) -> None:
        self._resources = [
            bytes(item.resource.attributes if item.resource else NO_ATTRIBUTES) for item in export.resource_metrics
        ]
        self.kernels: ModuleType | None = None
        self._heads: list[tuple[str, str]] = []
        self._points: list[NumberPoint] = []
        self._of_metric: list[int] = []
        self._columns: list[tuple[int, int, int, int]] = []
        self._keys: list[bytes] = []
        self.distributions: Sequence[Distribution] = []
        distributions: list[Distribution] = []
        for number, item in enumerate(export.resource_metrics):
            for metric in (metric for scope in item.scope_metrics for metric in scope.metrics):
                distributions += self._add(number, metric)
        self.distributions = distributions
        self.metrics = Metrics(*np.array(self._columns, np.int64).reshape(-1, 4).T)
        self.numbers = self._numbers()

    def resource_key(self, resource: int) -> bytes:
        """See Request."""
        return self._resources[resource]

    def resource(self, resource: int) -> dict[str, str]:
        """See Request."""
        return read_attributes(self._resources[resource], MOST_LABELS)

    def head(self, metric: int) -> tuple[str, str]:
        """See Request."""
        return self._heads[metric]

    def attributes(self, number: int) -> dict[str, str]:
        """See Request."""
        return read_attributes(bytes(self._points[number].attributes), MOST_LABELS)

    def starts(self) -> Sequence[int]:
        """See Request."""
        return [_time(point.start_time_unix_nano) for point in self._points]

    def _add(self, resource: int, metric: Metric) -> list[Distribution]:
        number = len(self._heads)
        self._heads.append((metric.name, metric.unit))
        shape, data = _data(metric)
        temporality = _temporality(getattr(data, "aggregation_temporality", 0))
        monotonic = int(getattr(data, "is_monotonic", False))
        self._columns.append((resource, shape, temporality, monotonic))
        if data is None:
            return []
        if not isinstance(data, Gauge | Sum):
            return [_distribution(number, point) for point in data.data_points]
        kind = bytes((shape, temporality, monotonic))
        head = (self._resources[resource], metric.name.encode(), metric.unit.encode(), kind)
        for point in data.data_points:
            self._points.append(point)
            self._of_metric.append(number)
            self._keys.append(wire.key(*head, bytes(point.attributes)))
        return []

    def _numbers(self) -> Numbers:
        values, states = [], []
        for point in self._points:
            state = NO_RECORDED_VALUE if point.flags & NO_RECORDED_FLAG else 0
            if point.as_int is not None:
                values.append(float(point.as_int))
                state |= INTEGER
            elif point.as_double is not None:
                values.append(point.as_double)
            else:
                values.append(NAN)
                state |= NO_VALUE
            states.append(state)
        return Numbers(
            np.array(self._of_metric, np.int64),
            wire.as_keys(self._keys),
            np.ones(len(self._keys), np.bool_),
            np.array([_time(point.time_unix_nano) for point in self._points], np.uint64),
            np.array(values, np.float64),
            np.array(states, np.int64),
        )


def decode_json(body: bytes) -> JsonRequest:
    """Decode an ExportMetricsServiceRequest. Raises InvalidInput that names the field."""
    try:
        return JsonRequest(_request.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
        raise InvalidInput(f"cannot decode body: it is not an OTLP metrics request in JSON: {problem}") from None


def read_attributes(raw: bytes, most: int | None = None) -> dict[str, str]:
    """The attributes of a list of KeyValue. Raises InvalidInput, also for more than `most`."""
    try:
        items = _key_values.decode(raw)
        if most is not None and len(items) > most:
            raise InvalidInput(too_many(most))
        found = {item.key: stringify(_value(item.value, 0)) for item in items}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
        raise InvalidInput(f"cannot read attributes: {problem}") from None
    return {key: value for key, value in found.items() if value}


def text_of(value: AnyValue | None) -> str:
    """The text of a value. Raises InvalidInput."""
    return stringify(_value(value, 0))


def _value(value: AnyValue | None, depth: int) -> Value:
    if value is None:
        return None
    if depth > _DEPTH:
        raise InvalidInput("cannot read attributes: an attribute value is nested too deeply")
    if value.array_value is not None:
        return [_value(item, depth + 1) for item in value.array_value.get("values", [])]
    if value.kvlist_value is not None:
        return {item.key: _value(item.value, depth + 1) for item in value.kvlist_value.get("values", [])}
    plain = (value.string_value, value.bool_value, value.int_value, value.double_value, value.bytes_value)
    return next((item for item in plain if item is not None), None)


def _data(metric: Metric) -> tuple[Shape, Any]:
    given = [
        (shape, data)
        for shape, data in (
            (Shape.GAUGE, metric.gauge),
            (Shape.SUM, metric.sum),
            (Shape.HISTOGRAM, metric.histogram),
            (Shape.EXPONENTIAL, metric.exponential_histogram),
            (Shape.SUMMARY, metric.summary),
        )
        if data is not None
    ]
    if len(given) > 1:
        raise InvalidInput(f"cannot decode body: metric {metric.name!r} has data twice")
    return given[0] if given else (Shape.NOTHING, None)


def _temporality(value: int | str) -> int:
    if isinstance(value, str):
        return int(value) if value.isdecimal() else _TEMPORALITIES.get(value, 0)
    return value & 3


def _time(nanos: int) -> int:
    return nanos if 0 <= nanos < 2**64 else 0


def _number_or_nan(value: float | None) -> float:
    return NAN if value is None else value


def _distribution(metric: int, point: HistogramPoint | ExponentialPoint | SummaryPoint) -> Distribution:
    raw = bytes(point.attributes)
    common: dict[str, Any] = {
        "metric": metric,
        "key": raw,
        "attributes": partial(read_attributes, raw, MOST_LABELS),
        "start": _time(point.start_time_unix_nano),
        "time": _time(point.time_unix_nano),
        "flags": point.flags,
        "count": point.count,
        "sum": _number_or_nan(point.sum),
    }
    if isinstance(point, SummaryPoint):
        return Distribution(**common, quantiles=tuple((item.quantile, item.value) for item in point.quantile_values))
    common |= {"minimum": _number_or_nan(point.min), "maximum": _number_or_nan(point.max)}
    if isinstance(point, HistogramPoint):
        return Distribution(**common, bounds=tuple(point.explicit_bounds), counts=tuple(point.bucket_counts))
    positive, negative = point.positive or Buckets(), point.negative or Buckets()
    return Distribution(
        **common,
        scale=point.scale,
        zero_count=point.zero_count,
        zero_threshold=point.zero_threshold,
        positive_offset=positive.offset,
        positive=tuple(positive.bucket_counts),
        negative_offset=negative.offset,
        negative=tuple(negative.bucket_counts),
    )
