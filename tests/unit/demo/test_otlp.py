import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from tests.unit.demo.conftest import ANCHOR_MS

from trimtab.demo import otlp
from trimtab.demo.hosts import HostFeed
from trimtab.demo.simulation import Simulation
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals
from trimtab.demo.world import World
from trimtab.kpis import hosts

TIMES = 1_764_000_000_000 + np.arange(3) * 15_000


def test_opentelemetry_reads_what_was_written() -> None:
    gauge = otlp.Series("system.cpu.utilization", "1", (("cpu.mode", "idle"),))
    total = otlp.Series("system.network.io", "By", (), start_ms=1000)
    resource = otlp.resource({"host.name": "n1"})
    body = resource.with_metrics(
        [otlp.metric(gauge, TIMES, np.array([0.5, 0.25, 0.125])), otlp.metric(total, TIMES, np.array([1.0, 2.0, 3.0]))]
    )
    request = ExportMetricsServiceRequest.FromString(body)
    (found,) = request.resource_metrics
    assert [("host.name", "n1")] == [(pair.key, pair.value.string_value) for pair in found.resource.attributes]
    first, second = found.scope_metrics[0].metrics
    assert ("system.cpu.utilization", "1") == (first.name, first.unit)
    assert [0.5, 0.25, 0.125] == [point.as_double for point in first.gauge.data_points]
    assert [ms * 10**6 for ms in TIMES.tolist()] == [point.time_unix_nano for point in first.gauge.data_points]
    assert "idle" == first.gauge.data_points[2].attributes[0].value.string_value
    assert (True, 2) == (second.sum.is_monotonic, second.sum.aggregation_temporality)
    assert {1000 * 10**6} == {point.start_time_unix_nano for point in second.sum.data_points}


def test_every_node_sends_what_the_hosts_page_asks_for(made: World) -> None:
    moment = Simulation(made, Totals()).moment(Slab(ANCHOR_MS, ANCHOR_MS, 15))
    sent = list(HostFeed(made).requests(moment))
    assert 60 == len(sent)
    names = set()
    for account, body, points in sent:
        (found,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
        attributes = {pair.key: pair.value.string_value for pair in found.resource.attributes}
        assert "trimtab/Host" == f"{attributes['service.namespace']}/{attributes['service.name']}"
        assert account == attributes["cloud.account.id"]
        names.add(attributes["host.name"])
        metrics = found.scope_metrics[0].metrics
        assert points == sum(len(metric.gauge.data_points) + len(metric.sum.data_points) for metric in metrics)
        asked = {name for _, name, _, _ in (*hosts._GAUGES, *hosts._COUNTERS)}
        assert asked <= {metric.name for metric in metrics}
    assert {node.name for node in made.company.nodes} == names


def test_processor_shares_add_up(made: World) -> None:
    moment = Simulation(made, Totals()).moment(Slab(ANCHOR_MS, ANCHOR_MS, 15))
    shares: list[float] = []
    for _, body, _ in HostFeed(made).requests(moment):
        metrics = ExportMetricsServiceRequest.FromString(body).resource_metrics[0].scope_metrics[0].metrics
        shares.append(sum(m.gauge.data_points[0].as_double for m in metrics if m.name == "system.cpu.utilization"))
    np.testing.assert_allclose(shares, 1, atol=1e-4)
