"""The watch for runs that hang over 8,192 GPUs: how much of a core of the server a look every 15 seconds takes.

    python bench/bench_hang_watch.py [--gpus 8192] [--gpus-a-run 64] [--hanging 0] [--looks 8]

A real registry and the watch as the server runs it; the engine is left out: its answers are made here, and counted. The
last line is JSON: seconds of the first look and of the mean of the others, their share of a core, and the series that a
look asks for against all that the GPUs have.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.gather import FactsReader
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.kpis.runs.cost import RunHours
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport, report_of
from trimtab.kpis.runs.watch import HangWatch
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import Statistic
from trimtab.store.state.database import State

START, EVERY_MS = 1_764_000_000_000, 15_000
WORKS = {
    "DCGM_FI_PROF_SM_ACTIVE": 0.9, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.5, "DCGM_FI_PROF_DRAM_ACTIVE": 0.4,
    "DCGM_FI_DEV_POWER_USAGE": 620.0, "DCGM_FI_PROF_NVLINK_TX_BYTES": 4e10, "DCGM_FI_PROF_PCIE_TX_BYTES": 1e8,
    "DCGM_FI_DEV_GPU_UTIL": 100.0, "DCGM_FI_DEV_FB_USED": 70_000.0, "DCGM_FI_DEV_FB_FREE": 10_000.0,
}  # fmt: skip
SPINS = WORKS | {
    "DCGM_FI_PROF_SM_ACTIVE": 0.99, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.0, "DCGM_FI_PROF_DRAM_ACTIVE": 0.001,
    "DCGM_FI_DEV_POWER_USAGE": 320.0, "DCGM_FI_PROF_NVLINK_TX_BYTES": 0.0, "DCGM_FI_PROF_PCIE_TX_BYTES": 0.0,
}  # fmt: skip


class Engine:
    """Answers as quickly as anything can: a level, and from `hung_ms` on another of runs that hang."""

    def __init__(self) -> None:
        self.registry = SeriesRegistry(cast("Any", None), ManualClock(START))
        self.levels: dict[int, tuple[float, float]] = {}
        self.hung_ms = START
        self.asked = 0

    def add(self, name: str, before: float, after: float, **labels: str) -> None:
        """A series with its two levels."""
        identity = Identity("1", "eu", "Prometheus", name, make_tags(labels), "1", Kind.GAUGE)
        self.levels[self.registry.add(identity)] = before, after

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """The greatest of the series of each request."""
        answers = []
        for one in requests:
            self.asked += len(one.series)
            size = one.period_s * 1000
            times = np.arange(start_ms // size * size, end_ms, size, dtype=np.int64)
            pairs = np.array([self.levels[series] for series in one.series]).max(axis=0)
            answers.append(StatSeries(times, np.where(times < self.hung_ms, pairs[0], pairs[1])))
        return answers

    async def matrix(
        self, scope: Scope, series: Sequence[int], statistic: Statistic, start_ms: int, end_ms: int, period_s: int
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A row a series."""
        self.asked += len(series)
        times = np.arange(start_ms, end_ms, period_s * 1000, dtype=np.int64)
        pairs = np.array([self.levels[one] for one in series])
        return np.where(times[None, :] < self.hung_ms, pairs[:, :1], pairs[:, 1:])


class Free(RunReports, frozen=True):
    """Reports of runs that cost nothing: prices are another room's work."""

    async def priced_one(self, scope: Scope, job: str, cluster: str = "") -> RunReport:
        """A run without hours."""
        run = await self.room.runs.one(scope, job, cluster)
        return report_of(run, None, None, RunHours(), self.clock.now_ms())


def fill(engine: Engine, gpus: int, a_run: int, hanging: int) -> list[Run]:
    """Nodes of eight GPUs, and the runs on them, of which some hang."""
    runs = []
    for number in range(gpus // a_run):
        nodes = [f"n{number}-{at}" for at in range(max(a_run // 8, 1))]
        each = min(a_run, 8)
        for node in nodes:
            for index in range(each):
                for name, level in WORKS.items():
                    labels = {"Hostname": node, "gpu": str(index), "UUID": f"GPU-{node}-{index}"}
                    engine.add(name, level, SPINS[name] if number < hanging else level, **labels)
        held = tuple(Held(node, float(each), tuple(range(each))) for node in nodes)
        key, names = RunKey("1", "atlas", str(number)), tuple(nodes)
        runs.append(
            Run(
                key, "slurm", RunState.RUNNING, START, name=f"run-{number}", start_ms=START, gpus=float(a_run),
                gpu_type="h100", nodes=len(nodes), node_names=names, held=held,
            )
        )  # fmt: skip
    ids = np.array(list(engine.levels), np.uint64)
    engine.registry.seen(ids, np.full(len(ids), START + 48 * 3_600_000, np.int64))
    return runs


def main() -> None:
    """Look once at runs that are new, then every 15 seconds while some hang."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=int, default=8192)
    parser.add_argument("--gpus-a-run", type=int, default=64)
    parser.add_argument("--hanging", type=int, default=0)
    parser.add_argument("--looks", type=int, default=8)
    options = parser.parse_args()
    engine, clock = Engine(), ManualClock(START + 7 * 3_600_000)
    runs = fill(engine, options.gpus, options.gpus_a_run, options.hanging)
    engine.hung_ms = clock.at_ms + 60_000
    with tempfile.TemporaryDirectory() as folder:
        state = State.open("", Path(folder))
        room = InventoryRoom.of(state, clock)
        asyncio.run(room.runs.put(runs, START))
        ledger = DirectLedger(FactsReader(engine, engine.registry, room, cast("Any", None), clock), clock)
        watch = HangWatch.of(Free(engine, engine.registry, room, ledger, clock), state, clock)
        took = []
        for number in range(options.looks + 1):
            before = engine.asked
            began = time.process_time()
            asyncio.run(watch.look())
            took.append(time.process_time() - began)
            asked = engine.asked - before
            clock.at_ms += EVERY_MS if number else 7 * 60_000
        hanging = len(watch.hanging(Scope()))
        state.close()
    mean = sum(took[1:]) / options.looks
    answer = {
        "gpus": options.gpus,
        "runs": len(runs),
        "hanging": hanging,
        "first_look_s": round(took[0], 2),
        "look_s": round(mean, 3),
        "share_of_a_core": round(mean / (EVERY_MS / 1000), 4),
        "series_asked": asked,
        "series": len(engine.levels),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
