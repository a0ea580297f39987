"""A real OpenTelemetry SDK over HTTP and over gRPC: what comes back equals pandas on what was recorded."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from grpc import Compression as GrpcCompression
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, UpDownCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire

BOUNDS = [0.1, 0.5, 1.0, 2.5]
ROUNDS = 4
DELTA, CUMULATIVE = AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE


@dataclass
class Recorder:
    """An SDK with one instrument of each kind; remembers what it recorded in which round (an export each)."""

    namespace: str
    provider: MeterProvider
    rows: list[tuple[int, str, str, float]] = field(default_factory=list)
    round: int = 0

    def __post_init__(self) -> None:
        meter = self.provider.get_meter("test")
        self.instruments: dict[str, Any] = {
            "requests": meter.create_counter("requests", "{request}").add,
            "active": meter.create_up_down_counter("active", "{connection}").add,
            "temperature": meter.create_gauge("temperature", "Cel").set,
            "latency": meter.create_histogram("latency", "s", explicit_bucket_boundaries_advisory=BOUNDS).record,
            "size": meter.create_histogram("size", "By").record,
        }

    def record(self, name: str, route: str, value: float) -> None:
        self.instruments[name](value, {"route": route})
        self.rows.append((self.round, name, route, value))

    def export(self) -> None:
        assert self.provider.force_flush(10_000)
        self.round += 1

    @property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=["round", "name", "route", "value"])


def exporter_of(server: LiveServer, wire: str, temporality: AggregationTemporality) -> MetricExporter:
    preferred: dict[type, AggregationTemporality] = dict.fromkeys((Counter, UpDownCounter, Histogram), temporality)
    zipped = temporality is DELTA
    if wire == "http":
        compression = Compression.Gzip if zipped else Compression.NoCompression
        return OTLPMetricExporter(f"{server.url}/v1/metrics", preferred_temporality=preferred, compression=compression)
    host, port = server.address_of("OTLP over gRPC")
    grpc_compression = GrpcCompression.Gzip if zipped else GrpcCompression.NoCompression
    return GrpcMetricExporter(
        f"{host}:{port}", insecure=True, preferred_temporality=preferred, compression=grpc_compression
    )


def record_rounds(server: LiveServer, namespace: str, wire: str, temporality: AggregationTemporality) -> Recorder:
    exporter = exporter_of(server, wire, temporality)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)
    view = View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())
    resource = Resource.create({"service.name": namespace, "host.name": "sdk-host", "service.version": "1"})
    recorder = Recorder(namespace, MeterProvider([reader], resource, views=[view]))
    for number in range(ROUNDS):
        for route in ("/a", "/b"):
            for step in range(5):
                value = (number * 7 + step * 3 + (route == "/b")) / 4
                recorder.record("requests", route, value)
                recorder.record("active", route, value - 3)
                recorder.record("temperature", route, value - 20)
                recorder.record("latency", route, value / 3)
                recorder.record("size", route, value * 100 + 1)
        recorder.export()
    recorder.provider.shutdown()
    return recorder


@pytest.fixture(scope="module", params=["http", "grpc"])
def delta(server: LiveServer, request: pytest.FixtureRequest) -> Recorder:
    return record_rounds(server, f"{request.param}-delta", request.param, DELTA)


@pytest.fixture(scope="module", params=["http", "grpc"])
def cumulative(server: LiveServer, request: pytest.FixtureRequest) -> Recorder:
    return record_rounds(server, f"{request.param}-cumulative", request.param, CUMULATIVE)


@pytest.fixture
def trimtab(server: LiveServer) -> Iterator[Client]:
    with Client(server.url) as client:
        yield client


def raw(trimtab: Client, recorder: Recorder, name: str, route: str) -> list[float | None]:
    (series,) = trimtab.metrics(namespace=recorder.namespace, name=name, dimensions={"route": route}).series
    return trimtab.raw(series.id, start="-10m", end="now", fresh=True).values


def total(trimtab: Client, recorder: Recorder, name: str, route: str, statistic: str) -> list[float]:
    answer = trimtab.query(
        recorder.namespace, name, statistic=statistic, period="1h", start="-2h", dimensions={"route": route}, fresh=True
    )
    return [value for line in answer.lines for _, value in line.points if value is not None]


def by_route(recorder: Recorder, name: str) -> Iterator[tuple[str, "pd.DataFrame"]]:
    frame = recorder.frame
    for route, rows in frame[frame.name == name].groupby("route"):
        yield str(route), rows


def close(left: Sequence[Any], right: Sequence[Any]) -> None:
    assert list(left) == pytest.approx(list(right), rel=1e-12)


def test_a_delta_counter_gives_back_every_increment(trimtab: Client, delta: Recorder) -> None:
    for route, rows in by_route(delta, "requests"):
        close(raw(trimtab, delta, "requests", route), rows.groupby("round").value.sum())
        close([sum(total(trimtab, delta, "requests", route, "Sum"))], [rows.value.sum()])
        close([sum(total(trimtab, delta, "requests", route, "SampleCount"))], [ROUNDS])


def test_a_cumulative_counter_is_read_as_its_increases(trimtab: Client, cumulative: Recorder) -> None:
    for route, rows in by_route(cumulative, "requests"):
        totals = rows.groupby("round").value.sum().cumsum()
        close(raw(trimtab, cumulative, "requests", route), [0.0, *totals])  # it says since when it counts
        close([sum(total(trimtab, cumulative, "requests", route, "Sum"))], [totals.iloc[-1]])


def test_an_up_down_counter_is_its_running_total(trimtab: Client, cumulative: Recorder) -> None:
    for route, rows in by_route(cumulative, "active"):
        totals = rows.groupby("round").value.sum().cumsum()
        close(raw(trimtab, cumulative, "active", route), totals)
        close([min(total(trimtab, cumulative, "active", route, "Minimum"))], [totals.min()])


def test_a_gauge_is_what_was_set_last(trimtab: Client, delta: Recorder) -> None:
    for route, rows in by_route(delta, "temperature"):
        last = rows.groupby("round").value.last()
        close(raw(trimtab, delta, "temperature", route), last)
        close([max(total(trimtab, delta, "temperature", route, "Maximum"))], [last.max()])


@pytest.mark.parametrize("name", ["latency", "size"])
def test_delta_histograms_keep_count_sum_minimum_and_maximum(trimtab: Client, delta: Recorder, name: str) -> None:
    for route, rows in by_route(delta, name):
        close([sum(total(trimtab, delta, name, route, "SampleCount"))], [len(rows)])
        close([sum(total(trimtab, delta, name, route, "Sum"))], [rows.value.sum()])
        close([min(total(trimtab, delta, name, route, "Minimum"))], [rows.value.min()])
        close([max(total(trimtab, delta, name, route, "Maximum"))], [rows.value.max()])


@pytest.mark.parametrize("name", ["latency", "size"])
def test_cumulative_histograms_are_read_as_their_increases(trimtab: Client, cumulative: Recorder, name: str) -> None:
    for route, rows in by_route(cumulative, name):  # from the first on: a histogram says since when it counts
        close([sum(total(trimtab, cumulative, name, route, "SampleCount"))], [len(rows)])
        close([sum(total(trimtab, cumulative, name, route, "Sum"))], [rows.value.sum()])


def test_a_percentile_of_an_exponential_histogram_is_within_its_error(trimtab: Client, delta: Recorder) -> None:
    for route, rows in by_route(delta, "size"):
        found = total(trimtab, delta, "size", route, "p50")
        if len(found) == 1:  # the rounds did not straddle an hour
            below, above = rows.value.quantile(0.5, "lower"), rows.value.quantile(0.5, "higher")
            assert below * 0.97 <= found[0] <= above * 1.03


def test_units_and_the_source_are_known(trimtab: Client, delta: Recorder) -> None:
    units = {series.name: series.unit for series in trimtab.metrics(namespace=delta.namespace).series}
    expected = {"requests": "{request}", "active": "{connection}", "temperature": "Cel", "latency": "s", "size": "By"}
    assert expected == units
    sources = {source.name: source for source in trimtab.sources().sources}
    source = sources[f"{delta.namespace} on sdk-host"]
    assert ("otlp", 0) == (source.door, source.rejected)


def test_times_rise_in_the_order_of_the_exports(trimtab: Client, delta: Recorder) -> None:
    (series,) = trimtab.metrics(namespace=delta.namespace, name="requests", dimensions={"route": "/a"}).series
    times = trimtab.raw(series.id, start="-10m", end="now", fresh=True).times
    assert ROUNDS == len(times)
    assert all(earlier <= later for earlier, later in pairwise(times))
