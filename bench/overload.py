"""Far more than the machine can take, at one door after another: what it costs in memory, what is answered, how long
it takes to be well again.

    python bench/overload.py [--seconds 600] [--connections 128] [--only remote-write]

First two connections send one request after another for 10 s: what the door can take. Then `--connections` of them send
large bodies, each again as soon as it is answered, also where the answer was 429 or 503: no client is so rude. Shown
are requests answered by status, `offered` (requests a second over what the door can take), the highest resident memory
of server and engine, how long /healthz took beside it, and how long after the end until a request is taken within a
second and nothing waits in the log. Exits with 1 where a status is neither success, 429, 503 nor 507, memory passes the
budget, or that takes 30 s. The last line is JSON.
"""

import argparse
import http.client
import json
import selectors
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cramjam
import psutil
from bench_remote_write import Server, request_template, time_varint, trimtab
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.demo import remote_write
from trimtab.settings import load

CAPACITY_S, RECOVERED_S = 10.0, 30.0
_JSON = {"Content-Type": "application/json"}
_PROTOBUF = {"Content-Type": "application/x-protobuf"}
_MIB = 1 << 20
_TAKEN, _REFUSED = range(200, 300), (429, 503, 507)


@dataclass(frozen=True)
class Door:
    """One way in, and a large body for it."""

    name: str
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    first: "tuple[Door, ...]" = ()
    """What is asked once before: a log group must be there."""

    @property
    def request(self) -> bytes:
        """The whole request."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def doors() -> Iterator[Door]:
    """Every door with a body of many rows, of now."""
    now = int(time.time())
    template, _, times_at = request_template(range(10_000))
    template[times_at] = time_varint(now * 1000)
    yield Door(
        "remote-write",
        remote_write.PATH,
        dict(remote_write.HEADERS),
        bytes(cramjam.snappy.compress_raw(template.tobytes())),
    )
    records = [
        {
            "timeUnixNano": str(now * 10**9 + at),
            "severityText": "INFO",
            "body": {"stringValue": f"request {at} took 7 ms"},
        }
        for at in range(5000)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "overload"}}]}
    logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}
    yield Door("otlp-logs", "/v1/logs", _JSON, json.dumps(logs).encode())
    yield Door("otlp-traces", "/v1/traces", _PROTOBUF, _spans(now))
    yield Door("otlp-metrics", "/v1/metrics", _PROTOBUF, _points(now))
    data = [
        {"MetricName": "m", "Dimensions": [{"Name": "d", "Value": str(at)}], "Timestamp": now, "Value": float(at)}
        for at in range(1000)
    ]
    yield _aws(
        "put-metric-data", "GraniteServiceVersion20100801.PutMetricData", "1.0", {"Namespace": "O", "MetricData": data}
    )
    events = [{"timestamp": now * 1000 + at // 5, "message": f"request {at} took 7 ms"} for at in range(5000)]
    put = {"logGroupName": "overload", "logStreamName": "s", "logEvents": events}
    group = {name: put[name] for name in ("logGroupName", "logStreamName")}
    made = (
        _aws("group", "Logs_20140328.CreateLogGroup", "1.1", {"logGroupName": "overload"}),
        _aws("stream", "Logs_20140328.CreateLogStream", "1.1", group),
    )
    yield replace(_aws("put-log-events", "Logs_20140328.PutLogEvents", "1.1", put), first=made)
    metrics = [{"name": "m", "value": at, "dimensions": {"d": str(at)}} for at in range(1000)]
    yield Door("rest-metrics", "/rest/v1/metrics", _JSON, json.dumps({"namespace": "R", "metrics": metrics}).encode())
    lines = [{"message": f"request {at} took 7 ms"} for at in range(5000)]
    yield Door("rest-logs", "/rest/v1/logs/ingest?group=overload", _JSON, json.dumps(lines).encode())
    asked = {"query": "sum by (cluster) (rate(node_bench_reading_7[5m]))", "start": now - 3600, "end": now, "step": 15}
    yield Door("promql", f"/api/v1/query_range?{urllib.parse.urlencode(asked)}", {}, b"", "GET")
    yield Door("page", "/explore/metrics", {"Accept": "text/html"}, b"", "GET")


def _aws(name: str, target: str, version: str, asked: dict[str, Any]) -> Door:
    headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
    return Door(name, "/", headers, json.dumps(asked).encode())


def _spans(now: int) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add()
    spans.resource.attributes.add(key="service.name").value.string_value = "overload"
    scope = spans.scope_spans.add()
    for at in range(2000):
        start = now * 10**9 + at
        scope.spans.add(
            trace_id=(at // 5 + 1).to_bytes(16, "big"),
            span_id=(at + 1).to_bytes(8, "big"),
            name="step",
            kind=2,
            start_time_unix_nano=start,
            end_time_unix_nano=start + 10**6,
        )
    return bytes(request.SerializeToString())


def _points(now: int) -> bytes:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add()
    metrics.resource.attributes.add(key="service.name").value.string_value = "overload"
    gauge = metrics.scope_metrics.add().metrics.add(name="overload.gauge", unit="1").gauge
    for at in range(5000):
        point = gauge.data_points.add(time_unix_nano=now * 10**9, as_double=float(at))
        point.attributes.add(key="host.name").value.string_value = f"host-{at}"
    return bytes(request.SerializeToString())


class Senders:
    """Connections that send one request again and again, in one thread."""

    def __init__(self, address: tuple[str, int], door: Door, connections: int) -> None:
        self._address, self._request = address, door.request
        self._waiting: dict[socket.socket, tuple[memoryview, bytearray]] = {}
        self._ready = selectors.DefaultSelector()
        self.answers: Counter[int] = Counter()
        self.cut = 0
        for _ in range(connections):
            self._open()

    def _open(self) -> None:
        link = socket.create_connection(self._address, timeout=30)
        link.setblocking(False)
        self._waiting[link] = memoryview(self._request), bytearray()
        self._ready.register(link, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def run(self, seconds: float) -> None:
        """Keep all of them busy for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, events in self._ready.select(0.5):
                link: Any = key.fileobj
                try:
                    if events & selectors.EVENT_WRITE:
                        self._write(link)
                    if events & selectors.EVENT_READ:
                        self._read(link)
                except OSError:
                    self._lost(link)

    def _write(self, link: socket.socket) -> None:
        rest, answer = self._waiting[link]
        rest = rest[link.send(rest[: 1 << 18]) :]
        self._waiting[link] = rest, answer
        if not rest:
            self._ready.modify(link, selectors.EVENT_READ)

    def _read(self, link: socket.socket) -> None:
        rest, answer = self._waiting[link]
        found = link.recv(1 << 18)
        if not found:
            self._lost(link)
            return
        answer += found
        head, ended, body = bytes(answer).partition(b"\r\n\r\n")
        if not ended or not _whole(head.lower(), body):
            return
        self.answers[int(head[9:12])] += 1
        if rest or b"connection: close" in head.lower():  # it was answered before all was sent
            self._again(link)
            return
        self._waiting[link] = memoryview(self._request), bytearray()
        self._ready.modify(link, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _lost(self, link: socket.socket) -> None:
        self.cut += 1
        self._again(link)

    def _again(self, link: socket.socket) -> None:
        self._ready.unregister(link)
        del self._waiting[link]
        link.close()
        with suppress(OSError):
            self._open()

    def close(self) -> None:
        """Close all."""
        for link in self._waiting:
            link.close()
        self._ready.close()


def _whole(head: bytes, body: bytes) -> bool:
    length = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), None)
    if length is not None:
        return len(body) >= int(length.split(b":")[1])
    return b"\r\n0\r\n\r\n" in body or body.startswith(b"0\r\n\r\n") or b" 204 " in head[:16] + b" "


@dataclass
class Watch:
    """What a second connection sees meanwhile."""

    server: Server
    memory: dict[str, float] = field(default_factory=dict)
    alive_s: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def go(self) -> None:
        """Look four times a second."""
        root = psutil.Process(self.server.process.pid)
        while not self.over.wait(0.25):
            began = time.monotonic()
            with suppress(OSError, http.client.HTTPException):
                ask(self.server.url, "GET", "/healthz")
            self.alive_s.append(time.monotonic() - began)
            for one in root.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    words = one.cmdline()
                    name = words[-1].rpartition(".")[2] if "trimtab.child" in words else "engine"
                    if "trimtab.store.telemetry.owner" in words or "trimtab.child" in words:
                        self.memory[name] = max(self.memory.get(name, 0.0), one.memory_info().rss / _MIB)


def ask(url: str, method: str, path: str, body: bytes = b"", headers: Any = None) -> tuple[int, bytes]:
    """One request over a connection of its own."""
    link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=120)
    try:
        link.request(method, path, body, headers or {})
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


def recovery_s(server: Server, door: Door) -> float:
    """Until a request is taken within a second, all is ready, and nothing waits in the logs."""
    began = time.monotonic()
    while time.monotonic() - began < 300:
        asked = time.monotonic()
        with suppress(OSError, http.client.HTTPException):
            status, _ = ask(server.url, door.method, door.path, door.body, door.headers)
            quick = time.monotonic() - asked < 1.0
            if status in _TAKEN and quick and ask(server.url, "GET", "/readyz")[0] == 200 and _drained(server):
                return time.monotonic() - began
        time.sleep(0.2)
    return time.monotonic() - began


def _drained(server: Server) -> bool:
    text = ask(server.url, "GET", "/metrics")[1].decode()
    lines = [line for line in text.splitlines() if line.startswith("trimtab_log_pending_bytes ")]
    return all(float(line.split()[1]) < 8 * _MIB for line in lines)


def overload(server: Server, door: Door, options: argparse.Namespace) -> dict[str, Any]:
    """One door's figures."""
    address = urllib.parse.urlsplit(server.url)
    place = address.hostname or "", address.port or 0
    for one in door.first:
        ask(server.url, one.method, one.path, one.body, one.headers)
    ask(server.url, door.method, door.path, door.body, door.headers)  # its series are known, its code is compiled
    calm = Senders(place, door, 2)
    calm.run(CAPACITY_S)
    calm.close()
    takes = sum(count for status, count in calm.answers.items() if status in _TAKEN) / CAPACITY_S
    watch = Watch(server)
    looking = threading.Thread(target=watch.go)
    looking.start()
    rude = Senders(place, door, options.connections)
    rude.run(options.seconds)
    rude.close()
    well_s = recovery_s(server, door)
    watch.over.set()
    looking.join()
    alive = sorted(watch.alive_s)
    total = sum(rude.answers.values())
    return {
        "door": door.name,
        "body_kb": len(door.body) >> 10,
        "takes_per_s": round(takes, 1),
        "offered": round(total / options.seconds / takes, 1) if takes else None,
        "answers": dict(sorted(rude.answers.items())),
        "cut": rude.cut,
        "mib": {name: round(mib) for name, mib in watch.memory.items()},
        "healthz_p50_s": round(alive[len(alive) // 2], 3),
        "healthz_max_s": round(alive[-1], 2),
        "well_after_s": round(well_s, 1),
    }


def fails(found: dict[str, Any], budget: dict[str, int]) -> list[str]:
    """What of a door's figures is not as it should be."""
    odd = [status for status in found["answers"] if status not in _TAKEN and status not in _REFUSED]
    wrong = [f"{found['door']}: status {status}" for status in odd]
    wrong += [
        f"{found['door']}: {name} held {found['mib'][name]} MiB of {most}"
        for name, most in budget.items()
        if found["mib"].get(name, 0) > most
    ]
    return wrong + (
        [f"{found['door']}: well after {found['well_after_s']} s"] if found["well_after_s"] > RECOVERED_S else []
    )


def main() -> None:
    """Overload each door and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    results, wrong = [], list[str]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, trimtab(Path(directory)) as server:
        settings = load({"TRIMTAB_DATA_DIR": directory})
        budget = {"server": settings.server_memory_mb, "engine": settings.engine_memory_mb}
        _prepare(lambda *asked: ask(server.url, *asked))
        for door in doors():
            if options.only in door.name:
                results.append(overload(server, door, options))
                wrong += fails(results[-1], budget)
                print(json.dumps(results[-1]), flush=True)
    for line in wrong:
        print(line)
    print(
        json.dumps(
            {"bench": "overload", "seconds": options.seconds, "budget_mib": budget, "wrong": wrong, "doors": results}
        )
    )
    sys.exit(1 if wrong else 0)


def _prepare(call: Callable[..., tuple[int, bytes]]) -> None:
    """The log stream that PutLogEvents writes to."""
    for operation, asked in (
        ("CreateLogGroup", {"logGroupName": "overload"}),
        ("CreateLogStream", {"logGroupName": "overload", "logStreamName": "s"}),
    ):
        door = _aws("", f"Logs_20140328.{operation}", "1.1", asked)
        call("POST", "/", door.body, door.headers)


if __name__ == "__main__":
    main()
