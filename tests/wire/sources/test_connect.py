"""`trimtab connect prometheus` against Debian's Prometheus: what trimtab has equals what Prometheus itself answers."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
HOUR_MS = 3_600_000
STEP_MS = 15_000
HOURS = 30
WAIT_S = 60
PAUSE = threading.Event()

Samples = list[tuple[int, float]]
Key = tuple[tuple[str, str], ...]


@dataclass
class Source:
    """A running Prometheus with a history that promtool made."""

    url: str
    start_ms: int
    end_ms: int
    exporter_scrapes: list[int]

    def samples(self, name: str) -> dict[Key, Samples]:
        """Every sample of a metric, hour by hour, as Prometheus answers range selectors."""
        found: dict[Key, Samples] = {}
        for end in range(self.start_ms + HOUR_MS, self.end_ms + 2 * HOUR_MS, HOUR_MS):
            asked = {"query": f"{name}[1h]", "time": str((end - 1) / 1000)}
            answer = httpx.get(f"{self.url}/api/v1/query", params=asked).json()
            for one in answer["data"]["result"]:
                labels = tuple(sorted((k, v) for k, v in one["metric"].items() if k != "__name__"))
                values = [(round(when * 1000), float(value)) for when, value in one["values"]]
                found.setdefault(labels, []).extend(pair for pair in values if pair[0] >= end - HOUR_MS)
        return found


def history(start_ms: int, end_ms: int) -> str:
    """OpenMetrics text: a gauge, a counter with resets, a bucket, odd values, and a series that comes and goes."""
    lines: dict[str, list[str]] = {"gauge": [], "counter": [], "bucket": [], "odd": [], "short": [], "stepped": []}
    for number, ms in enumerate(range(start_ms, end_ms, STEP_MS)):
        at = f"{ms / 1000:.3f}"
        lines["gauge"].append(f'past_gauge{{text="ä \\"b\\" \\\\ c"}} {math.sin(number / 50)!r} {at}')
        lines["counter"].append(f'past_requests_total{{route="/a"}} {number % 1000 * 1.5} {at}')
        lines["bucket"].append(f'past_seconds_bucket{{le="0.5"}} {number} {at}')
        odd = ("NaN", "+Inf", "-Inf", "1e300", "0.1")[number % 5]
        lines["odd"].append(f"past_odd {odd} {(ms + number % 7) / 1000:.3f}")
        lines["stepped"].append(f"stepped_gauge {number} {at}")
        if 500 <= number < 600:
            lines["short"].append(f"past_short {number} {at}")
    kinds = {"gauge": "past_gauge gauge", "counter": "past_requests counter", "odd": "past_odd gauge"}
    text = [part for key in lines for part in ([f"# TYPE {kinds[key]}"] if key in kinds else []) + lines[key]]
    return "\n".join([*text, "# EOF\n"])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    if PROMETHEUS is None or PROMTOOL is None:
        pytest.skip("no prometheus and promtool on the path: apt-get install prometheus")
    directory = tmp_path_factory.mktemp("source")
    end_ms = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS - 3 * HOUR_MS
    start_ms = end_ms - HOURS * HOUR_MS + 7
    (directory / "history.txt").write_text(history(start_ms, end_ms))
    made = [
        PROMTOOL,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(directory / "history.txt"),
        str(directory / "data"),
    ]
    subprocess.run(made, check=True, capture_output=True, timeout=WAIT_S)
    scrapes: list[int] = []
    exporter = serve(scrapes)
    target = {"job_name": "live", "static_configs": [{"targets": [f"127.0.0.1:{exporter.server_port}"]}]}
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [target]}
    (directory / "prometheus.yml").write_text(json.dumps(config))
    process, url, reader = start(PROMETHEUS, directory)
    yield Source(url, start_ms, end_ms, scrapes)
    process.terminate()
    process.wait(WAIT_S)
    reader.join(WAIT_S)
    assert process.stderr is not None
    process.stderr.close()
    exporter.shutdown()
    exporter.server_close()


def serve(scrapes: list[int]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scrapes.append(len(scrapes))
            body = f"# TYPE live_gauge gauge\nlive_gauge {len(scrapes)}\n".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start(binary: str, directory: Path) -> tuple["subprocess.Popen[str]", str, threading.Thread]:
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            "--storage.tsdb.retention.time=10y",
            "--web.listen-address=127.0.0.1:0",
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    address = ""
    for line in process.stderr:
        if "Listening on" in line:
            address = line.rpartition("address=")[2].strip()
        if "Server is ready" in line:
            break
    assert address
    reader = threading.Thread(target=process.stderr.read, daemon=True)
    reader.start()
    return process, f"http://{address}", reader


def connect(server: LiveServer, source: Source, directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(source.start_ms / 1000 - 1))
    command = [sys.executable, "-m", "trimtab", "connect", "prometheus", source.url, "--url", server.url, "--json"]
    command += ["--since", since, "--state-dir", str(directory), *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it wrote by the time it ended; one that does not end by itself is killed."""
    try:
        return process.communicate(timeout=WAIT_S)
    finally:
        process.kill()


def finished(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = ended(process)
    assert process.returncode == 0, err
    return json.loads(out)


def stored(server: LiveServer, source: Source, name: str) -> dict[Key, Samples]:
    found: dict[Key, Samples] = {}
    with Client(server.url) as trimtab:
        for series in trimtab.all_metrics(namespace="Prometheus", name=name):
            raw = trimtab.raw(series.id, start=str(source.start_ms), end=str(source.end_ms + HOUR_MS), fresh=True)
            values = [math.nan if value is None else value for value in raw.values]
            found[tuple(sorted(series.dimensions.items()))] = list(zip(raw.times, values, strict=True))
    return found


def comparable(samples: Samples) -> list[tuple[int, str]]:
    """REST has no infinities and no NaN: null stands for all three."""
    return [(ms, repr(value) if math.isfinite(value) else "none") for ms, value in samples]


NAMES = ("past_gauge", "past_requests_total", "past_seconds_bucket", "past_odd", "past_short")


def test_every_sample_of_the_history_arrives_although_it_is_killed_in_the_middle(
    server: LiveServer, source: Source, tmp_path: Path
) -> None:
    slow = connect(server, source, tmp_path, "--match", '{__name__=~"past_.*"}', "--rate", "3000", "--window", "1h")
    deadline = time.monotonic() + WAIT_S
    while not list(tmp_path.glob("*.json")) and time.monotonic() < deadline:
        PAUSE.wait(0.05)
    slow.send_signal(signal.SIGKILL)
    slow.communicate()
    (state,) = tmp_path.glob("*.json")
    ((begun, _),) = json.loads(state.read_text())["covered"]
    assert begun > source.start_ms  # it did not get to the end

    answer = finished(connect(server, source, tmp_path, "--match", '{__name__=~"past_.*"}', "--window", "1h"))
    assert answer["refused"] == ""
    for name in NAMES:
        expected = source.samples(name)
        got = stored(server, source, name)
        assert expected.keys() == got.keys()
        for key, samples in expected.items():
            assert comparable(samples) == comparable(got[key]), (name, key)
    total = sum(len(samples) for name in NAMES for samples in stored(server, source, name).values())
    per_series = HOURS * HOUR_MS // STEP_MS
    assert total == 4 * per_series + 100

    with Client(server.url) as trimtab:
        kinds = {name: trimtab.metrics(namespace="Prometheus", name=name).series[0].kind for name in NAMES}
    assert (kinds["past_requests_total"], kinds["past_gauge"]) == ("counter", "gauge")

    again = finished(connect(server, source, tmp_path, "--match", '{__name__=~"past_.*"}', "--window", "1h"))
    assert again["windows"] <= 2  # only the youngest, which was not settled
    assert again["samples"] == 0
    assert total == sum(len(samples) for name in NAMES for samples in stored(server, source, name).values())


def followed(server: LiveServer, newest: int) -> list[float | None]:
    """What came of the live gauge once it reached `newest`."""
    deadline, values = time.monotonic() + WAIT_S, [None]
    with Client(server.url) as trimtab:
        while (values[-1] or 0) < newest and time.monotonic() < deadline:
            PAUSE.wait(0.3)
            for series in trimtab.metrics(namespace="Prometheus", name="live_gauge").series:
                values = trimtab.raw(series.id, start="-1h", end="now", fresh=True).values
    return values


def test_following_reads_what_comes(server: LiveServer, source: Source, tmp_path: Path) -> None:
    process = connect(server, source, tmp_path, "--match", "live_gauge", "--follow", "--interval", "500ms")
    try:
        newest = len(source.exporter_scrapes) + 4
        values = followed(server, newest)
        process.send_signal(signal.SIGINT)
    finally:
        _, err = ended(process)
    assert process.returncode == 130
    assert "the same command goes on from here" in err
    now = httpx.get(f"{source.url}/api/v1/query", params={"query": "live_gauge[1h]"}).json()
    expected = [float(value) for one in now["data"]["result"] for _, value in one["values"]]
    assert values == expected[: len(values)]
    assert values[-1] >= newest


def test_steps_are_what_a_range_query_answers(server: LiveServer, source: Source, tmp_path: Path) -> None:
    answer = finished(connect(server, source, tmp_path, "--match", "stepped_gauge", "--step", "10m"))
    assert answer["samples"] > 0
    asked = {"query": "stepped_gauge", "step": "600"}
    first = -(-source.start_ms // 600_000) * 600
    asked |= {"start": str(first), "end": str(source.end_ms // 1000 + 3600)}
    result = httpx.get(f"{source.url}/api/v1/query_range", params=asked).json()["data"]["result"]
    expected = [(round(when * 1000), float(value)) for when, value in result[0]["values"]]
    ((_, samples),) = stored(server, source, "stepped_gauge").items()
    assert samples == expected


def test_what_is_wrong_with_the_source_is_told(server: LiveServer, source: Source, tmp_path: Path) -> None:
    process = connect(server, source, tmp_path, "--match", '{job=~"["}')
    _, err = ended(process)
    assert process.returncode == 2
    assert "answers HTTP 400" in err
