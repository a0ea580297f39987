"""How long do sizes for a whole fleet take, and how does that compare with a loop over workloads?

    python bench/bench_rightsizing.py [--resources 100000] [--loop 200]

An engine of its own is filled with CPU of so many instances, a point every five minutes over 14 days (403 million
points for 100,000). Then the product computes every recommendation, with its replays: series are looked up, the engine
makes quantiles a day (`advice.rightsizing.reading`), and strategies walk forward over them. Beside it stands the way of
Robusta's krr, a loop over workloads with its queries each (a percentile over the lookback and the maximum over it, of
one workload a request), on the same engine and data, for `--loop` of the resources. `seconds` is the product's wall
clock, `peak_mb` the highest resident memory of this process and the engine together while it computes; `loop_seconds`
is the loop's, scaled to all resources. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from trimtab.access.scope import EVERYTHING
from trimtab.advice.rightsizing.computing import Computing
from trimtab.advice.rightsizing.model import Kind, Subject
from trimtab.advice.rightsizing.prices import InstancePrices
from trimtab.advice.rightsizing.reading import UseReader
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.sizes.book import Sizes
from trimtab.advice.rightsizing.sizes.instances import InstanceSizes
from trimtab.advice.rightsizing.use import DAY_MS
from trimtab.base.clock import ManualClock
from trimtab.inventory.catalog.book import load
from trimtab.metrics.model import Identity
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate

NOW_MS = 1_796_000_400_000 // DAY_MS * DAY_MS
DAYS, STEP_MS = 14, 300_000
ACCOUNT, REGION = "123456789012", "us-east-1"
TYPES = ("m5.2xlarge", "c5.4xlarge", "r5.xlarge", "m6i.4xlarge", "t3.large", "c6i.2xlarge", "m5.large", "r6i.2xlarge")
_FILL_AT_ONCE = 2000
_FILL = """
INSERT INTO metric_values (series, time, value, count)
SELECT series, fromUnixTimestamp64Milli({start:Int64} + step * 300000, 'UTC') AS time,
       least(100., greatest(0.1, base * (1 + 0.4 * sin(6.2832 * step / 288)) + (cityHash64(series, step) % 1000) / 200.
         + if(cityHash64(step, series) % 400 = 0, base * 2, 0))) AS value, 1 AS count
FROM (SELECT arrayJoin({ids:Array(UInt64)}) AS series, (cityHash64(series) % 60 + 1) AS base) AS machines
CROSS JOIN (SELECT number + {first:UInt64} AS step FROM numbers(288)) AS steps
ORDER BY series, time
"""
_LOOP = """
SELECT quantileExactInclusive({q:Float64})(value) AS found FROM metric_values
WHERE series = {series:UInt64} AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
"""
_LOOP_MOST = _LOOP.replace("quantileExactInclusive({q:Float64})(value)", "max(value) + 0 * {q:Float64}")


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--loop", type=int, default=200)
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="rightsizing-"))
    owner = _owner(directory)
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    try:
        migrate(telemetry)
        print(json.dumps(asyncio.run(_measured(telemetry, owner.pid, asked.resources, asked.loop))))
    finally:
        telemetry.close()
        assert owner.stdin is not None
        owner.stdin.close()
        owner.wait(60)
        shutil.rmtree(directory, ignore_errors=True)


def _owner(directory: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "2048"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


async def _measured(telemetry: Telemetry, engine: int, number: int, loop: int) -> dict[str, object]:
    clock = ManualClock(NOW_MS)
    registry = SeriesRegistry(telemetry, clock)
    subjects, ids = _fleet(registry, number)
    began = time.monotonic()
    _fill(telemetry, ids)
    print(f"filled {number * DAYS * 288:,} points in {time.monotonic() - began:.0f} s")
    sizes = Sizes(InstanceSizes(load(), InstancePrices(load(), (), NOW_MS)))
    computing = Computing(UseReader(telemetry, registry))
    await computing.all(EVERYTHING, subjects[:50], sizes, Sizing(), NOW_MS)  # compiles, or loads what was compiled
    watch = _Peak(engine)
    began, cpu, theirs = time.monotonic(), time.process_time(), _spent(engine)
    found = await computing.all(EVERYTHING, subjects, sizes, Sizing(), NOW_MS)
    seconds, own, theirs = time.monotonic() - began, time.process_time() - cpu, _spent(engine) - theirs
    peak = watch.stop()
    each = _loop(telemetry, ids[:: max(number // loop, 1)][:loop])
    findings: dict[str, int] = {}
    for one in found:
        findings[one.finding.value] = findings.get(one.finding.value, 0) + 1
    return {
        "resources": number,
        "points": number * DAYS * 288,
        "seconds": round(seconds, 1),
        "own_cpu_seconds": round(own, 1),
        "engine_cpu_seconds": round(theirs, 1),
        "peak_mb": round(peak),
        "own_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "loop_ms_each": round(1000 * each, 1),
        "loop_seconds": round(each * number),
        "times_faster": round(each * number / seconds, 1),
        "findings": findings,
    }


def _fleet(registry: SeriesRegistry, number: int) -> tuple[list[Subject], list[int]]:
    subjects, ids = [], []
    for at in range(number):
        id_ = f"i-{at:017x}"
        dimensions = (("InstanceId", id_),)
        ids.append(registry.add(Identity(ACCOUNT, REGION, "AWS/EC2", "CPUUtilization", dimensions, "Percent")))
        path = f"aws/{ACCOUNT}/{REGION}/instance/{id_}"
        subjects.append(Subject(path, Kind.INSTANCE, id_, "", TYPES[at % len(TYPES)], ACCOUNT, REGION))
    return subjects, ids


def _fill(telemetry: Telemetry, ids: list[int]) -> None:
    ordered = sorted(ids)
    limits = ReadLimits(seconds=600, memory_mb=2048)
    for day in range(DAYS):
        for at in range(0, len(ordered), _FILL_AT_ONCE):
            part = ordered[at : at + _FILL_AT_ONCE]
            params = {"ids": part, "start": NOW_MS - DAYS * DAY_MS, "first": day * 288}
            telemetry.execute(_FILL, params, limits=limits)


def _loop(telemetry: Telemetry, ids: list[int]) -> float:
    """Seconds a workload of a loop that asks for each by itself."""
    span = {"start": NOW_MS - DAYS * DAY_MS, "end": NOW_MS}
    began = time.monotonic()
    for series in ids:
        for query, quantile in ((_LOOP, 0.95), (_LOOP_MOST, 1.0)):
            found = telemetry.fetch_sync(query, {"series": series, "q": quantile, **span})["found"]
            assert np.isfinite(found[0])
    return (time.monotonic() - began) / max(len(ids), 1)


def _spent(process: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Peak:
    """The highest resident memory of this process and another, looked at ten times a second."""

    def __init__(self, other: int) -> None:
        self._other = other
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self._most = max(self._most, _resident("self") + _resident(str(self._other)))

    def stop(self) -> float:
        """MiB."""
        self._over.set()
        self._thread.join()
        return self._most


def _resident(process: str) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


if __name__ == "__main__":
    main()
