"""The agent scrapes Debian's node exporter: the server has it as a Prometheus would have sent it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire

NODE_EXPORTER = shutil.which("prometheus-node-exporter")
WAIT_S = 60
PAUSE = threading.Event()


@pytest.fixture(scope="module")
def node_exporter() -> Iterator[str]:
    if NODE_EXPORTER is None:
        pytest.skip("no prometheus-node-exporter on the path: apt-get install prometheus-node-exporter")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [NODE_EXPORTER, f"--web.listen-address={address}", "--web.disable-exporter-metrics"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(WAIT_S * 10):
            try:
                httpx.get(f"http://{address}/metrics")
                break
            except httpx.ConnectError:
                PAUSE.wait(0.1)
        try:
            yield address
        finally:
            process.terminate()


def test_a_node_exporter_is_scraped_whole(server: LiveServer, node_exporter: str, tmp_path: Path) -> None:
    static = {"targets": [node_exporter], "labels": {"rack": "r1"}}
    job = {"job_name": "wire-node", "scrape_interval": "1s", "static_configs": [static]}
    (tmp_path / "scrape.json").write_text(json.dumps({"scrape_configs": [job]}))
    command = [sys.executable, "-m", "trimtab", "agent", "--url", server.url, "--spool-dir", str(tmp_path / "spool")]
    command += ["--scrape-config", str(tmp_path / "scrape.json"), "--interval", "60"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
    with (
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as agent,
        Client(server.url) as trimtab,
    ):
        deadline, up = time.monotonic() + WAIT_S, []
        while len(up) < 3 and time.monotonic() < deadline:
            PAUSE.wait(0.3)
            for series in trimtab.metrics(name="up", dimensions={"job": "wire-node"}).series:
                up = trimtab.raw(series.id, start="-10m", end="now", fresh=True).values
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(WAIT_S) == 0
    assert set(up) == {1.0}
    page = httpx.get(f"http://{node_exporter}/metrics").text
    ours = {"job": "wire-node", "instance": node_exporter, "rack": "r1"}
    served = {
        (one.name, tuple(sorted((key, value) for key, value in {**one.labels, **ours}.items() if value)))
        for family in text_string_to_metric_families(page)
        for one in family.samples
    }
    with Client(server.url) as trimtab:
        found = list(trimtab.all_metrics(namespace="Prometheus", dimensions={"job": "wire-node"}))
        names = {(one.name, tuple(sorted(one.dimensions.items()))) for one in found}
        kinds = {one.name: one.kind for one in found}
        sources = [one for one in trimtab.sources().sources if one.name.startswith("trimtab-agent")]
    assert len(served) > 100
    assert len(served - names) <= 5, served - names  # a device may have come since
    assert len({name for name, _ in names} - {name for name, _ in served}) <= 5  # up and what is said of scrapes
    assert (kinds["node_cpu_seconds_total"], kinds["node_load1"]) == ("counter", "gauge")
    assert {one.door for one in sources} >= {"prometheus"}
    assert {one.rejected for one in sources} == {0}
