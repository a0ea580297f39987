"""Scheduled reports beside ingest: do 20 reports that are due at once hold up what is being written?

    python bench/bench_reports.py [--seconds 40] [--rate 20000] [--reports 20] [--data DIRECTORY]

Without `--data` the server is given two months of a bill (12 owners, 40 services), a week of 128 GPUs and 400 runs;
with it, a copy of a data directory, such as the demo's. Four connections then send `--rate` samples a second by remote
write, 200 samples a request, each due at a moment of its own: first alone for `--seconds`, then from when the first of
the reports begins until all are written, as HTML, PDF and CSV. Latency is from when a request was due to its
acknowledgement. The last line is JSON; `ratio` is beside ÷ alone.
"""

import argparse
import csv
import http.client
import json
import shutil
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cramjam
import numpy as np
from bench_remote_write import Server, flush, request_template, time_varint
from bench_remote_write import trimtab as start_trimtab

from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import StartImport
from trimtab.client.inventory_wire import ReportRuns, RunRecord
from trimtab.client.reports import Reports
from trimtab.client.reports_wire import PutReport
from trimtab.client.runs import Runs
from trimtab.demo import remote_write
from trimtab.demo.block import Block

OWNERS, SERVICES, DAYS, GPUS, RUNS = 12, 40, 62, 128, 400
CONNECTIONS, SLICE = 4, 200
PATIENCE_S = 600.0
TEMPLATES = ("weekly-fleet", "monthly-team", "endpoint-slo", "training-cost", "executive")
_COLUMNS = (
    "BilledCost", "EffectiveCost", "BillingCurrency", "BillingAccountId", "SubAccountId", "BillingPeriodStart",
    "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ProviderName", "ServiceName",
    "RegionId", "ResourceId", "Tags",
)  # fmt: skip


def fill(url: str, directory: Path) -> None:
    """A bill, GPUs and runs."""
    path, dice = directory / "bill.csv", np.random.default_rng(5)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(_COLUMNS)
        for back in range(DAYS, 0, -1):
            day = today - timedelta(days=back)
            month = day.replace(day=1)
            after = (month + timedelta(days=32)).replace(day=1)
            period = [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (month, after, day, day + timedelta(days=1))]
            for owner, service in np.ndindex(OWNERS, SERVICES):
                cost, tags = f"{dice.gamma(2, 20):.6f}", f'{{"team": "team-{owner}"}}'
                names = ("Usage", "AWS", f"Service {service}", "us-east-1", f"r-{owner}-{service}", tags)
                rows.writerow((cost, cost, "USD", "1" * 12, "1" * 12, *period, *names))
    times = np.arange(int(today.timestamp()) - 14 * 86_400, int(time.time()), 300, dtype=np.int64) * 1000
    series = [
        {"__name__": name, "UUID": f"GPU-{gpu}", "Hostname": f"host-{gpu // 8}", "team": f"team-{gpu % OWNERS}"}
        for gpu in range(GPUS)
        for name in ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED")
    ]  # fmt: skip
    values = np.clip(dice.normal(50, 40, (len(series), len(times))), 0, 100).round(1)
    block = Block("", [remote_write.series_head(one) for one in series], times, values)
    address = urllib.parse.urlsplit(url).netloc
    link = http.client.HTTPConnection(address, timeout=60)
    for body, _ in remote_write.bodies([block]):
        _send(link, body)
    with Client(url, timeout_s=120) as client:
        costs = Costs(client)
        begun = costs.start(StartImport(str(path), source="bench"))
        while costs.one(begun.id).state in ("reading", "committing"):
            time.sleep(0.2)
        first = int((today - timedelta(days=30)).timestamp() * 1000)
        runs = [_run(number, first + number * 6_000_000) for number in range(RUNS)]
        Runs(client).report(ReportRuns("bench", "slurm", runs))


def _run(number: int, at_ms: int) -> RunRecord:
    state: Any = ("completed", "completed", "failed")[number % 3]
    return RunRecord(job=str(number), state=state, submit_ms=at_ms, start_ms=at_ms, end_ms=at_ms + 20_000_000, gpus=8.0,
                     team=f"team-{number % OWNERS}", name=f"run {number}", gpu_type="H100")  # fmt: skip


class Writer:
    """Sends steadily until it is told to stop; what each request took, in s after it was due."""

    def __init__(self, url: str, rate: int) -> None:
        self._address = urllib.parse.urlsplit(url).netloc
        self._every = SLICE * CONNECTIONS / rate
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(CONNECTIONS)
        self._took: list[tuple[float, float]] = []
        began = time.time() + 0.5
        self._done = [self._pool.submit(self._write, number, began) for number in range(CONNECTIONS)]

    def _write(self, number: int, began: float) -> None:
        link = http.client.HTTPConnection(self._address, timeout=60)
        template, values_at, times_at = request_template(range(number * SLICE, (number + 1) * SLICE))
        dice, due = np.random.default_rng(number), began + number * self._every / CONNECTIONS
        while not self._stop.wait(max(0.0, due - time.time())):
            template[values_at] = dice.normal(50, 10, SLICE).astype("<f8").view(np.uint8).reshape(SLICE, 8)
            template[times_at] = time_varint(int(due * 1000))
            _send(link, bytes(cramjam.snappy.compress_raw(template.tobytes())))
            self._took.append((due, time.time() - due))
            due += self._every

    def stop(self, since: float = 0.0) -> dict[str, float]:
        """End, and say what was seen of requests due after `since`. Raises what a request was refused with."""
        self._stop.set()
        for one in self._done:
            one.result()
        self._pool.shutdown()
        ordered = sorted(took for due, took in self._took if due >= since)
        p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
        return {
            "requests": len(ordered),
            "p50_ms": round(p50, 2),
            "p99_ms": round(p99, 2),
            "longest_ms": round(ordered[-1] * 1000, 1),
        }


def _send(link: http.client.HTTPConnection, body: bytes) -> None:
    link.request("POST", remote_write.PATH, body, remote_write.HEADERS)
    answer = link.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"refused: {answer.status} {text[:200]!r}")


def write_reports(url: str, number: int, rate: int) -> tuple[dict[str, float], float]:
    """Schedule reports for one moment, write until all are there; what was seen, and how long they took."""
    due = int(time.time()) + 10
    at = f"at({datetime.fromtimestamp(due, UTC):%Y-%m-%dT%H:%M:%S})"
    names = [f"bench {one}" for one in range(number)]
    with Client(url, timeout_s=120) as client:
        calls = Reports(client)
        for place, name in enumerate(names):
            template: Any = TEMPLATES[place % len(TEMPLATES)]
            calls.put(
                name, PutReport(template, at, owner="team-1" if template == "monthly-team" else "", folder=f"b{place}")
            )
        time.sleep(max(0.0, due - time.time()))
        began, writer = time.time(), Writer(url, rate)  # before the first begins: the server looks every 30 s
        while len(done := _written(calls, due)) < number:
            if time.time() - began > PATIENCE_S:
                raise SystemExit(f"only {len(done)} of {number} reports were written")
            time.sleep(0.5)
        first = min(one.at_ms for one in done) / 1000
        took = time.time() - first
        if failed := [one.problem for one in done if one.status != "written"]:
            raise SystemExit(f"{len(failed)} reports failed: {failed[0]}")
        return writer.stop(first), took


def _written(calls: Reports, due: int) -> list[Any]:
    return [one for one in calls.scheduled().writings if one.at_ms >= due * 1000]


def main() -> None:
    """Write alone, then beside reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        at = Path(folder)
        if options.data:
            shutil.copytree(options.data, at / "data")
        with start_trimtab(at / "data") as server:
            if not options.data:
                fill(server.url, at)
            alone, beside, took, cpu = _both(server, options)
    ratio = {name: round(beside[f"{name}_ms"] / alone[f"{name}_ms"], 2) for name in ("p50", "p99", "longest")}
    print(f"alone: {alone}\nbeside {options.reports} reports in {took:.1f} s: {beside}")
    found = {"bench": "reports", "reports": options.reports, "rate": options.rate, "alone": alone, "beside": beside}
    print(json.dumps(found | {"reports_s": round(took, 1), "server_cpu_s": round(cpu, 1), "ratio": ratio}))


def _both(server: Server, options: argparse.Namespace) -> tuple[dict[str, float], dict[str, float], float, float]:
    flush(server)
    time.sleep(10)  # what a start and a bill set off
    writer = Writer(server.url, options.rate)
    time.sleep(options.seconds)
    alone = writer.stop()
    cpu = server.cpu_s()
    beside, took = write_reports(server.url, options.reports, options.rate)
    return alone, beside, took, server.cpu_s() - cpu


if __name__ == "__main__":
    main()
