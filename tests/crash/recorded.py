"""One request of each door for a metric and its values, as a client would send it."""

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import cbor2
import cramjam
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from prompb import MEDIA_V2, messages

PROM = messages()
BEGAN_MS = int(time.time() * 1000) - 3_600_000
"""Samples de-duplicate on (series, time): each value of a series has a millisecond of its own after this one."""


@dataclass(frozen=True)
class HttpDoor:
    """A door's address, and its body for a metric and its values; `pack` compresses it."""

    name: str
    path: str
    headers: dict[str, str]
    body: Callable[[str, list[int]], bytes]
    pack: Callable[[bytes], bytes] = bytes
    reads: bool = False


def data_of(name: str, values: list[int]) -> list[dict[str, Any]]:
    now = int(time.time())
    dimensions = [{"Name": "host", "Value": "a"}]
    common = {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Unit": "Count"}
    return [{**common, "Value": float(value)} for value in values[:2]] + [
        {**common, "Values": [float(value) for value in values[2:]], "Counts": [1.0] * len(values[2:])}
    ]


def put_json(name: str, values: list[int]) -> bytes:
    return json.dumps({"Namespace": "Fuzz", "MetricData": data_of(name, values)}).encode()


def put_cbor(name: str, values: list[int]) -> bytes:
    data = [{**datum, "Timestamp": cbor2.CBORTag(1, datum["Timestamp"])} for datum in data_of(name, values)]
    return cbor2.dumps({"Namespace": "Fuzz", "MetricData": data})


def put_query(name: str, values: list[int]) -> bytes:
    form: dict[str, Any] = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "Fuzz"}
    for index, value in enumerate(values, 1):
        member = f"MetricData.member.{index}"
        form |= {f"{member}.MetricName": name, f"{member}.Value": value, f"{member}.Unit": "Count"}
        form |= {f"{member}.Dimensions.member.1.Name": "host", f"{member}.Dimensions.member.1.Value": "a"}
    return urlencode(form).encode()


def get_json(name: str, _values: list[int]) -> bytes:
    now = int(time.time())
    metric = {"Namespace": "Fuzz", "MetricName": name, "Dimensions": [{"Name": "host", "Value": "a"}]}
    queries = [
        {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}},
        {"Id": "b", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "TM(10%:90%)", "Unit": "Count"}},
        {"Id": "c", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "Label": "x ${LAST}"},
    ]
    asked = {"MetricDataQueries": queries, "StartTime": now - 7200, "EndTime": now, "ScanBy": "TimestampDescending"}
    return json.dumps(asked | {"MaxDatapoints": 1000}).encode()


def otlp(name: str, values: list[int]) -> Any:
    now = time.time_ns()
    message = ExportMetricsServiceRequest()
    group = message.resource_metrics.add()
    group.resource.attributes.add(key="service.name").value.string_value = "fuzz"
    scope = group.scope_metrics.add()
    gauge = scope.metrics.add(name=name, unit="1")
    for value in values:
        point = gauge.gauge.data_points.add(time_unix_nano=(BEGAN_MS + value) * 10**6, as_double=float(value))
        point.attributes.add(key="host.name").value.string_value = "a"
    total = scope.metrics.add(name=f"{name}.total", unit="By")
    total.sum.aggregation_temporality, total.sum.is_monotonic = 2, True
    total.sum.data_points.add(start_time_unix_nano=now - 10**9, time_unix_nano=now, as_int=7)
    spread = scope.metrics.add(name=f"{name}.spread", unit="s").histogram
    spread.aggregation_temporality = 1
    spread.data_points.add(
        time_unix_nano=now, count=3, sum=4.5, bucket_counts=[1, 1, 1], explicit_bounds=[1.0, 2.0], min=0.5, max=3.0
    )
    wide = scope.metrics.add(name=f"{name}.wide", unit="s").exponential_histogram
    wide.aggregation_temporality = 1
    point = wide.data_points.add(time_unix_nano=now, count=3, sum=4.5, scale=3, zero_count=1)
    point.positive.offset = -2
    point.positive.bucket_counts.extend([1, 0, 1])
    return message


def otlp_protobuf(name: str, values: list[int]) -> bytes:
    return bytes(otlp(name, values).SerializeToString())


def otlp_json(name: str, values: list[int]) -> bytes:
    return json_format.MessageToJson(otlp(name, values), use_integers_for_enums=True).encode()


def _histogram(histogram: Any, now: int) -> None:
    histogram.count_int, histogram.sum, histogram.schema, histogram.timestamp = 3, 4.5, 3, now
    histogram.zero_threshold, histogram.zero_count_int = 0.001, 1
    histogram.positive_spans.add(offset=-2, length=2)
    histogram.positive_deltas.extend([1, 0])


def write_v1(name: str, values: list[int]) -> bytes:
    now = int(time.time() * 1000)
    request = PROM.WriteRequest()
    for metric, count in ((name, len(values)), (f"{name}_native", 0)):
        series = request.timeseries.add()
        series.labels.add(name="__name__", value=metric)
        series.labels.add(name="job", value="fuzz")
        for value in values[:count]:
            series.samples.add(value=float(value), timestamp=BEGAN_MS + value)
    _histogram(request.timeseries[1].histograms.add(), now)
    request.metadata.add(type=2, metric_family_name=name, help="of a fuzz", unit="s")
    return bytes(request.SerializeToString())


def write_v2(name: str, values: list[int]) -> bytes:
    now = int(time.time() * 1000)
    request = PROM.Request(symbols=["", "__name__", name, "job", "fuzz", f"{name}_native", "seconds"])
    series = request.timeseries.add(labels_refs=[1, 2, 3, 4])
    for value in values:
        series.samples.add(value=float(value), timestamp=BEGAN_MS + value)
    series.metadata.type, series.metadata.unit_ref = 2, 6
    native = request.timeseries.add(labels_refs=[1, 5, 3, 4])
    _histogram(native.histograms.add(), now)
    return bytes(request.SerializeToString())


def put_rest(name: str, values: list[int]) -> bytes:
    metrics: list[dict[str, Any]] = [
        {"name": name, "value": value, "unit": "Count", "dimensions": {"a": "1"}, "time": "-1m"} for value in values[:3]
    ]
    metrics.append({"name": name, "counted": [[value, 1] for value in values[3:]], "time": int(time.time() * 1000)})
    metrics.append({"name": f"{name}-set", "statistics": {"count": 2, "sum": 3, "minimum": 1, "maximum": 2}})
    return json.dumps({"namespace": "fuzz", "metrics": metrics}).encode()


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


_SERVICE = "GraniteServiceVersion20100801"
_JSON = {"Content-Type": "application/x-amz-json-1.0"}
_PUT = {"X-Amz-Target": f"{_SERVICE}.PutMetricData"}
_GET = {"X-Amz-Target": f"{_SERVICE}.GetMetricData"}
_CBOR = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SNAPPY = {"Content-Encoding": "snappy"}
_GZIP = {"Content-Encoding": "gzip"}
_PROTOBUF = {"Content-Type": "application/x-protobuf"}

HTTP_DOORS = (
    HttpDoor("put-json", "/", _JSON | _PUT, put_json),
    HttpDoor("put-query", "/", _FORM | _GZIP, put_query, gzip.compress),
    HttpDoor("put-cbor", f"/service/{_SERVICE}/operation/PutMetricData", _CBOR, put_cbor),
    HttpDoor("get-json", "/", _JSON | _GET, get_json, reads=True),
    HttpDoor("otlp-protobuf", "/v1/metrics", _PROTOBUF | _GZIP, otlp_protobuf, gzip.compress),
    HttpDoor("otlp-json", "/v1/metrics", {"Content-Type": "application/json"}, otlp_json),
    HttpDoor("write-v1", "/api/v1/write", _PROTOBUF | _SNAPPY, write_v1, snappy),
    HttpDoor("write-v2", "/api/v1/write", {"Content-Type": MEDIA_V2} | _SNAPPY, write_v2, snappy),
    HttpDoor("rest", "/rest/v1/metrics", {"Content-Type": "application/json"}, put_rest),
)


def emf_document(name: str, value: int) -> bytes:
    definition = {"Namespace": "Fuzz", "Dimensions": [["service"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    meta = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}
    return json.dumps({"_aws": meta, "service": "api", name: value}).encode()
