"""How much CPU the always-on anomaly detector takes for 10,000 series that report every minute.

    python bench/bench_anomalies.py [--series 10000] [--rounds 3]

Starts trimtab, sends some slots of five minutes, then runs the detector's own job over the same engine with memories in
which every series is known for two weeks. A round is one slot of all series: read, score, note. CPU is that of this
process and of the engine's; `share_of_a_core` is it over the 300 s that a slot lasts. The last line is JSON.
"""

import argparse
import asyncio
import gzip
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from bench_alarms import engine_of, spent
from bench_remote_write import trimtab

from trimtab.anomalies.episodes import Owner
from trimtab.anomalies.model import SLOT_MS
from trimtab.anomalies.progress import ProgressStore
from trimtab.anomalies.shard import ROWS, Shard, save
from trimtab.anomalies.watch import GRACE_MS, AnomalyWatch, WatchParts
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.metrics.read import MetricReader, NoDrain
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.timeseries.anomaly.bank import HISTORY, Bank

_A_REQUEST = 1000
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
    "Content-Encoding": "gzip",
}


def usual(row: int, slots: Any) -> Any:
    """What series number `row` of a shard has in slots (numbers since the epoch), but for noise."""
    return 50 + 5 * np.sin(2 * np.pi * np.asarray(slots) / 288 + row)


def bodies(series: int, first_ms: int, minutes: int) -> Iterator[bytes]:
    """PutMetricData requests: a value a minute and series."""
    rng = np.random.default_rng(2)
    for minute in range(minutes):
        slot = (first_ms + 60_000 * minute) // SLOT_MS
        for begin in range(0, series, _A_REQUEST):
            data = [
                {
                    "MetricName": "Load",
                    "Dimensions": [{"Name": "Host", "Value": f"host-{number}"}],
                    "Timestamp": first_ms // 1000 + 60 * minute + 30,
                    "Value": float(usual(number % ROWS, slot) + rng.normal(0, 2)),
                }
                for number in range(begin, min(begin + _A_REQUEST, series))
            ]
            yield gzip.compress(json.dumps({"Namespace": "Bench", "MetricData": data}).encode(), 1)


def remember(ids: list[int], until_ms: int, directory: Path) -> None:
    """Memories in which every series of `ids` is known for two weeks: daily shapes and noise, the same 128 again."""
    rng = np.random.default_rng(1)
    times = until_ms - SLOT_MS * (HISTORY - np.arange(HISTORY))
    values = [usual(row, times // SLOT_MS) + rng.normal(0, 2 / np.sqrt(5), HISTORY) for row in range(ROWS)]
    bank = Bank.of(ROWS)
    bank.score(np.arange(ROWS), HISTORY * np.arange(ROWS + 1), np.tile(times, ROWS), np.concatenate(values))
    for number, begin in enumerate(range(0, len(ids), ROWS), 1):
        shard = Shard(number, bank)
        for series in ids[begin : begin + ROWS]:
            shard.add(Owner(series, "123456789012", "us-east-1"), until_ms)
        save(shard, directory)


async def measure(directory: Path, engine: psutil.Process, series: int, rounds: int, first_ms: int) -> dict[str, Any]:
    """Run the rounds and say what each cost."""
    clock = ManualClock(first_ms + SLOT_MS + GRACE_MS)
    state = State.open("", directory / "bench-state")
    telemetry = Telemetry(lambda: embedded_endpoint(directory / "engine"))
    registry = SeriesRegistry(telemetry, clock)
    while len(registry) < series:
        await registry.load()
        await asyncio.sleep(0.5)
    known = [one for one in registry.since(0) if one.identity.namespace == "Bench"]
    ids = [one.id for one in sorted(known, key=lambda one: int(one.dimensions["Host"].removeprefix("host-")))]
    remember(ids, first_ms, directory / "memories")
    watch = AnomalyWatch(
        WatchParts(
            registry, MetricReader(telemetry, registry, NoDrain()), telemetry, ProgressStore(state), clock,
            directory / "memories", series, lambda: True,
        )
    )  # fmt: skip
    figures = []
    for number in range(rounds + 1):
        before, began = spent(engine), time.perf_counter()
        scored = await watch.run()
        figures.append(round(spent(engine) - before, 2))
        print(f"round {number}: {scored} points, {figures[-1]} s of CPU, {time.perf_counter() - began:.2f} s")
        clock.advance(SLOT_MS / 1000)
    memory_mb = psutil.Process().memory_info().rss >> 20
    telemetry.close()
    state.close()
    steady = median(figures[1:])
    return {
        "series": len(ids),
        "cpu_s_a_slot": steady,
        "share_of_a_core": round(steady / (SLOT_MS / 1000), 5),
        "first_cpu_s": figures[0],
        "memory_mb": memory_mb,
    }


def main() -> int:
    """Run the benchmark; the exit status says whether it stays below a hundredth of a core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    slots = options.rounds + 1
    first_ms = (SystemClock().now_ms() // SLOT_MS - slots - 1) * SLOT_MS
    with tempfile.TemporaryDirectory() as place, trimtab(Path(place)) as server:
        for body in bodies(options.series, first_ms, 5 * slots):
            urllib.request.urlopen(urllib.request.Request(server.url, body, _HEADERS)).read()
        engine = engine_of(psutil.Process(server.process.pid))
        answer = asyncio.run(measure(Path(place), engine, options.series, options.rounds, first_ms))
    print(json.dumps(answer))
    return 0 if answer["share_of_a_core"] < 0.01 else 1


if __name__ == "__main__":
    sys.exit(main())
