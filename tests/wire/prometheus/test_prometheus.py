"""Debian's Prometheus as a remote-write source: what comes back equals pandas on what the exporter served.

In version 2.0 too where Prometheus can send it (3.0 and later; Debian's 2.53 cannot).
"""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire

PROMETHEUS = shutil.which("prometheus")
SCRAPES = 6
RESET_AT, GONE_AT = 3, 4  # the scrape at which the counter starts anew, and at which a series is gone
WAIT_S = 60


@dataclass
class Exporter:
    """Serves values made of the number of the scrape, and remembers them."""

    cluster: str
    scrapes: list[dict[str, float]] = field(default_factory=list)

    def text(self) -> str:
        number = len(self.scrapes)
        since_reset = number if number < RESET_AT else number - RESET_AT + 0.25
        served = {
            'wire_requests_total{route="/a"}': 10.0 * since_reset + 1,
            'wire_requests_total{route="/b"}': 3.0 * since_reset,
            "wire_temperature": 20 + number * 0.1,
            'wire_memory_total{node="n1"}': 1e9 - number,
            'wire_latency_bucket{le="0.5"}': number * 2.0,
            'wire_latency_bucket{le="+Inf"}': number * 5.0,
            "wire_latency_count": number * 5.0,
            "wire_latency_sum": number * 0.7,
        }
        if number < GONE_AT:
            served['wire_gone{unicode="ä / 東"}'] = float(number)
        self.scrapes.append(served)
        kinds = ("requests_total counter", "temperature gauge", "memory_total gauge", "latency histogram", "gone gauge")
        types = "".join(f"# TYPE wire_{kind}\n" for kind in kinds)
        return types + "".join(f"{name} {value!r}\n" for name, value in served.items())

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.scrapes)


def serve(exporter: Exporter) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exporter.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def config(server: LiveServer, port: int, cluster: str, message: str) -> str:
    """YAML is a superset of JSON."""
    return json.dumps(
        {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "external_labels": {"cluster": cluster}},
            "scrape_configs": [{"job_name": "wire", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
            "remote_write": [
                {
                    "url": f"{server.url}/api/v1/write",
                    "send_exemplars": False,
                    **({"protobuf_message": message} if message else {}),
                    "queue_config": {"batch_send_deadline": "500ms", "min_backoff": "30ms"},
                    "metadata_config": {"send_interval": "1s"},
                }
            ],
        }
    )


@pytest.fixture(scope="module", params=["", "io.prometheus.write.v2.Request"], ids=["1.0", "2.0"])
def exporter(
    server: LiveServer, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Exporter]:
    """What Prometheus scraped and sent, after it has stopped."""
    if PROMETHEUS is None:
        pytest.skip("no prometheus on the path: apt-get install prometheus")
    exporter, directory = Exporter("wire-2" if request.param else "wire-1"), tmp_path_factory.mktemp("prometheus")
    http = serve(exporter)
    try:
        settings = config(server, http.server_port, exporter.cluster, request.param)
        if request.param and not understands(settings, directory):
            pytest.skip("this Prometheus cannot send remote write 2.0: it has no protobuf_message (3.0 and later do)")
        run_prometheus(PROMETHEUS, settings, directory, server, exporter.cluster)
    finally:
        http.shutdown()
        http.server_close()
    yield exporter


def understands(settings: str, directory: Path) -> bool:
    """Whether Prometheus knows every word of its settings."""
    file = directory / "check.yml"
    file.write_text(settings)
    checked = subprocess.run(["promtool", "check", "config", file], capture_output=True, timeout=WAIT_S, check=False)
    return checked.returncode == 0


def run_prometheus(binary: str, settings: str, directory: Path, server: LiveServer, cluster: str) -> None:
    (directory / "prometheus.yml").write_text(settings)
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                "--web.listen-address=127.0.0.1:0",
                "--log.level=debug",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            assert arrived(server, cluster), log.read_text()
        finally:
            process.terminate()
            process.wait(WAIT_S)
    text = log.read_text()
    for trouble in ("non-recoverable", "Failed to send batch"):
        assert trouble not in text, text


def arrived(server: LiveServer, cluster: str) -> bool:
    """Wait until the samples of enough scrapes are readable."""
    pause = threading.Event()
    with Client(server.url) as trimtab:
        for _ in range(WAIT_S * 5):
            found = trimtab.metrics(
                namespace="Prometheus", name="wire_temperature", dimensions={"cluster": cluster}
            ).series
            if found and len(trimtab.raw(found[0].id, start="-10m", end="now", fresh=True).values) >= SCRAPES:
                return True
            pause.wait(0.2)
    return False


@pytest.fixture
def trimtab(server: LiveServer) -> Iterator[Client]:
    with Client(server.url) as client:
        yield client


def find(trimtab: Client, exporter: Exporter, name: str, **labels: str) -> Any:
    dimensions = {"job": "wire", "cluster": exporter.cluster, **labels}
    (series,) = trimtab.metrics(namespace="Prometheus", name=name, dimensions=dimensions).series
    return series


def raw(trimtab: Client, exporter: Exporter, name: str, **labels: str) -> list[float | None]:
    return trimtab.raw(find(trimtab, exporter, name, **labels).id, start="-10m", end="now", fresh=True).values


@pytest.mark.parametrize(
    ("name", "labels", "column"),
    [
        ("wire_requests_total", {"route": "/a"}, 'wire_requests_total{route="/a"}'),
        ("wire_requests_total", {"route": "/b"}, 'wire_requests_total{route="/b"}'),
        ("wire_temperature", {}, "wire_temperature"),
        ("wire_memory_total", {"node": "n1"}, 'wire_memory_total{node="n1"}'),
        ("wire_latency_bucket", {"le": "0.5"}, 'wire_latency_bucket{le="0.5"}'),
        ("wire_latency_bucket", {"le": "+Inf"}, 'wire_latency_bucket{le="+Inf"}'),
        ("wire_latency_sum", {}, "wire_latency_sum"),
    ],
)
def test_samples_come_back_as_they_were_scraped(
    trimtab: Client, exporter: Exporter, name: str, labels: dict[str, str], column: str
) -> None:
    values = raw(trimtab, exporter, name, **labels)
    assert SCRAPES <= len(values)
    assert values == exporter.frame()[column].tolist()[: len(values)]


def test_a_counter_is_read_as_its_increases_through_a_reset(trimtab: Client, exporter: Exporter) -> None:
    for route in ("/a", "/b"):
        stored = len(raw(trimtab, exporter, "wire_requests_total", route=route))
        served = exporter.frame()[f'wire_requests_total{{route="{route}"}}'].iloc[:stored]
        increases = served.diff()
        increases[increases < 0] = served[increases < 0]  # a reset counts from zero
        answer = trimtab.query(
            "Prometheus",
            "wire_requests_total",
            statistic="Sum",
            period="1h",
            start="-2h",
            dimensions={"route": route, "cluster": exporter.cluster},
        )
        found = sum(value for line in answer.lines for _, value in line.points if value is not None)
        assert found == pytest.approx(increases.sum(), rel=1e-12)


def test_a_series_that_goes_ends_with_a_stale_marker(trimtab: Client, exporter: Exporter) -> None:
    values = raw(trimtab, exporter, "wire_gone", unicode="ä / 東")
    served = exporter.frame()['wire_gone{unicode="ä / 東"}'].dropna().tolist()
    assert [*served, None] == values


def test_kinds_follow_the_names_until_metadata_is_there(trimtab: Client, exporter: Exporter) -> None:
    assert "counter" == find(trimtab, exporter, "wire_requests_total", route="/a").kind
    assert "gauge" == find(trimtab, exporter, "wire_temperature").kind
    assert "counter" == find(trimtab, exporter, "wire_latency_bucket", le="0.5").kind


def test_up_and_the_source_are_known(trimtab: Client, exporter: Exporter) -> None:
    assert {1.0} == set(raw(trimtab, exporter, "up"))
    told = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True).stdout
    name = f"Prometheus/{told.split()[2]} at 127.0.0.1"  # other tests send as other versions
    (source,) = [item for item in trimtab.sources().sources if item.name == name]
    assert "prometheus" == source.door
    assert 0 == source.rejected
    assert source.rows >= SCRAPES * 8
