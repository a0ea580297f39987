"""Readings as an OTLP/JSON metrics request (OpenTelemetry protocol 1.x), gzipped.

64-bit integers travel as strings, as protobuf's JSON mapping asks; cumulative sums carry their start.
"""

import gzip
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from trimtab.agent.reading import Reading

SCOPE = "trimtab.agent"
_CUMULATIVE = 2  # AGGREGATION_TEMPORALITY_CUMULATIVE
_GZIP_LEVEL = 6  # 40 kB of JSON: 1.1 ms and 10 % of the size; level 9 costs twice the time for 2 % less
_encoder = msgspec.json.Encoder()


def encode(readings: Iterable[Reading], resource: Mapping[str, str], version: str, time_ms: int) -> bytes:
    """One gzipped ExportMetricsServiceRequest with every reading at `time_ms`."""
    scope = {"scope": {"name": SCOPE, "version": version}, "metrics": _metrics(readings, _nanos(time_ms))}
    body = {"resourceMetrics": [{"resource": {"attributes": _attributes(resource.items())}, "scopeMetrics": [scope]}]}
    return gzip.compress(_encoder.encode(body), _GZIP_LEVEL, mtime=0)


def _metrics(readings: Iterable[Reading], time: str) -> list[dict[str, Any]]:
    metrics: dict[tuple[str, str, bool], dict[str, Any]] = {}
    for reading in readings:
        kind = "sum" if reading.counter else "gauge"
        metric = metrics.get((reading.name, reading.unit, reading.counter))
        if metric is None:
            metric = {"name": reading.name, "unit": reading.unit, kind: {"dataPoints": []}}
            if reading.counter:
                metric[kind] |= {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
            metrics[reading.name, reading.unit, reading.counter] = metric
        metric[kind]["dataPoints"].append(_point(reading, time))
    return list(metrics.values())


def _point(reading: Reading, time: str) -> dict[str, Any]:
    point: dict[str, Any] = {"timeUnixNano": time}
    if reading.attributes:
        point["attributes"] = _attributes(reading.attributes)
    if reading.start_ms is not None:
        point["startTimeUnixNano"] = _nanos(reading.start_ms)
    if isinstance(reading.value, int):
        point["asInt"] = str(reading.value)
    else:
        point["asDouble"] = reading.value
    return point


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs]


def _nanos(ms: int) -> str:
    return str(ms * 1_000_000)
