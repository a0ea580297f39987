"""An hour of everything at once, and whether any process still grows, alarms are late, or a row is missing.

    python bench/soak.py [--seconds 3600] [--series 300000] [--every 15] [--pages 30] [--alarms 500]

Each second: remote-write requests with the series whose turn it is (each gets a sample every `--every` seconds: 20,000
samples a second), 1,000 log lines and 200 spans by OTLP, a PutMetricData of 20 datums with an idempotency token of its
own and a GetMetricData of the last hour. Beside it `--pages` people look at live pages (each is read again every 5 s,
as a browser does), 5 follow a log, `--alarms` alarms are evaluated every minute, and a report is written each minute.

The resident memory of every process is read every 5 s. Flat means: the median of every minute of the second half is
within 5 % of the median of that half. At the end everything that was acknowledged is counted in the engine. Exits with
1 where a process is not flat, a request failed, a row is missing or twice there, or alarms were 10 s late; the last
line is JSON.
"""

import argparse
import http.client
import itertools
import json
import os
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import cramjam
import numpy as np
import psutil
from bench_remote_write import Server, flush, request_template, time_varint, trimtab
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.demo import remote_write
from trimtab.settings import load
from trimtab.stores import open_telemetry

SAMPLE_S, LIVE_S = 5, 5
FLAT, LATE_S = 0.05, 10.0
LINES, SPANS, REQUEST = 1000, 200, 2000
_PAGES = ("/", "/hosts", "/explore/metrics", "/sources", "/kpis", "/alarms", "/logs", "/traces", "/runs")
_FOLLOWERS = 5
_TARGET = "GraniteServiceVersion20100801."
_MIB = 1 << 20
_GROUP = "soak"
_JSON = {"Content-Type": "application/json"}


@dataclass
class Told:
    """What was answered, by kind of request; written by several threads."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rows: Counter[str] = field(default_factory=Counter)
    """Rows that were acknowledged, by table."""
    late: list[float] = field(default_factory=list)
    """How late alarms were, every 5 s."""


class Sender:
    """One connection, used by one thread."""

    def __init__(self, url: str, told: Told) -> None:
        self._link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=120)
        self._told = told

    def call(self, kind: str, method: str, path: str, body: bytes = b"", headers: Any = None) -> bytes | None:
        """The answer's body, or None where it failed; 429 and 503 are asked again, as every client does."""
        began = time.monotonic()
        for _ in range(60):
            try:
                self._link.request(method, path, body, headers or {})
                answer = self._link.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as problem:
                self._link.close()
                self._told.failures.append(f"{kind}: {problem!r}")
                return None
            self._told.answers[f"{kind} {answer.status}"] += 1
            if answer.status not in (429, 503):
                break
            time.sleep(1)
        self._told.seconds[kind].append(time.monotonic() - began)
        if answer.status >= 400:
            self._told.failures.append(f"{kind} {path}: HTTP {answer.status} {text[:200]!r}")
            return None
        return text

    def aws(self, operation: str, asked: dict[str, Any], more: dict[str, str]) -> bytes | None:
        """One operation of CloudWatch."""
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": _TARGET + operation, **more}
        return self.call(operation, "POST", "/", json.dumps(asked).encode(), headers)


class Samples:
    """Remote write: in each second the series whose turn it is."""

    def __init__(self, sender: Sender, told: Told, series: int, every_s: int) -> None:
        self._sender, self._told = sender, told
        size = -(-series // every_s)
        turns = [range(first, min(first + size, series)) for first in range(0, series, size)]
        self._turns = [
            [request_template(turn[at : at + REQUEST]) for at in range(0, len(turn), REQUEST)] for turn in turns
        ]
        self._dice = np.random.default_rng(5)

    def second(self, number: int) -> None:
        """Send what belongs to second `number`."""
        moment = time_varint(int(time.time() * 1000))  # in ms: two turns that catch up in one second are two samples
        for template, values_at, times_at in self._turns[number % len(self._turns)]:
            rows = len(values_at)
            values = self._dice.normal(50, 10, rows).round(2)
            template[values_at] = values.astype("<f8").view(np.uint8).reshape(rows, 8)
            template[times_at] = moment
            body = bytes(cramjam.snappy.compress_raw(template.tobytes()))
            if self._sender.call("write", "POST", remote_write.PATH, body, dict(remote_write.HEADERS)) is not None:
                self._told.rows["metric_samples"] += rows


class Rest:
    """Lines, spans, data of CloudWatch, and questions."""

    def __init__(self, sender: Sender, told: Told) -> None:
        self._sender, self._told = sender, told

    def second(self, number: int) -> None:
        """Send what belongs to second `number`."""
        now = int(time.time())
        self._lines(number, now)
        self._spans(number, now)
        data = [
            {
                "MetricName": "Latency",
                "Value": float(at),
                "Timestamp": now,
                "Dimensions": [{"Name": "api", "Value": f"{at}"}],
            }
            for at in range(20)
        ]
        put = {"Namespace": "Soak", "MetricData": data}
        if self._sender.aws("PutMetricData", put, {"Idempotency-Key": f"soak-{number}"}) is not None:
            self._told.rows["metric_values"] += len(data)
        stat = {
            "Metric": {
                "Namespace": "Soak",
                "MetricName": "Latency",
                "Dimensions": [{"Name": "api", "Value": str(number % 20)}],
            },
            "Period": 60,
            "Stat": ("Average", "p99", "Sum")[number % 3],
        }
        asked = {"MetricDataQueries": [{"Id": "a", "MetricStat": stat}], "StartTime": now - 3600, "EndTime": now}
        self._sender.aws("GetMetricData", asked, {})

    def _lines(self, number: int, now: int) -> None:
        records = [
            {
                "timeUnixNano": str(now * 10**9 + at * 10**6),
                "severityText": "INFO" if at % 50 else "ERROR",
                "body": {"stringValue": f"request {number * LINES + at} of user-{at % 97} took {at % 413} ms"},
            }
            for at in range(LINES)
        ]
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": _GROUP}}]}
        body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}
        if self._sender.call("lines", "POST", "/v1/logs", json.dumps(body).encode(), _JSON) is not None:
            self._told.rows["log_events"] += LINES

    def _spans(self, number: int, now: int) -> None:
        request = ExportTraceServiceRequest()
        spans = request.resource_spans.add()
        attribute = spans.resource.attributes.add(key="service.name")
        attribute.value.string_value = _GROUP
        scope = spans.scope_spans.add()
        for at in range(SPANS):
            trace, place = divmod(at, 5)
            start = now * 10**9 + at * 10**6
            span = scope.spans.add(
                trace_id=(number * SPANS + trace + 1).to_bytes(16, "big"),
                span_id=(number * SPANS + at + 1).to_bytes(8, "big"),
                name=f"step {place}",
                kind=2 if place == 0 else 3,
                start_time_unix_nano=start,
                end_time_unix_nano=start + (1 + at % 17) * 10**6,
            )
            if place:
                span.parent_span_id = (number * SPANS + at).to_bytes(8, "big")
        headers = {"Content-Type": "application/x-protobuf"}
        if self._sender.call("spans", "POST", "/v1/traces", request.SerializeToString(), headers) is not None:
            self._told.rows["spans"] += SPANS


class Steady:
    """Threads that each do one thing at its seconds until all is over. What is behind skips no second."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.behind_s: dict[str, float] = {}

    def every(self, name: str, seconds: float, act: Callable[[int], None], first_s: float = 0.0) -> None:
        """Act again and again, `seconds` apart."""

        def go() -> None:
            began = time.monotonic() + first_s
            for number in itertools.count():
                wait = began + number * seconds - time.monotonic()
                self.behind_s[name] = max(self.behind_s.get(name, 0.0), -wait)
                if self.over.wait(max(0.0, wait)):
                    return
                act(number)

        self._threads.append(threading.Thread(target=go, name=name, daemon=True))
        self._threads[-1].start()

    def end(self) -> None:
        """Let what is under way end."""
        self.over.set()
        for thread in self._threads:
            thread.join(180)


def put_alarms(sender: Sender, count: int) -> None:
    """Alarms on the data of PutMetricData: every fifth changes its state now and then."""
    for number in range(count):
        alarm = {
            "AlarmName": f"soak-{number}",
            "Namespace": "Soak",
            "MetricName": "Latency",
            "Dimensions": [{"Name": "api", "Value": str(number % 20)}],
            "Statistic": ("Average", "Maximum", "Sum")[number % 3],
            "Period": 60,
            "EvaluationPeriods": 3,
            "Threshold": 5.0 + number % 10,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        sender.aws("PutMetricAlarm", alarm, {})


def follow(url: str, told: Told, over: threading.Event) -> None:
    """Follow a log until all is over."""
    link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    link.request("GET", f"/rest/v1/logs/tail?group={_GROUP}")
    answer = link.getresponse()
    if answer.status != 200:
        told.failures.append(f"tail: HTTP {answer.status} {answer.read(200)!r}")
        return
    while not over.is_set():
        if not answer.read1(65536):
            told.failures.append("tail: it ended")
            return
    link.close()


def memory(server: Server) -> dict[str, float]:
    """Resident MiB of each process of the server, by its module."""
    root, found = psutil.Process(server.process.pid), {}
    for one in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            words = one.cmdline()
            name = words[words.index("-m") + 1] if "-m" in words else Path(words[0]).name
            found[f"{name} {one.pid}"] = one.memory_info().rss / _MIB
    return found


def run(server: Server, told: Told, options: argparse.Namespace) -> dict[str, list[tuple[float, float]]]:
    """Keep the load up; (second, MiB) of each process."""
    seen = defaultdict[str, list[tuple[float, float]]](list)
    steady, began = Steady(), time.monotonic()
    first = Sender(server.url, told)
    rest = Rest(first, told)
    rest.second(0)
    put_alarms(first, options.alarms)

    def look(number: int) -> None:
        elapsed = time.monotonic() - began
        for name, mib in memory(server).items():
            seen[name].append((elapsed, mib))
        text = watcher.call("metrics", "GET", "/metrics") or b""
        told.late += [float(line.split()[1]) for line in text.decode().splitlines() if line.startswith(_LATE)]
        if number % 60 == 0:
            now = {name: round(points[-1][1]) for name, points in seen.items()}
            behind = {name: round(worst, 1) for name, worst in steady.behind_s.items() if worst > 1}
            print(f"{elapsed:6.0f} s, {dict(told.rows)}, MiB: {now}, behind: {behind}", flush=True)
            print(f"         late: {max(told.late, default=None)}, failures: {len(told.failures)}", flush=True)

    watcher = Sender(server.url, told)
    samples = Samples(Sender(server.url, told), told, options.series, options.every)
    steady.every("samples", 1, samples.second)
    steady.every("rest", 1, lambda number: rest.second(number + 1))
    steady.every("watcher", SAMPLE_S, look)
    reporter = Sender(server.url, told)
    steady.every(
        "report", 60, lambda _: _nothing(reporter.call("report", "GET", "/reports/now?template=weekly-fleet")), 30
    )
    for person in range(options.pages):
        path, sender = _PAGES[person % len(_PAGES)], Sender(server.url, told)
        steady.every(f"page {person}", LIVE_S, _looking(sender, path), person * LIVE_S / max(options.pages, 1))
    for _ in range(_FOLLOWERS):
        threading.Thread(target=follow, args=(server.url, told, steady.over), daemon=True).start()
    time.sleep(options.seconds)
    steady.end()
    return seen


_LATE = "trimtab_alarms_late_seconds "


def _looking(sender: Sender, path: str) -> Callable[[int], None]:
    return lambda _: _nothing(sender.call(f"page {path}", "GET", path, headers={"Accept": "text/html"}))


def _nothing(_: object) -> None:
    return None


def missing(server: Server, told: Told) -> dict[str, dict[str, int]]:
    """Rows that were acknowledged and rows that are there, by table, where these differ."""
    flush(server)
    telemetry = open_telemetry(load({"TRIMTAB_DATA_DIR": str(server.data)}))
    found = dict(_counted(telemetry))
    return {
        table: {"acknowledged": rows, "there": found[table]}
        for table, rows in told.rows.items()
        if found[table] != rows
    }


def _counted(telemetry: Any) -> Iterator[tuple[str, int]]:
    """Rows by table; of samples, of which a repeat replaces, the moments of each series."""

    def rows(sql: str) -> int:
        return int(telemetry.fetch_sync(f"SELECT toInt64(sum(rows)) AS rows FROM ({sql})")["rows"][0])

    of_samples = (
        "SELECT uniqExact(time) AS rows FROM metric_samples WHERE series % 16 = {} AND series IN "
        "(SELECT series FROM metric_series WHERE startsWith(name, 'node_bench_reading_')) GROUP BY series"
    )
    yield "metric_samples", sum(rows(of_samples.format(part)) for part in range(16))
    yield (
        "metric_values",
        rows(
            "SELECT sum(count) AS rows FROM metric_values WHERE series IN "
            "(SELECT series FROM metric_series WHERE namespace = 'Soak')"
        ),
    )
    yield "log_events", rows(f"SELECT count() AS rows FROM log_events WHERE log_group = '{_GROUP}'")
    yield "spans", rows(f"SELECT count() AS rows FROM spans WHERE service = '{_GROUP}'")


def judge(points: list[tuple[float, float]]) -> dict[str, Any]:
    """The second half of a process's memory: its median, and how far any minute's median is from it."""
    half = [(at, mib) for at, mib in points if at >= points[-1][0] / 2]
    middle = median(mib for _, mib in half)
    minutes = defaultdict[int, list[float]](list)
    for at, mib in half:
        minutes[int(at // 60)].append(mib)
    medians = [median(one) for one in minutes.values()]
    return {
        "median_mib": round(middle, 1),
        "lowest": f"{min(medians) / middle - 1:+.1%}",
        "highest": f"{max(medians) / middle - 1:+.1%}",
        "last_minute": f"{medians[-1] / middle - 1:+.1%}",
        "flat": all(abs(one / middle - 1) <= FLAT for one in medians),
    }


def main() -> None:
    """Run the load and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--series", type=int, default=300_000)
    parser.add_argument("--every", type=int, default=15)
    parser.add_argument("--pages", type=int, default=30)
    parser.add_argument("--alarms", type=int, default=500)
    options = parser.parse_args()
    told = Told()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, trimtab(Path(directory)) as server:
        cpu = server.cpu_s()
        seen = run(server, told, options)
        verdicts = {name: judge(points) for name, points in seen.items() if len(points) > 20}
        cpu = server.cpu_s() - cpu
        wrong = missing(server, told)
    for name, verdict in verdicts.items():
        print(f"{name:32} {verdict}")
    for kind, times in sorted(told.seconds.items()):
        p50, p99 = (quantiles(times, n=100)[at] for at in (49, 98)) if len(times) > 1 else (times[0], times[0])
        print(f"{kind:24} {len(times):8,} p50 {p50:.3f} s, p99 {p99:.3f} s, at most {max(times):.3f} s")
    for failure in told.failures[:10]:
        print(failure)
    flat = all(verdict["flat"] for verdict in verdicts.values())
    late = max(told.late, default=0.0)
    summary = {
        "bench": "soak",
        "seconds": options.seconds,
        "rows": dict(told.rows),
        "wrong": wrong,
        "answers": dict(told.answers),
        "late_s": late,
        "cpu_s": round(cpu),
        "load": round(os.getloadavg()[2], 1),
        "failures": len(told.failures),
        "flat": flat,
        "rss": verdicts,
    }
    print(json.dumps(summary))
    sys.exit(0 if flat and not told.failures and not wrong and late < LATE_S else 1)


if __name__ == "__main__":
    main()
