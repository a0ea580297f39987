"""Runs that are made up: two teams on the pretended GPU nodes, one run that waits, one that failed, a drained node."""

import asyncio
import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.unit.profiles.traces import event, step, trace
from tests.unit.profiles.training_jobs import Job, operations

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.money import Prices, no_estimates
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.kpis.runs.phases import Hang
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.watch import Hanging, HangWatch
from trimtab.metrics.registry import SeriesRegistry
from trimtab.profiles import kineto, stragglers
from trimtab.profiles.store import ProfileFile, ProfileStore
from trimtab.progress.model import Mark, MarkKind, Workload
from trimtab.progress.room import ProgressRoom
from trimtab.progress.store import Told
from trimtab.store.state.database import State

ACCOUNT, CLUSTER = "123456789012", "atlas"
HOUR = 3_600_000


class NoBill:
    """Nothing was billed."""

    async def hours_apart(self, *asked: Any) -> list[Any]:
        return []

    async def costs(self, scope: Scope, query: Any) -> list[Any]:
        return []

    async def values(self, *asked: Any) -> list[Any]:
        return []

    async def extent(self) -> None:
        return None


async def no_mark(day: int) -> str:
    """No bill has any day."""
    return ""


def runs_of(now_ms: int) -> list[Run]:
    """A run of each kind."""
    nodes = ("train-1", "train-2")
    kinds = (
        ("101", "pretrain", "foundation", RunState.RUNNING, 9.0, 6.0, None, 16, nodes, ""),
        ("102", "sweep<b>", "search", RunState.FAILED, 30.0, 28.0, 20.0, 8, nodes[:1], "NonZeroExitCode"),
        ("103", "eval", "search", RunState.PENDING, 2.0, None, None, 8, (), "Resources"),
        ("104", "distil", "foundation", RunState.COMPLETED, 50.0, 49.0, 40.0, 8, nodes[1:], "Priority"),
    )
    found = []
    for job, name, team, state, submitted, started, ended, gpus, names, reason in kinds:
        found.append(
            Run(
                RunKey(ACCOUNT, CLUSTER, job),
                "slurm",
                state,
                round(now_ms - submitted * HOUR),
                name=name,
                user="mira" if team == "foundation" else "ravi",
                team=team,
                queue="p5",
                reason=reason,
                exit_code=1 if state is RunState.FAILED else None,
                start_ms=None if started is None else round(now_ms - started * HOUR),
                end_ms=None if ended is None else round(now_ms - ended * HOUR),
                gpus=float(gpus),
                gpu_type="H100",
                nodes=max(len(names), 1),
                node_names=names,
                whole_nodes=True,
                tags={"project": "llm"},
                held=tuple(Held(node, gpus / len(names), tuple(range(8))) for node in names),
            )
        )
    return found


def profiles_of_run() -> list[ProfileFile]:
    """Four ranks, the third slower than the others, and the operations of a job with a slow worker."""
    files = []
    for rank in range(4):
        events = []
        for number in range(5):
            at, work = 100_000.0 * number, 62_000.0 if rank == 2 else 45_000.0
            events += [step(number, at, 100_000), event("void <gemm>", at, work, device=rank)]
            collective = event("ncclDevKernel_AllReduce_Sum_bf16", at + 30_000, 55_000, device=rank, stream=20)
            events += [collective, event("Memcpy HtoD", at + 88_000, 3_000, "gpu_memcpy", device=rank)]
        name = f"rank_{rank}.json"
        files.append(ProfileFile(file=name, trace=kineto.read(io.BytesIO(trace(events, rank=rank, world=16)), name)))

    def length(kind: str, dp: int, stage: int, _: int) -> float:
        usual = {"forward-compute": 1.0, "backward-compute": 2.0}.get(kind, 0.01)
        return usual * (1.5 if (dp, stage) == (2, 1) else 1.0)

    report = stragglers.analyse(operations(Job(dp=4, pp=4, microbatches=8), length))
    return [*files, ProfileFile(file="operations.parquet", stragglers=report)]


def pretend_runs(reader: Any, registry: SeriesRegistry, clock: Clock, filled: bool) -> RunReports:
    """Reports of runs over a state database of their own, empty unless `filled`."""
    state = State.open("", Path(tempfile.mkdtemp()))
    room, profiles = InventoryRoom.of(state, clock), ProfileStore(state, clock)

    async def fill() -> None:
        now_ms = clock.now_ms()
        await room.runs.put(runs_of(now_ms), now_ms)
        for name, condition in (("train-1", Condition.UP), ("train-2", Condition.UP), ("gpu-9", Condition.DRAINED)):
            held = 8.0 if condition is Condition.UP else 0.0
            node = Node(ACCOUNT, CLUSTER, name, condition, "", "", 8.0, held, "H100", "p5.48xlarge", partitions=("p5",))
            await room.nodes.put([node], now_ms - 60 * HOUR)
            await room.nodes.put([node], now_ms)
        await profiles.put(RunKey(ACCOUNT, CLUSTER, "101"), profiles_of_run(), "ci")

    if filled:
        with ThreadPoolExecutor(1) as pool:  # whoever asks may be in an event loop
            pool.submit(asyncio.run, fill()).result()
    bills: Any = NoBill()
    facts = FactsReader(reader, registry, room, bills, clock)
    ledger = DirectLedger(facts, clock, Prices(bills, room, no_estimates, no_mark))
    return RunReports(reader, registry, room, ledger, clock, profiles)


def pretend_hangs(reports: RunReports, filled: bool) -> HangWatch:
    """A watch that has found the run that goes on to hang."""
    watch = HangWatch.of(reports, State.open("", Path(tempfile.mkdtemp())), reports.clock)
    if filled:
        now_ms = reports.clock.now_ms()
        run = next(run for run in runs_of(now_ms) if run.key.job == "101")
        hang = Hang(now_ms - 12 * 60_000, now_ms, ended=False, stopped_first="GPU-x", node="train-2", index="5")
        watch._hanging[run.key] = Hanging(run, hang, {"USD": Decimal("0.66")})
    return watch


def pretend_progress(reports: RunReports, filled: bool) -> ProgressRoom:
    """The progress of those runs: one trained, was saved, fell back and trained on; of the others nothing was told."""
    state = State.open("", Path(tempfile.mkdtemp()))
    room = ProgressRoom.of(state, reports.room.runs, reports.reader, reports.registry, reports.clock)
    begun = reports.clock.now_ms() - 6 * HOUR
    key = RunKey(ACCOUNT, CLUSTER, "101")

    def step(at_min: float, number: int) -> Mark:
        loss = 11.0 - number / 400
        return Mark(
            at_ms=round(begun + at_min * 60_000), kind=MarkKind.STEP, step=number, loss=loss, epoch=number / 4000
        )

    marks = [
        Mark(at_ms=begun, kind=MarkKind.START),
        *(step(12 + at, 10 * at) for at in range(151)),
        Mark(at_ms=begun + 166 * 60_000, kind=MarkKind.SAVED, step=1500),
        *(step(166 + at, 1500 + 10 * at) for at in range(1, 41)),
        Mark(at_ms=begun + 230 * 60_000, kind=MarkKind.START),
        *(step(240 + at, 1500 + 10 * at) for at in range(1, 101)),
        Mark(at_ms=begun + 350 * 60_000, kind=MarkKind.SCORE, step=2500, score=2.31),
    ]
    workload = Workload(parameters=3e9, sequence=8192, batch=256, total_steps=4000, precision="bf16")
    if filled:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, room.take(Told(key, "Megatron-LM log lines", marks, workload))).result()
    return room
