"""PromQL over the store: top-10 of 10,000 series over 12 hours at a step of a minute, and its like.

    python bench/bench_promql.py [--series 10000] [--hours 12] [--scrape 60]

Starts an engine of its own in a temporary directory, fills it by SQL, and runs each query three times. The last line is
one JSON object: milliseconds of the fastest run, by query, and of reading alone both ways: the engine's grid aggregate
and the newest sample of each step.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.doors.prometheus.query_json import answer_body
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate

END_MS = 1_795_564_800_000
QUERIES = (
    "topk(10, bench_value)",
    "sum by (job) (bench_value)",
    "avg(rate(bench_total[5m])) by (job)",
    'max_over_time(bench_value{job="job-1"}[10m])',
    "quantile(0.9, bench_value)",
)
_SERIES = """
INSERT INTO metric_series SELECT {first} + number, '1', 'r', 'Prometheus', '{name}', 'None', '{kind}',
  map('instance', concat('i-', toString(number)), 'job', concat('job-', toString(number % 20))), '', now64(3)
FROM numbers({series})"""
_SAMPLES = """
INSERT INTO metric_samples SELECT {first} + number % {series},
  fromUnixTimestamp64Milli(toInt64({start} + intDiv(number, {series}) * {scrape} * 1000 + number % 997), 'UTC'),
  {value} FROM numbers({total})"""


@contextmanager
def started(directory: Path) -> Iterator[Telemetry]:
    """A client of an engine of its own."""
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
        yield telemetry
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


async def measure(telemetry: Telemetry, series: int, hours: int) -> dict[str, float]:
    """Milliseconds of each query."""
    registry = SeriesRegistry(telemetry, SystemClock())
    await registry.load()
    engine = PromQL(StoredSource(telemetry, Catalogue(registry)))
    start = END_MS - hours * 3_600_000
    found: dict[str, float] = {}
    for text in QUERIES:
        times = []
        for _ in range(3):
            began = perf_counter()
            answer = await engine.query_range(EVERYTHING, text, start + 60_000, END_MS, 60_000)
            done = perf_counter()
            body = answer_body(answer, END_MS)
            times.append((done - began, perf_counter() - done))
        best = min(times)
        found[text] = round(best[0] * 1000)
        print(
            f"{text}: {best[0] * 1000:.0f} ms, JSON {best[1] * 1000:.0f} ms, {len(answer.series)} series, {len(body)} B"
        )
    found["read: timeSeriesLastToGrid"] = await grid_read(telemetry, series, start)
    return found


async def grid_read(telemetry: Telemetry, series: int, start: int) -> float:
    """The engine's own aggregate, for comparison."""
    sql = (
        f"SELECT series, timeSeriesResampleToGridWithStaleness({(start + 60_000) // 1000}, {END_MS // 1000}, 60, 300)"
        f"(time, value) FROM metric_samples FINAL WHERE series <= {series} GROUP BY series ORDER BY series "
        "SETTINGS allow_experimental_ts_to_grid_aggregate_function = 1"
    )
    times = []
    for _ in range(3):
        began = perf_counter()
        await telemetry.fetch(sql)
        times.append(perf_counter() - began)
    return round(min(times) * 1000)


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=12)
    parser.add_argument("--scrape", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, started(Path(directory)) as telemetry:
        fill(telemetry, given.series, given.hours, given.scrape)
        print(json.dumps(asyncio.run(measure(telemetry, given.series, given.hours))))


if __name__ == "__main__":
    main()
