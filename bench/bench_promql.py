"""PromQL over the store: what dashboards ask of 1,000 and 10,000 series, pushed down into the engine and evaluated.

    python bench/bench_promql.py [--series 10000] [--hours 5] [--scrape 15] [--rounds 3]

Starts an engine of its own in a temporary directory, fills it by SQL, and runs each query in both ways. The last line
is one JSON object: by query and way the CPU seconds of both processes together and milliseconds, of the best round, and
by how many MB the peak of the memory of both was above what they had before.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.doors.prometheus.query_json import answer_body
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.pushdown.stored import EnginePushdown
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate

END_MS = 1_795_564_800_000
STEP_MS = 60_000


class Query(Struct, frozen=True):
    """An expression over the whole range, or at its end."""

    text: str
    instant: bool = False


THOUSAND = '{part="0"}'
QUERIES = {
    "range of 1,000 series": Query(f"bench_value{THOUSAND}"),
    "sum by (team)": Query(f"sum by (team) (bench_value{THOUSAND})"),
    "sum by (team) (rate())": Query(f"sum by (team) (rate(bench_total{THOUSAND}[5m]))"),
    "instant of one series": Query('bench_value{instance="i-1"}', instant=True),
    "count": Query("count(bench_value)", instant=True),
    "topk(10, avg_over_time([4h]))": Query("topk(10, avg_over_time(bench_value[4h]))", instant=True),
    "topk(10) over the range": Query("topk(10, bench_value)"),
    "quantile(0.9) over the range": Query("quantile(0.9, bench_value)"),
}
_SERIES = """
INSERT INTO metric_series SELECT {first} + number, '1', 'r', 'Prometheus', '{name}', 'None', '{kind}',
  map('instance', concat('i-', toString(number)), 'job', concat('job-', toString(number % 20)),
  'team', concat('team-', toString(number % 25)), 'part', toString(intDiv(number, 1000))), '', now64(3)
FROM numbers({series})"""
_SAMPLES = """
INSERT INTO metric_samples SELECT {first} + number % {series},
  fromUnixTimestamp64Milli(toInt64({start} + intDiv(number, {series}) * {scrape} * 1000 + number % 997), 'UTC'),
  {value} FROM numbers({total})"""


class Processes(Struct, frozen=True):
    """This process and the engine's."""

    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        ticks = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def forget_peak(self) -> None:
        """Let the peak of the memory begin anew."""
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def memory_mb(self, key: str) -> float:
        """`VmRSS` (now) or `VmHWM` (the peak) of both."""
        lines = [line for pid in self.pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


@contextmanager
def started(directory: Path) -> Iterator[tuple[Telemetry, Processes]]:
    """A client of an engine of its own, and whose CPU and memory count."""
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "4096"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdout.readline()
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    try:
        migrate(telemetry)
        yield telemetry, Processes((os.getpid(), owner.pid))
    finally:
        telemetry.close()
        owner.stdin.close()
        owner.wait()


def fill(telemetry: Telemetry, series: int, hours: int, scrape: int) -> None:
    """A gauge and a counter, each of `series` series."""
    steps = hours * 3600 // scrape
    limits = ReadLimits(seconds=600, memory_mb=6000)
    for first, name, kind, value in (
        (1, "bench_value", "gauge", "cityHash64(number) % 100000 / 7"),
        (1 + series, "bench_total", "counter", f"intDiv(number, {series}) * (number % 13)"),
    ):
        telemetry.execute(_SERIES.format(first=first, name=name, kind=kind, series=series), {}, limits=limits)
        sql = _SAMPLES.format(
            first=first,
            series=series,
            start=END_MS - hours * 3_600_000,
            scrape=scrape,
            value=value,
            total=series * steps,
        )
        telemetry.execute(sql, {}, limits=limits)


async def measure(telemetry: Telemetry, processes: Processes, given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What each query costs, by way."""
    registry = SeriesRegistry(telemetry, SystemClock())
    await registry.load()
    catalogue = Catalogue(registry)
    source = StoredSource(telemetry, catalogue)
    ways = {
        "evaluated": PromQL(source),
        "pushed": PromQL(source, pushdown=EnginePushdown(telemetry, catalogue)),
    }
    found: dict[str, dict[str, Any]] = {}
    for name, query in QUERIES.items():
        found[name] = {way: await _cost(engine, query, processes, given) for way, engine in ways.items()}
        print(name, json.dumps(found[name]))
    return found


async def _cost(engine: PromQL, query: Query, processes: Processes, given: argparse.Namespace) -> dict[str, float]:
    start = END_MS - given.hours * 3_600_000 + 300_000
    rounds = []
    for _ in range(given.rounds):
        gc.collect()
        processes.forget_peak()
        before, cpu, began = processes.memory_mb("VmRSS"), processes.cpu_s(), perf_counter()
        if query.instant:
            answer = await engine.query(EVERYTHING, query.text, END_MS)
        else:
            answer = await engine.query_range(EVERYTHING, query.text, start, END_MS, STEP_MS)
        took = perf_counter() - began
        answer_body(answer, END_MS)
        rounds.append((processes.cpu_s() - cpu, took, processes.memory_mb("VmHWM") - before))
    cpu_s, wall_s, peak_mb = (min(column) for column in zip(*rounds, strict=True))
    return {"cpu_s": round(cpu_s, 2), "ms": round(wall_s * 1000), "peak_mb": round(peak_mb)}


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=5)
    parser.add_argument("--scrape", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, started(Path(directory)) as (telemetry, processes):
        fill(telemetry, given.series, given.hours, given.scrape)
        print(json.dumps(asyncio.run(measure(telemetry, processes, given))))


if __name__ == "__main__":
    main()
