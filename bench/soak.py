"""A steady load for an hour, and whether the memory of any process still grows.

    python bench/soak.py [--seconds 3600] [--series 10000] [--every 15]

Each second: a remote-write request with the series whose turn it is (each gets a sample every `--every` seconds), a
PutMetricData of 20 datums with an idempotency token of its own, a GetMetricData over the last hour, and one page. The
resident memory of every process is read every 5 s. Flat means: the median of every minute of the second half is
within 5 % of the median of that half. Exits with 1 where a process is not flat or a request failed; the last line is
JSON.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
import urllib.parse
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import cramjam
import numpy as np
import psutil
from bench_remote_write import Server, request_template, time_varint, trimtab

from trimtab.demo import remote_write

SAMPLE_S = 5
FLAT = 0.05
_PAGES = ("/", "/hosts", "/explore/metrics", "/sources", "/kpis")
_TARGET = "GraniteServiceVersion20100801."
_MIB = 1 << 20


class Load:
    """What is sent in each second."""

    def __init__(self, url: str, series: int, every_s: int) -> None:
        self._link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        size = -(-series // every_s)
        self._slices = [request_template(range(first, min(first + size, series))) for first in range(0, series, size)]
        self._dice = np.random.default_rng(5)
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.samples = 0

    def second(self, number: int) -> None:
        """Send what belongs to second `number`."""
        now = int(time.time())
        self._write(number, now)
        self._put(number, now)
        self._get(number, now)
        self._call("page", "GET", _PAGES[number % len(_PAGES)], b"", {"Accept": "text/html"})

    def _write(self, number: int, now: int) -> None:
        template, values_at, times_at = self._slices[number % len(self._slices)]
        rows = len(values_at)
        values = self._dice.normal(50, 10, rows).round(2)
        template[values_at] = values.astype("<f8").view(np.uint8).reshape(rows, 8)
        template[times_at] = time_varint(now * 1000)
        body = bytes(cramjam.snappy.compress_raw(template.tobytes()))
        self._call("write", "POST", remote_write.PATH, body, dict(remote_write.HEADERS))
        self.samples += rows

    def _put(self, number: int, now: int) -> None:
        data = [
            {
                "MetricName": "Latency",
                "Value": float(at),
                "Timestamp": now,
                "Dimensions": [{"Name": "api", "Value": f"{at}"}],
            }
            for at in range(20)
        ]
        headers = {"Idempotency-Key": f"soak-{number}"}
        self._aws("PutMetricData", {"Namespace": "Soak", "MetricData": data}, headers)

    def _get(self, number: int, now: int) -> None:
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
        self._aws("GetMetricData", asked, {})

    def _aws(self, operation: str, asked: dict[str, Any], more: dict[str, str]) -> None:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": _TARGET + operation, **more}
        self._call(operation, "POST", "/", json.dumps(asked).encode(), headers)

    def _call(self, kind: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        try:
            self._link.request(method, path, body, headers)
            answer = self._link.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self._link.close()
            self.failures.append(f"{kind}: {problem!r}")
            return
        self.answers[f"{kind} {answer.status}"] += 1
        if answer.status >= 400:
            self.failures.append(f"{kind} {path}: HTTP {answer.status} {text[:200]!r}")


def memory(server: Server) -> dict[str, float]:
    """Resident MiB of each process of the server, by its module."""
    root, found = psutil.Process(server.process.pid), {}
    for one in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            words = one.cmdline()
            name = words[words.index("-m") + 1] if "-m" in words else Path(words[0]).name
            found[f"{name} {one.pid}"] = one.memory_info().rss / _MIB
    return found


def run(server: Server, load_: Load, seconds: int) -> dict[str, list[tuple[float, float]]]:
    """Keep the load up for `seconds`; (second, MiB) of each process."""
    began, seen = time.monotonic(), defaultdict[str, list[tuple[float, float]]](list)
    for number in range(seconds):
        load_.second(number)
        elapsed = time.monotonic() - began
        if number % SAMPLE_S == 0:
            for name, mib in memory(server).items():
                seen[name].append((elapsed, mib))
        if number % 300 == 0:
            now = {name: round(points[-1][1]) for name, points in seen.items()}
            print(
                f"{elapsed:6.0f} s, {load_.samples:,} samples, MiB: {now}, failures: {len(load_.failures)}", flush=True
            )
        time.sleep(max(0.0, number + 1 - elapsed))
    return seen


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
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, trimtab(Path(directory)) as server:
        load_ = Load(server.url, options.series, options.every)
        cpu = server.cpu_s()
        seen = run(server, load_, options.seconds)
        verdicts = {name: judge(points) for name, points in seen.items() if len(points) > 20}
        cpu = server.cpu_s() - cpu
    for name, verdict in verdicts.items():
        print(f"{name:32} {verdict}")
    for failure in load_.failures[:10]:
        print(failure)
    flat = all(verdict["flat"] for verdict in verdicts.values())
    summary = {"bench": "soak", "seconds": options.seconds, "samples": load_.samples, "answers": dict(load_.answers)}
    print(json.dumps(summary | {"cpu_s": round(cpu), "failures": len(load_.failures), "flat": flat, "rss": verdicts}))
    sys.exit(0 if flat and not load_.failures else 1)


if __name__ == "__main__":
    main()
