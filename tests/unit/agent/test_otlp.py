import gzip
import json

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from trimtab.agent import otlp
from trimtab.agent.reading import Reading

READINGS = [
    Reading(
        "system.disk.io", "By", 2**60 + 1, (("system.device", "sda"), ("disk.io.direction", "read")), start_ms=1000
    ),
    Reading("system.disk.io", "By", 5, (("system.device", "sda"), ("disk.io.direction", "write")), start_ms=1000),
    Reading("system.cpu.utilization", "1", 0.25, (("cpu.mode", "user"),)),
    Reading("system.uptime", "s", 12.5),
]


def request() -> ExportMetricsServiceRequest:
    body = otlp.encode(READINGS, {"host.name": "n1"}, "1.2", 1_764_000_000_123)
    return json_format.Parse(gzip.decompress(body), ExportMetricsServiceRequest())


def test_protobuf_reads_it_as_an_otlp_request() -> None:
    parsed = request()
    resource = parsed.resource_metrics[0]
    assert {a.key: a.value.string_value for a in resource.resource.attributes} == {"host.name": "n1"}
    assert (resource.scope_metrics[0].scope.name, resource.scope_metrics[0].scope.version) == ("trimtab.agent", "1.2")
    assert [m.name for m in resource.scope_metrics[0].metrics] == [
        "system.disk.io",
        "system.cpu.utilization",
        "system.uptime",
    ]


def test_sums_are_cumulative_monotonic_with_a_start_and_keep_every_bit() -> None:
    metric = request().resource_metrics[0].scope_metrics[0].metrics[0]
    assert metric.unit == "By"
    assert metric.sum.is_monotonic
    assert metric.sum.aggregation_temporality == 2
    points = metric.sum.data_points
    assert [point.as_int for point in points] == [2**60 + 1, 5]
    assert {point.start_time_unix_nano for point in points} == {1_000_000_000}
    assert {point.time_unix_nano for point in points} == {1_764_000_000_123_000_000}
    assert {a.key: a.value.string_value for a in points[1].attributes} == {
        "system.device": "sda",
        "disk.io.direction": "write",
    }


def test_gauges_are_doubles_without_a_start() -> None:
    metrics = request().resource_metrics[0].scope_metrics[0].metrics
    point = metrics[1].gauge.data_points[0]
    assert point.as_double == 0.25
    assert point.start_time_unix_nano == 0


def test_64_bit_integers_travel_as_strings() -> None:
    body = json.loads(gzip.decompress(otlp.encode(READINGS, {}, "1", 5)))
    point = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0]
    assert (point["asInt"], point["timeUnixNano"], point["startTimeUnixNano"]) == (
        str(2**60 + 1),
        "5000000",
        "1000000000",
    )


def test_the_same_readings_give_the_same_bytes() -> None:
    assert otlp.encode(READINGS, {"a": "b"}, "1", 5) == otlp.encode(READINGS, {"a": "b"}, "1", 5)
