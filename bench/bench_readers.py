"""Readers beside a writer: does reading stop what is being written, and how long do readers wait?

    python bench/bench_readers.py [--seconds 60] [--rate 50000] [--readers 50] [--pause 0]

First 10,000 series are given an hour of history (15 s). Then a process of its own writes `--rate` samples a second by
remote write, 2,000 samples a request, each due at a moment of its own, over 5 connections; and `--readers` threads of
another process ask, each its next question `--pause` seconds after its last answer: one series by minute, a hundred
series by 5 minutes, a p99 of one (GetMetricData), the last value (REST), a listing (ListMetrics), and the hosts page.
A stall is the longest time from the moment that a request was due to its acknowledgement; the goal is below 0.5 s. The
last line is JSON.
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import cramjam
import numpy as np
from bench_remote_write import HOSTS, SERIES, SLICE, build, flush, labels, request_template, run_client, time_varint
from bench_remote_write import trimtab as start_trimtab

from trimtab.demo import remote_write

HISTORY = 240
"""Timestamps of history: an hour at 15 s."""
CONNECTIONS = 5
GOAL_STALL_S = 0.5
_TARGET = "GraniteServiceVersion20100801."


# -- the writer ---------------------------------------------------------------------------------------------------


def run_writer(url: str, seconds: int, rate: int) -> None:
    """Write at `rate` samples a second for `seconds`; prints what it saw."""
    address = urllib.parse.urlsplit(url).netloc
    took: list[float] = []
    refused: list[str] = []
    lock = Lock()
    began = time.time() + 1.0

    def connection(number: int) -> None:
        link = http.client.HTTPConnection(address, timeout=60)
        template, values_at, times_at = request_template(range(number * SLICE, (number + 1) * SLICE))
        dice = np.random.default_rng(number)
        every = SLICE * CONNECTIONS / rate
        for turn in range(int(seconds / every)):
            due = began + turn * every + number * every / CONNECTIONS
            values = dice.normal(50, 10, SLICE).round(2)
            template[values_at] = values.astype("<f8").view(np.uint8).reshape(SLICE, 8)
            template[times_at] = time_varint(int(due * 1000))
            body = bytes(cramjam.snappy.compress_raw(template.tobytes()))
            time.sleep(max(0.0, due - time.time()))
            link.request("POST", remote_write.PATH, body, remote_write.HEADERS)
            answer = link.getresponse()
            text = answer.read()
            with lock:
                took.append(time.time() - due)
                if answer.status != 204:
                    refused.append(f"{answer.status} {text[:100]!r}")

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(connection, range(CONNECTIONS)))
    elapsed = time.time() - began
    written = (len(took) - len(refused)) * SLICE
    print(
        json.dumps(
            {"requests": len(took), "samples_per_s": round(written / elapsed), **_spread(took)}
            | {"longest_stall_s": round(max(took), 3), "refused": len(refused), "example": refused[:1]}
        )
    )


# -- the readers --------------------------------------------------------------------------------------------------


def _stat(number: int, statistic: str, period_s: int, at: int) -> dict[str, Any]:
    mine = labels(number)
    pairs = [{"Name": name, "Value": value} for name, value in mine.items() if name != "__name__"]
    metric = {"Namespace": "Prometheus", "MetricName": mine["__name__"], "Dimensions": pairs}
    return {"Id": f"q{at}", "MetricStat": {"Metric": metric, "Period": period_s, "Stat": statistic}}


Question = tuple[str, str, bytes, dict[str, str]]


def _aws(operation: str, asked: dict[str, Any]) -> Question:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": _TARGET + operation}
    return "POST", "/", json.dumps(asked).encode(), headers


def _data(numbers: list[int], statistic: str, period_s: int, hours: int) -> Question:
    now = int(time.time()) // 60 * 60
    queries = [_stat(number, statistic, period_s, at) for at, number in enumerate(numbers)]
    return _aws("GetMetricData", {"MetricDataQueries": queries, "StartTime": now - hours * 3600, "EndTime": now})


def _last(number: int) -> Question:
    mine = labels(number)
    query = [("dimension", f"{name}={value}") for name, value in mine.items() if name != "__name__"]
    query += [("namespace", "Prometheus"), ("name", mine["__name__"]), ("statistic", "Last"), ("period", "5m")]
    return "GET", f"/rest/v1/metrics/query?{urllib.parse.urlencode([*query, ('start', '-5m')])}", b"", {}


def _listing(number: int) -> Question:
    instance = {"Name": "instance", "Value": labels(number)["instance"]}
    return _aws("ListMetrics", {"Namespace": "Prometheus", "Dimensions": [instance]})


QUESTIONS: dict[str, Callable[[random.Random], Question]] = {
    "one_3h": lambda dice: _data([dice.randrange(SERIES)], "Average", 60, 3),
    "hundred_1h": lambda dice: _data([dice.randrange(10) * HOSTS + at for at in range(100)], "Average", 300, 1),
    "p99_1h": lambda dice: _data([dice.randrange(SERIES)], "p99", 300, 1),
    "last": lambda dice: _last(dice.randrange(SERIES)),
    "list": lambda dice: _listing(dice.randrange(SERIES)),
    "page": lambda dice: ("GET", "/hosts", b"", {"Accept": "text/html"}),
}


def run_readers(url: str, seconds: int, readers: int, pause_s: float) -> None:
    """Ask for `seconds`; prints how long each kind took."""
    address = urllib.parse.urlsplit(url).netloc
    took: dict[str, list[float]] = {kind: [] for kind in QUESTIONS}
    failed: list[str] = []
    until = time.time() + seconds

    def reader(number: int) -> None:
        dice, link = random.Random(number), http.client.HTTPConnection(address, timeout=60)
        kinds = list(QUESTIONS)
        while time.time() < until:
            kind = dice.choice(kinds)
            method, path, body, headers = QUESTIONS[kind](dice)
            began = time.perf_counter()
            link.request(method, path, body, headers)
            answer = link.getresponse()
            text = answer.read()
            took[kind].append(time.perf_counter() - began)
            if answer.status != 200:
                failed.append(f"{kind}: {answer.status} {text[:200]!r}")
            time.sleep(pause_s)

    with ThreadPoolExecutor(readers) as pool:
        list(pool.map(reader, range(readers)))
    kinds = {kind: _spread(one) | {"count": len(one)} for kind, one in took.items()}
    everything = [one for some in took.values() for one in some]
    answers = {"per_s": round(len(everything) / seconds, 1), "all": _spread(everything), "failed": len(failed)}
    print(json.dumps({"kinds": kinds, **answers, "example": failed[:1]}))


def _spread(took: list[float]) -> dict[str, float]:
    ordered = sorted(took) or [0.0]
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}


# -- both ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Load the history, run the writer and the readers side by side, and say what they saw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--role", choices=("load", "writer", "readers"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "load":
        run_client(options.url, options.load)
    elif options.role == "writer":
        run_writer(options.url, options.seconds, options.rate)
    elif options.role == "readers":
        run_readers(options.url, options.seconds, options.readers, options.pause)
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    def role(name: str, *more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, __file__, "--role", name, "--url", server.url]
        command += [f"--seconds={options.seconds}", f"--rate={options.rate}"]
        command += [f"--readers={options.readers}", f"--pause={options.pause}"]
        return subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        at = Path(directory)
        (at / "load").mkdir()
        build(at / "load", HISTORY)
        with start_trimtab(at / "data") as server:
            for part in (at / "load" / "first", at / "load"):
                role("load", f"--load={part}").communicate()
            flush(server)
            alone = json.loads(role("writer", "--seconds", "10").communicate()[0])
            cpu = server.cpu_s()
            writer, readers = role("writer"), role("readers")
            wrote, read = json.loads(writer.communicate()[0]), json.loads(readers.communicate()[0])
            cpu = server.cpu_s() - cpu
            by_process = server.cpu_by_process()
    print(f"writer alone: {alone}\nwriter among {options.readers} readers: {wrote}")
    for kind, one in read["kinds"].items():
        print(f"{kind:12} {one}")
    print(f"all          {read['all']}, {read['per_s']} answers a second, {read['failed']} failed; CPU {by_process}")
    met = wrote["longest_stall_s"] < GOAL_STALL_S and not read["failed"] and not wrote["refused"]
    summary = {"bench": "readers", "seconds": options.seconds, "readers": options.readers, "pause_s": options.pause}
    print(json.dumps(summary | {"cpu_s": round(cpu), "alone": alone, "write": wrote, "read": read, "met": met}))


if __name__ == "__main__":
    main()
