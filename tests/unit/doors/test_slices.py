"""Bodies with many new series leave the event loop to others in between, whichever door they come by."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from metric_doors import MetricDoor, make_door
from prompb import messages
from trimtab.doors.otlp import metrics as otlp
from trimtab.doors.otlp.decode_protobuf import decode_protobuf
from trimtab.doors.otlp.series import Tenant as OtlpTenant
from trimtab.doors.prometheus import decode as prometheus
from trimtab.doors.prometheus.scan import scan
from trimtab.store.state.database import State

SERIES = 1000
TURNS = SERIES // prometheus._SLICE


@pytest.fixture
def door(state: State) -> MetricDoor:
    return make_door(lambda _writing: [], state)


def turns_during(work: Awaitable[Any]) -> tuple[int, Any]:
    """How often others had their turn, and what came of the work."""

    async def go() -> tuple[int, Any]:
        task = asyncio.ensure_future(work)
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        return turns, task.result()

    return asyncio.run(go())


@pytest.mark.parametrize("shape", ["samples", "histograms"])
def test_remote_write(door: MetricDoor, shape: str) -> None:
    prompb, now = messages(), door.clock.now_ms()
    request = prompb.WriteRequest()
    for at in range(SERIES):
        series = request.timeseries.add()
        series.labels.add(name="__name__", value="m")
        series.labels.add(name="at", value=str(at))
        if shape == "samples":
            series.samples.add(value=1.0, timestamp=now)
        else:
            series.histograms.add(timestamp=now, count_int=0)
    scanned = scan(request.SerializeToString(), None)
    tenant = prometheus.Tenant("1", "eu")
    turns, decoded = turns_during(prometheus.decode(scanned, tenant, door.registry, now, None))
    assert SERIES == len(decoded.batch)
    assert turns >= TURNS


@pytest.mark.parametrize("shape", ["gauge", "histogram"])
def test_otlp(door: MetricDoor, shape: str) -> None:
    request, now = ExportMetricsServiceRequest(), door.clock.now_ms()
    scope = request.resource_metrics.add().scope_metrics.add()
    for at in range(SERIES):
        metric = scope.metrics.add(name=f"m{at}")
        if shape == "gauge":
            metric.gauge.data_points.add(as_double=1.0, time_unix_nano=now * 1_000_000)
        else:
            metric.histogram.aggregation_temporality = 2
            metric.histogram.data_points.add(count=0, bucket_counts=[0], time_unix_nano=now * 1_000_000)
    decoded = decode_protobuf(request.SerializeToString(), None)
    turns, result = turns_during(otlp.translate(decoded, OtlpTenant("1", "eu"), door.registry, now))
    assert (SERIES, 0) == (len(result.batch), result.points_refused)
    assert turns >= TURNS
