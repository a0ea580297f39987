"""Prometheus remote write into trimtab, VictoriaMetrics and Prometheus, one after another, on the same bytes.

    python bench/bench_remote_write.py [--timestamps 1000] [--only trimtab|victoriametrics|prometheus] [--calls 15]

Writes: 10,000 series (10 metrics of 1,000 hosts; random walks to two decimals, and growing whole numbers), one sample
each every 15 s up to now, in requests of 2,000 samples built before the clock starts, sent from 5 keep-alive
connections of a separate process; a connection keeps to its 2,000 series, as a Prometheus' shards do. The figure is
samples per CPU-second of the server's whole process tree, until everything is acknowledged and flushed; the first 20
timestamps, which make the series known and compile what compiles late, are a figure of their own.
trimtab's acknowledgement comes after fsync; the peers' comes before theirs. A second load, not timed, gives trimtab and
VictoriaMetrics a series of 30 days for q2 (Prometheus refuses samples so far behind the newest).
Reads, p50 until the last byte is here, over series that change from call to call, without the peers' answer caches:
q1 one series 3 h by minute, q2 one series 30 d by hour, q3 1,000 series 6 h by minute, q4 the 10 highest averages of
10,000 over 12 h (or what is loaded, which the table says), q5 the last value. trimtab answers q1 to q3 through
GetMetricData (q3 as four calls: an answer holds 100,800 points), q5 through REST and q4 through the metrics room's read
function in this process, beside the running server. A peer that is not installed is left out; the last line is JSON.
"""

import argparse
import asyncio
import http.client
import json
import mmap
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import cramjam
import numpy as np
import psutil
from botocore.config import Config

from trimtab.access.scope import Scope
from trimtab.base.clock import SystemClock
from trimtab.demo import remote_write
from trimtab.demo.protobuf import head
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention
from trimtab.metrics.statistics import parse_statistic
from trimtab.settings import load
from trimtab.store.telemetry.client import Telemetry
from trimtab.stores import open_telemetry

METRICS, HOSTS, SLICE, STEP_S = 10, 1000, 2000, 15
SERIES = METRICS * HOSTS
LONG_DAYS = 30
WARM = 20
"""Timestamps that go ahead of the measured ones."""
_NAMES = [f"node_bench_reading_{number}" for number in range(METRICS)]
_SAMPLE = 18
"""Bytes of a sample after its tag and length: a tag and a double, a tag and six bytes of varint."""
_SETTLE_S = 10.0
"""Work put off (merges) that begins within this time after the load is counted in the second CPU figure."""


def labels(number: int) -> dict[str, str]:
    """The labels of a series; `reading` keeps them apart where a function drops the name. Past SERIES, more hosts."""
    thousand, host = divmod(number, HOSTS)
    more, metric = divmod(thousand, METRICS)
    host += more * HOSTS
    return {
        "__name__": _NAMES[metric],
        "instance": f"node-{host:04}.example.internal:9100",
        "job": "node",
        "cluster": f"prod-{host % 7}",
        "reading": str(metric),
    }


_LONG = labels(0) | {"instance": "long.example.internal:9100"}


@dataclass
class Load:
    """Requests on disk, one file a connection, each behind its length; times in s."""

    directory: Path
    timestamps: int
    end_s: int
    bytes: int = 0

    @property
    def samples(self) -> int:
        """Samples of the measured part."""
        return (self.timestamps - WARM) * SERIES

    @property
    def hours(self) -> float:
        """What the samples span."""
        return self.timestamps * STEP_S / 3600


def build(directory: Path, timestamps: int) -> Load:
    """Write the load's requests."""
    load_ = Load(directory, timestamps, int(time.time()) // 60 * 60)
    _first(directory).mkdir()
    dice = np.random.default_rng(1)
    for at, first in enumerate(range(0, SERIES, SLICE)):
        template, values_at, times_at = request_template(range(first, first + SLICE))
        counting = np.arange(first, first + SLICE) // HOSTS >= METRICS * 6 // 10
        values = dice.uniform(10, 90, SLICE).round(2)
        with (_first(directory) / f"{at}.bin").open("wb") as early, (directory / f"{at}.bin").open("wb") as late:
            for number in range(timestamps):
                values = np.where(
                    counting, values.round() + dice.integers(0, 50, SLICE), values + dice.normal(0, 0.4, SLICE)
                ).round(2)
                time_ms = (load_.end_s - (timestamps - 1 - number) * STEP_S) * 1000
                template[values_at] = values.astype("<f8").view(np.uint8).reshape(SLICE, 8)
                template[times_at] = time_varint(time_ms)
                body = bytes(cramjam.snappy.compress_raw(template.tobytes()))
                (early if number < WARM else late).write(struct.pack("<I", len(body)) + body)
                load_.bytes += len(body)
    return load_


def _first(directory: Path) -> Path:
    return directory / "first"


def time_varint(time_ms: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    groups = [(time_ms >> shift & 0x7F) | (0x80 if shift < 35 else 0) for shift in range(0, 42, 7)]
    return np.array(groups, np.uint8)


def request_template(numbers: range) -> tuple[Any, Any, Any]:
    """A request of one sample of each series, and where its values and times are."""
    out, at = bytearray(), []
    for number in numbers:
        names = remote_write.series_head(labels(number))
        out += head(1, len(names) + _SAMPLE) + names + bytes((2 << 3 | 2, _SAMPLE - 2, 1 << 3 | 1)) + bytes(8)
        at.append(len(out) - 8)
        out += bytes((2 << 3,)) + bytes(6)
    values_at = np.array(at)[:, None] + np.arange(8)
    return np.frombuffer(out, np.uint8).copy(), values_at, np.array(at)[:, None] + 9 + np.arange(6)


def long_bodies(end_s: int) -> Iterator[bytes]:
    """30 days of one series at 15 s, 2,000 samples a request."""
    names = remote_write.series_head(_LONG)
    times = np.arange(end_s - LONG_DAYS * 86_400 + STEP_S, end_s + 1, STEP_S)
    values = np.random.default_rng(2).normal(0, 0.4, len(times)).cumsum().round(2)
    for first in range(0, len(times), SLICE):
        samples = b"".join(
            bytes((2 << 3 | 2, _SAMPLE - 2, 1 << 3 | 1))
            + struct.pack("<d", values[at])
            + bytes((2 << 3,))
            + time_varint(int(times[at]) * 1000).tobytes()
            for at in range(first, min(first + SLICE, len(times)))
        )
        yield bytes(cramjam.snappy.compress_raw(head(1, len(names) + len(samples)) + names + samples))


@dataclass
class Server:
    """A running server."""

    name: str
    url: str
    process: "subprocess.Popen[str]"
    data: Path
    extra: dict[str, Any] = field(default_factory=dict)

    def cpu_s(self) -> float:
        """User and system seconds of the process and all its descendants so far."""
        root = psutil.Process(self.process.pid)
        total = 0.0
        for one in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
        return total

    def cpu_by_process(self) -> dict[str, float]:
        """The same for each process so far, by its module or program."""
        root, found = psutil.Process(self.process.pid), {}
        for one in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                name, times = program(one), one.cpu_times()
                found[name] = round(found.get(name, 0.0) + times.user + times.system, 2)
        return found

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        """One request over a connection that is kept; over a new one where the server closed it while it was idle."""
        link = self.extra.get("link")
        if link is None:
            link = self.extra["link"] = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=120)
        link.request(method, path, body, headers or {})
        try:
            answer = link.getresponse()
        except http.client.RemoteDisconnected:
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
        content: bytes = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{self.name}: {method} {path[:100]}: HTTP {answer.status} {content[:300]!r}")
        return content


def program(process: psutil.Process) -> str:
    """What a process runs: its module (of trimtab's children the last) or its program."""
    words = process.cmdline()
    if "-m" not in words:
        return Path(words[0]).name
    return " ".join(word for word in words[words.index("-m") + 1 :] if word.startswith(("trimtab", "agent")))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def trimtab(directory: Path, *, agent: bool = False) -> Iterator[Server]:
    """trimtab as a user starts it, its agent only if asked for; retention long enough for q2's series."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
    off = {f"TRIMTAB_{door}_ADDR": "off" for door in ("OTLP_HTTP", "OTLP_GRPC", "EMF", "STATSD")}
    environment |= off | {
        "TRIMTAB_HTTP_ADDR": "127.0.0.1:0",
        "TRIMTAB_DATA_DIR": str(directory),
        "TRIMTAB_RETENTION_RAW_DAYS": str(LONG_DAYS + 2),
    }
    with _process(
        [sys.executable, "-m", "trimtab", "up", "--agent" if agent else "--no-agent"], environment, subprocess.PIPE
    ) as process:
        output = []
        for line in process.stdout or ():
            output.append(line)
            if line.split()[:1] == ["pages"]:
                yield Server("trimtab", line.split()[1].rstrip("/"), process, directory)
                return
        raise SystemExit("trimtab did not start:\n" + "".join(output))


@contextmanager
def victoriametrics(directory: Path) -> Iterator[Server]:
    """Debian's victoria-metrics with its defaults; it must not drop q2's series."""
    port = _free_port()
    binary = shutil.which("victoria-metrics") or shutil.which("victoria-metrics-prod") or ""
    command = [binary, f"-storageDataPath={directory}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=1y"]
    command += ["-search.disableCache"]
    with _process(command, None, subprocess.DEVNULL) as process:
        _wait_for(port)
        yield Server("victoriametrics", f"http://127.0.0.1:{port}", process, directory)


@contextmanager
def prometheus(directory: Path) -> Iterator[Server]:
    """Debian's prometheus as a receiver."""
    port = _free_port()
    (directory / "prometheus.yml").write_text("global: {}\n")
    command = [
        "prometheus",
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
    ]
    with _process(command, None, subprocess.DEVNULL) as process:
        _wait_for(port)
        server = Server("prometheus", f"http://127.0.0.1:{port}", process, directory)
        while True:
            with suppress(SystemExit):
                server.call("GET", "/-/ready")
                break
            time.sleep(0.2)
        yield server


@contextmanager
def _process(command: list[str], environment: Any, out: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=out,
        stderr=subprocess.STDOUT if out == subprocess.PIPE else out,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def run_client(url: str, directory: Path) -> None:
    """Send each file's requests over a connection of its own; prints the latencies."""
    address = urllib.parse.urlsplit(url)
    path = "/api/v1/write"
    lines = [f"{name}: {value}\r\n" for name, value in remote_write.HEADERS.items()]
    start = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{''.join(lines)}Content-Length: "
    poll, links = select.poll(), {}
    files: dict[int, tuple[mmap.mmap, int]] = {}
    sent_at, waits, latencies = {}, 0, []

    def send(number: int) -> bool:
        data, at = files[number]
        if at >= len(data):
            return False
        length = struct.unpack_from("<I", data, at)[0]
        sent_at[number] = time.perf_counter()
        links[number].sendall(f"{start}{length}\r\n\r\n".encode() + data[at + 4 : at + 4 + length])
        return True

    for file in sorted(directory.glob("*.bin")):
        link = socket.create_connection((address.hostname, address.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        links[link.fileno()] = link
        with file.open("rb") as opened:
            files[link.fileno()] = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ), 0
        poll.register(link.fileno(), select.POLLIN)
        send(link.fileno())
    open_ = len(links)
    while open_:
        for number, _ in poll.poll():
            answer = links[number].recv(65536)
            status = int(answer[9:12] or b"0")
            if status in (429, 503):  # the server asks to wait
                waits += 1
                time.sleep(0.2)
            elif status in (200, 204):
                latencies.append(time.perf_counter() - sent_at[number])
                data, at = files[number]
                files[number] = data, at + 4 + struct.unpack_from("<I", data, at)[0]
            else:
                raise SystemExit(f"not taken: {answer[:300]!r}")
            if not send(number):
                poll.unregister(number)
                open_ -= 1
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    print(json.dumps({"requests": len(latencies), "waits": waits, "p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}))


def flush(server: Server) -> None:
    """Wait until everything that was acknowledged is in the store's own files and readable."""
    if server.name == "victoriametrics":
        server.call("GET", "/internal/force_flush")
    while server.name == "trimtab":
        text = server.call("GET", "/metrics").decode()
        line = next(line for line in text.splitlines() if line.startswith("trimtab_log_pending_bytes "))
        if float(line.split()[1]) == 0:
            return
        time.sleep(0.1)


def measure_writes(server: Server, load_: Load) -> dict[str, Any]:
    """CPU, time and bytes of the load."""
    cpu = server.cpu_s()
    _drive(server, _first(load_.directory))
    first = server.cpu_s() - cpu
    cpu, wall = server.cpu_s(), time.perf_counter()
    told = _drive(server, load_.directory)
    used, wall = server.cpu_s() - cpu, time.perf_counter() - wall
    time.sleep(_SETTLE_S)
    later = server.cpu_s() - cpu
    return {
        "samples": load_.samples,
        "samples_per_cpu_s": round(load_.samples / used),
        "samples_per_cpu_s_settled": round(load_.samples / later),
        "samples_per_s": round(load_.samples / wall),
        "cpu_s": round(used, 2),
        "first_cpu_s": round(first, 2),
        "cpu_by_process": server.cpu_by_process(),
        "bytes_a_sample": round(_bytes(server) / (load_.timestamps * SERIES), 3),
        **told,
    }


def _drive(server: Server, directory: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--client", server.url, "--load", str(directory)]
    told: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    flush(server)
    return told


def _bytes(server: Server) -> int:
    """Bytes of the samples in the store. Prometheus: of a snapshot, since its newest hours lie in its log."""
    if server.name == "trimtab":
        found = _telemetry(server).fetch_sync(
            "SELECT toInt64(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE active AND table = 'metric_samples'"
        )
        return int(found["bytes"][0])
    at = server.data / "data"
    if server.name == "prometheus":
        answer = json.loads(server.call("POST", "/api/v1/admin/tsdb/snapshot"))
        at = at / "snapshots" / answer["data"]["name"]
    return sum(file.stat().st_size for file in at.rglob("*") if file.is_file())


def _telemetry(server: Server) -> Telemetry:
    if "telemetry" not in server.extra:
        server.extra["telemetry"] = open_telemetry(load({"TRIMTAB_DATA_DIR": str(server.data)}))
    telemetry: Telemetry = server.extra["telemetry"]
    return telemetry


def measure_reads(server: Server, load_: Load, calls: int) -> dict[str, float]:
    """p50 in ms of each query."""
    ask = _trimtab_queries(server, load_) if server.name == "trimtab" else _promql_queries(server, load_)
    return {name: _p50(query, calls) for name, query in ask.items()}


def _p50(query: Callable[[int], Callable[[], Any]], calls: int) -> float:
    """The query is prepared for a number first; only the answer is timed. The first call warms up."""
    dice, took = random.Random(3), []
    for _ in range(calls + 1):
        ready = query(dice.randrange(HOSTS))
        began = time.perf_counter()
        ready()
        took.append(time.perf_counter() - began)
    return round(sorted(took[1:])[calls // 2] * 1000, 2)


def _promql_queries(server: Server, load_: Load) -> dict[str, Callable[[int], Callable[[], Any]]]:
    end = load_.end_s
    span = min(12 * 3600, load_.timestamps * STEP_S)
    minutes = [min(hours * 60, int(load_.hours * 60)) - 1 for hours in (3, 6)]

    def query(text: str, seconds: int, step: int, least: int) -> Callable[[], Any]:
        params = {"query": text, "start": end - seconds, "end": end, "step": step, "nocache": 1}
        path = f"/api/v1/query_range?{urllib.parse.urlencode(params)}"

        def ready() -> None:
            content = server.call("GET", path)
            if content.count(b'"]') < least:  # each point ends so
                raise SystemExit(f"{server.name} answers too little to {text}: {content[:300]!r}")

        return ready

    def one(number: int) -> str:
        mine = labels(number)
        return f'{mine["__name__"]}{{instance="{mine["instance"]}"}}'

    queries: dict[str, Callable[[int], Callable[[], Any]]] = {
        "q1": lambda host: query(f"avg_over_time({one(host)}[1m])", 3 * 3600, 60, minutes[0]),
        "q3": lambda host: query(
            f"avg_over_time({_NAMES[host % 5]}{{cluster!=''}}[1m])", 6 * 3600, 60, minutes[1] * HOSTS
        ),
        "q4": lambda _: query(f'topk(10, avg_over_time({{job="node"}}[{span}s]))', 0, 60, 10),
        "q5": lambda host: query(f"last_over_time({one(host)}[5m])", 0, 60, 1),
    }
    if server.name == "victoriametrics":
        long = f'{_NAMES[0]}{{instance="{_LONG["instance"]}"}}'
        queries["q2"] = lambda _: query(f"avg_over_time({long}[1h])", LONG_DAYS * 86_400, 3600, LONG_DAYS * 24 - 2)
    return dict(sorted(queries.items()))


def _trimtab_queries(server: Server, load_: Load) -> dict[str, Callable[[int], Callable[[], Any]]]:
    client = boto3.client(
        "cloudwatch",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"max_attempts": 0}, disable_request_compression=True),
    )
    captured: list[Any] = []

    def capture(request: Any, **_: Any) -> None:
        captured.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.cloudwatch.GetMetricData", capture)
    end = load_.end_s // 60 * 60

    def get(series: list[dict[str, str]], seconds: int, period: int) -> Callable[[], Any]:
        """The bytes that boto3 sends, sent without it: its reading of the answer is not the server's work."""
        queries = []
        for at, mine in enumerate(series):
            pairs = [{"Name": name, "Value": value} for name, value in mine.items() if name != "__name__"]
            metric = {"Namespace": "Prometheus", "MetricName": mine["__name__"], "Dimensions": pairs}
            stat = {"Metric": metric, "Period": period, "Stat": "Average"}
            queries.append({"Id": f"q{at}", "MetricStat": stat})
        times = {"StartTime": datetime.fromtimestamp(end - seconds, UTC), "EndTime": datetime.fromtimestamp(end, UTC)}
        with suppress(InterruptedError):
            client.get_metric_data(MetricDataQueries=queries, **times)
        request = captured.pop()
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
        }
        least = len(series) * (min(seconds, load_.timestamps * STEP_S) // period) * 7

        def ready() -> None:
            content = server.call("POST", "/", request.body, headers)
            if len(content) < least:
                raise SystemExit(f"trimtab answers too little: {len(content)} bytes {content[:300]!r}")

        return ready

    def thousand(host: int) -> Callable[[], Any]:
        metric = host % 5 * HOSTS
        parts = [
            get([labels(number) for number in range(first, first + 250)], 6 * 3600, 60)
            for first in range(metric, metric + HOSTS, 250)
        ]
        return lambda: [part() for part in parts]

    def last(host: int) -> Callable[[], Any]:
        mine = labels(host)
        pairs = [("dimension", f"{name}={value}") for name, value in mine.items() if name != "__name__"]
        at = [datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for when in (end - 285, end + 15)]
        query = [("namespace", "Prometheus"), ("name", mine["__name__"]), *pairs, ("statistic", "Last")]
        query += [("period", "5m"), ("start", at[0]), ("end", at[1])]
        path = f"/rest/v1/metrics/query?{urllib.parse.urlencode(query)}"
        return lambda: server.call("GET", path)

    read, ids = _read_function(server, load_)
    return {
        "q1": lambda host: get([labels(host)], 3 * 3600, 60),
        "q2": lambda _: get([_LONG], LONG_DAYS * 86_400, 3600),
        "q3": thousand,
        "q3_read_function": lambda host: lambda: read(ids[_NAMES[host % 5]], 6 * 3600, 60),
        "q4": lambda _: lambda: read([one for some in ids.values() for one in some], 12 * 3600, 12 * 3600, 10),
        "q5": last,
    }


def _read_function(server: Server, load_: Load) -> tuple[Callable[..., Any], dict[str, list[int]]]:
    """The metrics room's reader in this process, against the running server's engine."""
    telemetry, clock = _telemetry(server), SystemClock()
    registry = SeriesRegistry(telemetry, clock)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(registry.load())
    nothing: Any = None  # the log is asked only by `fresh`
    rollups = RollupChoice(telemetry, clock, Retention.of(load({"TRIMTAB_RETENTION_RAW_DAYS": str(LONG_DAYS + 2)})))
    reader = MetricReader(telemetry, registry, nothing, rollups)
    ids = {
        name: [one.id for one in registry.find(Scope(), SeriesQuery(namespace="Prometheus", name=name, limit=5000))]
        for name in _NAMES
    }
    average = parse_statistic("Average", "statistic")
    end_ms = (load_.end_s + 15) * 1000

    def read(series: list[int], seconds: int, period_s: int, top: int = 0) -> Any:
        start_ms = end_ms - seconds * 1000
        requests = [StatRequest((one,), average, period_s, start_ms if top else 0) for one in series]
        found = loop.run_until_complete(reader.statistics(Scope(), requests, start_ms, end_ms))
        if not all(len(one.values) for one in found[:HOSTS]):
            raise SystemExit("trimtab's read function answers nothing")
        return sorted((one.values[-1] for one in found if len(one.values)), reverse=True)[:top] if top else found

    return read, ids


def measure(start: Callable[[Path], Any], load_: Load, calls: int) -> dict[str, Any]:
    """Everything about one server."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, start(Path(directory)) as server:
        result = measure_writes(server, load_)
        print(f"{server.name} write: {result}", flush=True)
        if server.name != "prometheus":
            for body in long_bodies(load_.end_s):
                server.call("POST", "/api/v1/write", body, dict(remote_write.HEADERS))
            flush(server)
        result |= measure_reads(server, load_, calls)
        print(f"{server.name} read: {result}", flush=True)
        if "telemetry" in server.extra:
            server.extra["telemetry"].close()
        return result


_SERVERS = {"trimtab": trimtab, "victoriametrics": victoriametrics, "prometheus": prometheus}
_BINARIES = {"victoriametrics": ("victoria-metrics", "victoria-metrics-prod"), "prometheus": ("prometheus",)}


def main() -> None:
    """Measure all that are there, print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timestamps", type=int, default=1000, help="10,000 samples each; 2880 span 12 h")
    parser.add_argument("--only", choices=tuple(_SERVERS))
    parser.add_argument("--calls", type=int, default=15)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        run_client(options.client, options.load)
        return
    found: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory:
        load_ = build(Path(directory), options.timestamps)
        print(f"load: {load_.samples:,} samples over {load_.hours:.1f} h, {load_.bytes / load_.samples:.1f} bytes each")
        for name, start in _SERVERS.items():
            if options.only not in (None, name):
                continue
            binaries = _BINARIES.get(name, (sys.executable,))
            if not any(shutil.which(binary) for binary in binaries):
                left_out[name] = f"not installed: {' or '.join(binaries)} (apt-get install {binaries[0]})"
                continue
            found[name] = measure(start, load_, options.calls)
    _report(found, left_out, load_)


def _report(found: dict[str, dict[str, Any]], left_out: dict[str, str], load_: Load) -> None:
    rows = ("samples_per_cpu_s", "samples_per_cpu_s_settled", "samples_per_s", "bytes_a_sample", "first_cpu_s")
    reads = ("q1", "q2", "q3", "q3_read_function", "q4", "q5")
    spans = {"q3": 6, "q4": 12}
    print(f"\n{'':34}" + "".join(f"{name:>18}" for name in found))
    for row in (*rows, *reads):
        short = f" ({load_.hours:.1f} h)" if load_.hours < spans.get(row[:2], 0) else ""
        values = (one.get(row) for one in found.values())
        cells = "".join(f"{'–' if value is None else f'{value:,}':>18}" for value in values)
        print(f"{row + short + (' ms' if row in reads else ''):34}{cells}")
    for name, reason in left_out.items():
        print(f"{name} is left out: {reason}")
    summary: dict[str, Any] = {"bench": "remote_write", "series": SERIES, "hours": load_.hours, "cores": os.cpu_count()}
    summary |= {**found, "left_out": left_out}
    ours = found.get("trimtab", {})
    summary["ratios"] = {
        name: {row: round(ours[row] / theirs[row], 2) for row in (*rows, *reads) if ours.get(row) and theirs.get(row)}
        for name, theirs in found.items()
        if ours and name != "trimtab"
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
