"""How long does the ledger of a large fleet take to make, to redo a day of, and to read?

    python bench/bench_fleet.py [--nodes 1000] [--days 90] [--runs 100000]

An engine and a state database of their own are filled with nodes of eight GPUs, runs over all days, and the activity of
every GPU at five minutes (207 million points for 1,000 nodes and 90 days). Then the ledger makes every day, as it does
by itself; a late record of a run redoes the day that it is of; and the questions of the Overview and of a team's page
are asked cold (nothing remembered) and again. Beside it stands the plain way for one day, scaled to all: the activity
asked with a request for each GPU, and a loop over GPUs, runs and steps in Python that adds up who had what and how busy
it was; it makes no rows and writes nothing. `peak_mb` is the highest resident memory of this process and the
engine together. The last line is JSON.
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
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.costs.read import CostReader
from trimtab.fleet.frame import by_team, totals
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.fleet.room import FleetRoom, Sources
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader, NoDrain
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention
from trimtab.metrics.statistics import parse_statistic
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate

NOW_MS = 1_796_000_400_000 // DAY_MS * DAY_MS
GPUS, STEP_MS = 8, 300_000
ACCOUNT, CLUSTER = "123456789012", "atlas"
_FILL_AT_ONCE = 1000
_FILL = """
INSERT INTO metric_samples (series, time, value)
SELECT series, fromUnixTimestamp64Milli({start:Int64} + step * 300000, 'UTC') AS time,
       (cityHash64(series, intDiv(step, 12)) % 100) / 100. AS value
FROM (SELECT arrayJoin({ids:Array(UInt64)}) AS series) AS gpus
CROSS JOIN (SELECT number AS step FROM numbers(288)) AS steps
ORDER BY series, time
"""


def started(directory: Path) -> "subprocess.Popen[bytes]":
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "1536"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    owner.stdout.readline()
    return owner


class Peak:
    """The highest resident memory of some processes together, and what each had of it."""

    def __init__(self, *pids: int) -> None:
        self.pids, self.highest, self.stop = pids, 0, threading.Event()
        self.each: list[int] = []
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.stop.wait(0.2):
            pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids]
            if (now := sum(pages) * resource.getpagesize() >> 20) > self.highest:
                self.highest, self.each = now, [one * resource.getpagesize() >> 20 for one in pages]


def cpu_of(pid: int) -> float:
    """The processor time of a process until now, seconds."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def runs_of(nodes: int, days: int, number: int) -> list[Run]:
    draw = np.random.default_rng(7)
    start = NOW_MS - days * DAY_MS
    begun = start + draw.integers(0, days * DAY_MS, number)
    length = (draw.exponential(6 * HOUR_MS, number) + 60_000).astype(np.int64)
    gpus = draw.choice([1, 2, 4, 8], number)
    node = draw.integers(0, nodes, number)
    team = draw.integers(0, 40, number)
    return [
        Run(
            RunKey(ACCOUNT, CLUSTER, str(at)),
            "slurm",
            RunState.COMPLETED,
            int(begun[at]),
            team=f"team-{team[at]}",
            start_ms=int(begun[at]),
            end_ms=int(begun[at] + length[at]),
            gpus=float(gpus[at]),
            nodes=1,
            node_names=(f"n{node[at]:04}",),
            held=(Held(f"n{node[at]:04}", float(gpus[at])),),
        )
        for at in range(number)
    ]


async def by_loop(reader: MetricReader, ids: list[int], runs: list[Run], nodes: int, day: int) -> float:
    """A day cut by a loop; seconds."""
    began = time.perf_counter()
    first, last = day * DAY_MS, (day + 1) * DAY_MS
    requests = [StatRequest((one,), parse_statistic("Average"), STEP_MS // 1000) for one in ids]
    answers = await reader.statistics(EVERYTHING, requests, first, last)
    by_node: dict[str, list[Run]] = {}
    for run in runs:
        if run.start_ms is not None and run.start_ms < last and (run.end_ms or last) > first:
            by_node.setdefault(run.node_names[0], []).append(run)
    held = worked = 0.0
    for number in range(nodes):
        mine = by_node.get(f"n{number:04}", [])
        edges = {max(run.start_ms or 0, first) for run in mine} | {min(run.end_ms or last, last) for run in mine}
        cuts = sorted({first, last} | edges | set(range(first, last, HOUR_MS)))
        for gpu in range(GPUS):
            busy = answers[number * GPUS + gpu].values.tolist()
            for begin, end in pairwise(cuts):
                steps = busy[(begin - first) // STEP_MS : -(-(end - first) // STEP_MS)]
                if any((run.start_ms or 0) <= begin < (run.end_ms or last) for run in mine):
                    held += end - begin
                    worked += sum(steps) / max(len(steps), 1) * (end - begin)
    return time.perf_counter() - began


async def measure(args: argparse.Namespace, directory: Path, owner: "subprocess.Popen[bytes]") -> dict[str, Any]:
    telemetry = Telemetry(lambda: embedded_endpoint(directory / "engine"))
    migrate(telemetry)
    clock = ManualClock(NOW_MS)
    state = State.open("", directory)
    inventory = InventoryRoom.of(state, clock)
    registry = SeriesRegistry(telemetry, clock)
    start = NOW_MS - args.days * DAY_MS
    nodes = [
        Node(ACCOUNT, CLUSTER, f"n{at:04}", Condition.UP, gpus=float(GPUS), gpu_type="h100", instance_id=f"i-{at:04}")
        for at in range(args.nodes)
    ]
    await inventory.nodes.put(nodes, start)
    drained = [replace(node, condition=Condition.DRAINED, reason="ECC") for node in nodes[:20]]
    await inventory.nodes.put(drained, start + 10 * DAY_MS)
    await inventory.rates.put([Rate(RateKind.PRICE, "gpu:h100", RateUnit.GPU_HOUR, Decimal("2.5"), "USD", 0)])
    runs = runs_of(args.nodes, args.days, args.runs)
    began = time.perf_counter()
    for at in range(0, len(runs), 20_000):
        await inventory.runs.put(runs[at : at + 20_000], NOW_MS)
    print(f"{len(runs)} runs put in {time.perf_counter() - began:.1f} s", flush=True)
    ids = []
    for node in nodes:
        for gpu in range(GPUS):
            labels = make_tags({"UUID": f"GPU-{node.name}-{gpu}", "Hostname": node.name, "gpu": str(gpu)})
            named = ACCOUNT, "eu", "Prometheus", "DCGM_FI_PROF_SM_ACTIVE"
            ids.append(registry.add(Identity(*named, labels, "None", Kind.GAUGE)))
    registry.seen(np.array(ids, np.uint64), np.full(len(ids), NOW_MS - STEP_MS, np.int64))
    began = time.perf_counter()
    for day in range(args.days):
        for at in range(0, len(ids), _FILL_AT_ONCE):
            asked = {"start": start + day * DAY_MS, "ids": ids[at : at + _FILL_AT_ONCE]}
            telemetry.execute(_FILL, asked, limits=ReadLimits(seconds=600, memory_mb=4096))
    print(f"{len(ids) * 288 * args.days} points in {time.perf_counter() - began:.1f} s", flush=True)
    rollups = RollupChoice(telemetry, clock, Retention.of(Settings()))
    reader = MetricReader(telemetry, registry, cast("Any", NoDrain()), rollups)
    sources = Sources(reader, registry, inventory, CostReader(telemetry), list)
    room = FleetRoom.of(telemetry, sources, clock)
    peak = Peak(os.getpid(), owner.pid)
    processes = (os.getpid(), owner.pid)
    before = [cpu_of(pid) for pid in processes]
    began = time.perf_counter()
    await room.keeper.ensure(start, NOW_MS)
    whole = time.perf_counter() - began
    own_cpu, engine_cpu = (round(cpu_of(pid) - used, 1) for pid, used in zip(processes, before, strict=True))
    peak.stop.set()
    print(f"the ledger of {args.days} days in {whole:.1f} s, {peak.highest} MB", flush=True)
    span = {"start_ms": NOW_MS - 20 * HOUR_MS, "end_ms": NOW_MS - 10 * HOUR_MS}
    late = replace(runs[0], key=RunKey(ACCOUNT, CLUSTER, "late"), **span)
    await inventory.runs.put([late], NOW_MS)
    began = time.perf_counter()
    made = await room.keeper.ensure(NOW_MS - args.days * DAY_MS, NOW_MS)
    redone = time.perf_counter() - began
    told: dict[str, float] = {}
    for name, span in (("day", DAY_MS), ("month", 30 * DAY_MS), ("all", args.days * DAY_MS)):
        for how in ("cold", "warm"):
            if how == "cold":
                room.forget()
            began = time.perf_counter()
            costed = await room.ledger.costed(EVERYTHING, NOW_MS - span, NOW_MS)
            by_team(costed.frame)
            costed.idle_sums()
            told[f"{name}_{how}_s"] = round(time.perf_counter() - began, 3)
    hours = totals((await room.ledger.costed(EVERYTHING, NOW_MS - args.days * DAY_MS, NOW_MS)).frame)
    loop = await by_loop(reader, ids, runs, args.nodes, NOW_MS // DAY_MS - min(5, args.days)) * args.days
    return {
        "machines": args.nodes, "days": args.days, "runs": args.runs, "points": len(ids) * 288 * args.days,
        "seconds": round(whole, 1), "own_cpu_seconds": own_cpu, "engine_cpu_seconds": engine_cpu,
        "peak_mb": peak.highest, "peak_mb_each": peak.each, "late_day_seconds": round(redone, 2), "late_days": made,
        **told, "loop_seconds": round(loop, 1), "loop_times": round(loop / whole, 2),
        "existing": round(hours.existing, 3), "held": round(hours.held, 3), "active": round(hours.active, 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--runs", type=int, default=100_000)
    args = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="trimtab-fleet-"))
    owner = started(directory / "engine")
    try:
        print(json.dumps(asyncio.run(measure(args, directory, owner))))
    finally:
        assert owner.stdin is not None
        owner.stdin.close()
        owner.wait()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
