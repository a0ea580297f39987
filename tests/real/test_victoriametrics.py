"""`trimtab connect prometheus` from a VictoriaMetrics: every sample that was written to it arrives."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from patience import until
from real.parts import daemons, free_port
from trimtab.base.ids import new_id
from trimtab.client.api import Client

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

STEP_MS, SAMPLES = 15_000, 400


def test_every_sample_arrives(server: LiveServer, tmp_path: Path) -> None:
    name = f"vm_{new_id()[:8]}"
    end_ms = time.time_ns() // 1_000_000 // STEP_MS * STEP_MS - 600_000
    times = [end_ms - at * STEP_MS for at in range(SAMPLES)][::-1]
    wrote = {route: [round(at * 1.5 + len(route), 3) for at in range(SAMPLES)] for route in ("/a", '/ä "b"')}
    lines = [
        json.dumps({"metric": {"__name__": name, "route": route}, "values": values, "timestamps": times})
        for route, values in wrote.items()
    ]
    with daemons() as running:
        port = free_port()
        running.start(
            "victoria-metrics", f"-storageDataPath={running.folder}/data", f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=1y", "-search.latencyOffset=0s",
        )  # fmt: skip
        running.listens("victoria-metrics", port)
        url = f"http://127.0.0.1:{port}"
        httpx.post(f"{url}/api/v1/import", content="\n".join(lines), timeout=30).raise_for_status()
        httpx.get(f"{url}/internal/force_flush", timeout=30)
        asked = {"query": f"count_over_time({name}[3h])", "time": str(end_ms / 1000 + 1)}
        until(
            lambda: len(httpx.get(f"{url}/api/v1/query", params=asked, timeout=30).json()["data"]["result"]) == 2,
            "VictoriaMetrics does not find what it took",
        )
        words = ["connect", "prometheus", url, "--url", server.url, "--match", name, "--since", "3h", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "trimtab", *words, "--state-dir", str(tmp_path)],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
    with Client(server.url) as client:
        found = {}
        for series in client.all_metrics(namespace="Prometheus", name=name):
            raw = client.raw(series.id, start=str(times[0]), end=str(end_ms + 1), fresh=True)
            found[series.dimensions["route"]] = list(zip(raw.times, raw.values, strict=True))
    assert {route: list(zip(times, values, strict=True)) for route, values in wrote.items()} == found
