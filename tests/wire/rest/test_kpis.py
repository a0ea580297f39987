"""KPIs of what a client stored, through a live server with its engine."""

import pytest

from live_server import LiveServer
from trimtab.base.ids import new_id
from trimtab.client import wire
from trimtab.client.api import Client

MINUTE = 60_000


def put(client: Client, end_ms: int, name: str, values: list[float], **dimensions: str) -> None:
    """Store a value a minute, the last a minute before `end_ms`."""
    times = [end_ms - (len(values) - at) * MINUTE for at in range(len(values))]
    rows = [
        wire.Datum(name=name, value=value, time=time, dimensions=dimensions)
        for time, value in zip(times, values, strict=True)
    ]
    assert client.put("shop", rows).accepted == len(values)


def test_gpu_hours_latency_and_success_of_an_hour(server: LiveServer) -> None:
    mine = {"suite": new_id()}  # the group that keeps this test's series apart from the others'
    gpu = {**mine, "UUID": f"GPU-{mine['suite']}", "Hostname": f"host-{mine['suite']}"}
    with Client(server.url) as client:
        hour = client.health().time_ms // 3_600_000 * 3_600_000
        put(client, hour, "DCGM_FI_DEV_GPU_UTIL", [50.0] * 30 + [0.0] * 30, **gpu)
        put(client, hour, "DCGM_FI_DEV_FB_USED", [4000.0] * 45 + [0.0] * 15, **gpu)
        put(client, hour, "http_requests_total", [98.0] * 60, code="200", **mine)
        put(client, hour, "http_requests_total", [2.0] * 60, code="500", **mine)
        put(client, hour, "http_request_duration_seconds", [at / 100 for at in range(1, 61)], **mine)
        client.query("shop", "http_requests_total", fresh=True)
        report = client.kpis("team", group="suite", start=str(hour - 60 * MINUTE), end=str(hour))
    (kpis,) = (group.kpis for group in report.groups if group.group == mine["suite"])
    found = {kpi.id: kpi.value for kpi in kpis}
    assert found["gpu_hours_existing"] == pytest.approx(1)
    assert found["gpu_hours_active"] == pytest.approx(0.25)
    assert found["gpu_hours_held"] == pytest.approx(0.75)
    assert found["requests_per_s"] == pytest.approx(100 / 60)
    assert found["success_ratio"] == pytest.approx(0.98)
    assert found["latency_p50"] == pytest.approx(0.305)
