"""CloudWatch on trimtab against moto's server, side by side, on the same bytes.

    python bench/bench_cloudwatch.py [--seconds 8] [--only trimtab|moto]

Writes: PutMetricData bodies of 20 and of 1,000 single-value datums, signed once by botocore (JSON 1.0), sent from 16
keep-alive connections of a separate process; each request gets an invocation id of its own, so that none is a retry.
The figure is datums per CPU-second of the server's whole process tree, until everything is readable. Reads:
GetMetricData over 100,000 points at 60 s, latency and CPU a call. The last line is one JSON object with the ratios.
"""

import argparse
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
from botocore.config import Config

CONNECTIONS = 16
SERIES = 50
"""Metrics of one host: bodies repeat series, as monitoring does."""
READ_POINTS = 100_000
READ_HOURS = 24
"""The points lie within a day: moto looks at every point once a period, and a longer span would take it hours."""
_ID = b"00000000-0000-4000-8000-000000000000"


@dataclass
class Server:
    """A running server: its URL and process."""

    name: str
    url: str
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """User and system seconds of the process and all its descendants so far."""
        root = psutil.Process(self.process.pid)
        total = 0.0
        for one in (root, *root.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total


@contextmanager
def trimtab() -> Iterator[Server]:
    """trimtab as a user starts it, without its agent."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
        environment |= {
            "TRIMTAB_HTTP_ADDR": "127.0.0.1:0",
            "TRIMTAB_OTLP_HTTP_ADDR": "off",
            "TRIMTAB_DATA_DIR": directory,
        }
        command = [sys.executable, "-m", "trimtab", "up", "--no-agent"]
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield Server("trimtab", _wait_for_url(process), process)
        finally:
            _stop(process)


def _wait_for_url(process: "subprocess.Popen[str]") -> str:
    output: list[str] = []
    for line in process.stdout or ():
        output.append(line)
        if line.split()[:1] == ["pages"]:
            return line.split()[1].rstrip("/")
    raise SystemExit("trimtab did not start:\n" + "".join(output))


@contextmanager
def moto() -> Iterator[Server]:
    """moto's own server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Server("moto", f"http://127.0.0.1:{port}", process)
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def client_of(url: str) -> Any:
    """A boto3 client of `url` that sends CloudWatch as boto3 does."""
    return boto3.client(
        "cloudwatch",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"max_attempts": 0}, read_timeout=3600, disable_request_compression=True),
    )


def raw_request(url: str, datums: int, namespace: str) -> bytes:
    """The bytes of one signed PutMetricData request with `_ID` as its invocation id."""
    client = client_of(url)
    captured: list[Any] = []

    def capture(request: Any, **_: Any) -> None:
        captured.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.cloudwatch.PutMetricData", capture)
    at = datetime.now(UTC)
    data = [
        {
            "MetricName": f"metric{number % SERIES}",
            "Dimensions": [{"Name": "InstanceId", "Value": "i-0123456789abcdef0"}, {"Name": "Stage", "Value": "prod"}],
            "Timestamp": at - timedelta(seconds=number // SERIES),
            "Value": number * 1.25,
            "Unit": "Count",
        }
        for number in range(datums)
    ]
    with suppress(InterruptedError):
        client.put_metric_data(Namespace=namespace, MetricData=data)
    request = captured[0]
    headers = {name: value for name, value in request.headers.items() if name.lower() != "amz-sdk-invocation-id"}
    lines = [f"{name}: {value.decode() if isinstance(value, bytes) else value}" for name, value in headers.items()]
    head = "\r\n".join(["POST / HTTP/1.1", f"Host: {urlsplit(url).netloc}", *lines]).encode()
    return head + b"\r\namz-sdk-invocation-id: " + _ID + b"\r\n\r\n" + request.body


def run_client(url: str, seconds: float, request: bytes) -> None:
    """Send `request` over CONNECTIONS connections for `seconds`; prints how many were answered, and how slowly."""
    address = (urlsplit(url).hostname, urlsplit(url).port)
    links = {sock.fileno(): sock for sock in (_connect(address) for _ in range(CONNECTIONS))}
    before, after = request.split(_ID)
    poll = select.poll()
    sent_at: dict[int, float] = {}
    buffers: dict[int, bytes] = {}
    latencies: list[float] = []

    def send(number: int) -> None:
        buffers[number] = b""
        sent_at[number] = time.perf_counter()
        links[number].sendall(before + str(uuid.uuid4()).encode() + after)

    for number in links:
        poll.register(number, select.POLLIN)
        send(number)
    end = time.perf_counter() + seconds
    open_ = len(links)
    while open_:
        for number, _ in poll.poll():
            part = links[number].recv(65536)
            buffers[number] += part
            if part and not _complete(buffers[number]):
                continue
            if not buffers[number].startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not answered with 200: {buffers[number][:300]!r}")
            latencies.append(time.perf_counter() - sent_at[number])
            if time.perf_counter() >= end:
                poll.unregister(number)
                open_ -= 1
            elif not part or b"connection: close" in buffers[number].lower():
                poll.unregister(number)
                links[number].close()
                fresh = _connect(address)
                links[fresh.fileno()] = fresh
                poll.register(fresh.fileno(), select.POLLIN)
                send(fresh.fileno())
            else:
                send(number)
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    print(json.dumps({"requests": len(latencies), "p50_ms": p50, "p99_ms": p99}))


def _connect(address: tuple[Any, Any]) -> socket.socket:
    sock = socket.create_connection(address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _complete(buffer: bytes) -> bool:
    head, separator, body = buffer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return False


def measure_writes(server: Server, datums: int, seconds: float) -> dict[str, float]:
    """Datums per CPU-second of the server, with everything sent readable at the end."""
    namespace = f"bench/{datums}"
    request = raw_request(server.url, datums, namespace)
    _drive(server.url, min(seconds, 2), request)  # warm up: imports, caches, connections
    _wait_until_readable(server.url, namespace)
    cpu, wall = server.cpu_s(), time.perf_counter()
    told = _drive(server.url, seconds, request)
    _wait_until_readable(server.url, namespace)
    cpu, wall = server.cpu_s() - cpu, time.perf_counter() - wall
    total = told["requests"] * datums
    return {"datums_per_cpu_s": total / cpu, "datums_per_s": total / wall, "cpu_s": cpu, "datums": total, **told}


def _drive(url: str, seconds: float, request: bytes) -> dict[str, float]:
    command = [sys.executable, __file__, "--client", url, "--seconds", str(seconds)]
    done = subprocess.run(command, input=request, stdout=subprocess.PIPE, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _wait_until_readable(url: str, namespace: str) -> None:
    """trimtab acknowledges from its log; a read waits for what is on its way to the engine. moto has it at once."""
    client, now = client_of(url), datetime.now(UTC)
    metric = {"Namespace": namespace, "MetricName": "nothing"}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "SampleCount"}}
    for _ in range(5):  # a read waits at most a second
        began = time.perf_counter()
        client.get_metric_data(MetricDataQueries=[query], StartTime=now - timedelta(minutes=1), EndTime=now)
        if time.perf_counter() - began < 0.9:
            return


def measure_reads(server: Server, calls: int) -> dict[str, float]:
    """Latency and CPU of GetMetricData over READ_POINTS points of one metric at 60 s."""
    client = client_of(server.url)
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    step = timedelta(hours=READ_HOURS) / READ_POINTS
    for first in range(0, READ_POINTS, 1000):
        data = [
            {"MetricName": "load", "Timestamp": end - step * (number + 1), "Value": float(number % 977)}
            for number in range(first, first + 1000)
        ]
        client.put_metric_data(Namespace="bench/read", MetricData=data)
    _wait_until_readable(server.url, "bench/read")
    metric = {"Namespace": "bench/read", "MetricName": "load"}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}
    latencies, cpu, points = [], server.cpu_s(), 0
    for _ in range(calls):
        began = time.perf_counter()
        answer = client.get_metric_data(
            MetricDataQueries=[query], StartTime=end - timedelta(hours=READ_HOURS), EndTime=end
        )
        latencies.append(time.perf_counter() - began)
        points = len(answer["MetricDataResults"][0]["Values"])
    cpu = (server.cpu_s() - cpu) / calls
    return {"latency_ms": sorted(latencies)[calls // 2] * 1000, "cpu_ms": cpu * 1000, "points": points}


def measure(start: Callable[[], Any], seconds: float, calls: int) -> dict[str, dict[str, float]]:
    """Everything about one server."""
    results = {}
    with start() as server:
        for datums in (20, 1000):
            results[f"put_{datums}"] = measure_writes(server, datums, seconds)
            print(f"{server.name} put {datums}: {results[f'put_{datums}']}", flush=True)
    with start() as server:  # afresh: moto's reads slow down with everything that it holds
        results["get_100k"] = measure_reads(server, calls)
        print(f"{server.name} get: {results['get_100k']}", flush=True)
    return results


def main() -> None:
    """Measure both, print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", choices=("trimtab", "moto"))
    parser.add_argument("--client", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        run_client(options.client, options.seconds, sys.stdin.buffer.read())
        return
    found = {}
    if options.only != "moto":
        found["trimtab"] = measure(trimtab, options.seconds, 20)
    if options.only != "trimtab":
        found["moto"] = measure(moto, options.seconds, 1)
    _report(found)


def _report(found: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"\n{'':10} {'put 20':>18} {'put 1000':>18} {'get 100k':>14} {'get 100k':>14}")
    print(f"{'':10} {'datums/CPU-s':>18} {'datums/CPU-s':>18} {'latency ms':>14} {'CPU ms':>14}")
    for name, rows in found.items():
        writes = [rows[f"put_{datums}"]["datums_per_cpu_s"] for datums in (20, 1000)]
        read = rows["get_100k"]
        print(f"{name:10} {writes[0]:18,.0f} {writes[1]:18,.0f} {read['latency_ms']:14,.1f} {read['cpu_ms']:14,.1f}")
    summary: dict[str, Any] = {"bench": "cloudwatch", "connections": CONNECTIONS, "cores": os.cpu_count(), **found}
    if len(found) == 2:
        ours, theirs = found["trimtab"], found["moto"]
        summary["ratios"] = {
            key: round(ours[key]["datums_per_cpu_s"] / theirs[key]["datums_per_cpu_s"], 1)
            for key in ("put_20", "put_1000")
        } | {
            f"get_100k_{part}": round(theirs["get_100k"][part] / ours["get_100k"][part], 1)
            for part in ("latency_ms", "cpu_ms")
        }
    print(json.dumps(summary))


if __name__ == "__main__":
    assert Path(__file__).exists()
    main()
