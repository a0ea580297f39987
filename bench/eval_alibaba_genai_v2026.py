"""KPIs of a Stable Diffusion service (Alibaba GenTD26) beside the same figures by hand with pandas.

The rows of DIR go through trimtab's own write path into an engine of their own, and `kpis.report` is asked as the API
asks it; the figures by hand come from the files alone. Times are moved by a constant to the days before now, as a
server that starts today would have them.

    python bench/eval_alibaba_genai_v2026.py DIR

Idle GPUs are found by the advisor's own check from GPU metrics alone, half hour by half hour; the truth is that the
container has no `qps` row in it, and containers that never appear in `qps` are left out.

The last line is one JSON object: each figure as [trimtab, by hand], `worst`, the greatest relative difference, and
`idle_precision` and `idle_recall`.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trimtab.access.scope import EVERYTHING
from trimtab.advice.checks.idle_gpu import CHECK as IDLE_GPU
from trimtab.advice.gather.gpus import GpuReader
from trimtab.advice.idleness import idle_windows
from trimtab.base.clock import SystemClock
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.frame import by_machine, totals
from trimtab.kpis.context import Options
from trimtab.kpis.model import GroupKpis, Level
from trimtab.kpis.report import report
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, Identity, Kind, MetricBatch
from trimtab.settings import Settings
from trimtab.stores import open_stores
from trimtab.wiring.rooms import Rooms, build_rooms

STEP_S = 57
"""The publishers' sampling interval; timestamps are multiples of it."""
REACH = 5
"""Steps that a report stands for at most: 300 s."""
LATENCIES = (
    "pipeline_inference_data",
    "model_predict_data",
    "basemodel_update_latency",
    "controlnet_latency_data",
    "lora_update_latency",
    "pipeline_update_latency",
)
RANKS = (50, 95, 99)
Figures = dict[str, list[float | None]]


def read(directory: Path, name: str) -> pd.DataFrame:
    (file,) = directory.glob(f"{name}*.csv.gz")
    return pd.read_csv(file)


@contextmanager
def engine(directory: Path) -> Iterator[None]:
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory / "engine"), "2048"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdout.readline()
    try:
        yield
    finally:
        owner.stdin.close()
        owner.wait()


class Evaluation:
    """The rooms, what is written to them, and the figures found."""

    def __init__(self, rooms: Rooms, directory: Path) -> None:
        self.rooms = rooms
        self.directory = directory
        self.found: Figures = {}
        self.idle: dict[str, float] = {}
        duty = read(directory, "pod_gpu_duty_cycle")
        day = 86_400
        # Whole steps, so that the grid stays the publishers' one.
        self.shift_s = int((time.time() - day - duty.timestamp_anon.max()) // (STEP_S * 60)) * STEP_S * 60
        self.start_ms = int(duty.timestamp_anon.min() + self.shift_s) * 1000
        self.end_ms = int(duty.timestamp_anon.max() + self.shift_s + STEP_S) * 1000

    async def write(
        self,
        name: str,
        kind: Kind,
        times_ms: "pd.Series[Any]",
        values: "pd.Series[Any]",
        labels: Mapping[str, "pd.Series[Any] | str"],
        *,
        namespace: str = "Prometheus",
        unit: str = "None",
    ) -> None:
        """Store one value a row; `labels` are a column or a constant each, and a row without one lacks it."""
        frame = pd.DataFrame({"t": times_ms.astype("int64"), "v": values.astype(float), **labels}).fillna("")
        keys = list(labels)
        rows = np.zeros(len(frame), SAMPLE_ROW if kind is Kind.GAUGE else VALUE_ROW)
        at = 0
        for value, part in frame.groupby(keys, sort=False):
            pairs = make_tags({key: str(text) for key, text in zip(keys, value, strict=True) if text != ""})
            series = self.rooms.registry.add(Identity("1", "eu", namespace, name, pairs, unit, kind))
            here = rows[at : at + len(part)]
            here["series"], here["time"], here["value"] = series, part.t, part.v
            at += len(part)
        if kind is Kind.GAUGE:
            await self.rooms.ingest.write(MetricBatch(samples=rows))
        else:
            rows["count"] = 1
            await self.rooms.ingest.write(MetricBatch(values=rows))

    async def kpis(self, start_ms: int, end_ms: int, step_s: int | None = None, **options: Any) -> GroupKpis:
        """The fleet's KPIs over a range."""
        await self.rooms.reader.fresh(60)
        answer = await report(
            self.rooms.reader,
            self.rooms.registry,
            EVERYTHING,
            Level.FLEET,
            start_ms,
            end_ms,
            step_s=step_s,
            options=Options(**options),
            ledger=self.ledger,
        )
        return answer.groups[0]

    @property
    def ledger(self) -> DirectLedger:
        """The ledger in the publishers' own steps, which the figures by hand are in."""
        return DirectLedger(replace(self.rooms.fleet.facts, step_s=STEP_S), self.rooms.clock)

    def note(self, name: str, ours: float | None, by_hand: float) -> None:
        """Keep a figure beside the one by hand."""
        self.found[name] = [None if ours is None else float(ours), float(by_hand)]

    def times(self, frame: pd.DataFrame) -> "pd.Series[Any]":
        """The rows' times, moved to the days before now, in milliseconds."""
        return (frame.timestamp_anon + self.shift_s).round().astype("int64") * 1000

    async def gpus(self) -> None:
        """GPU-hours, memory, and the GPUs that do nothing."""
        duty = read(self.directory, "pod_gpu_duty_cycle")
        memory = read(self.directory, "pod_memory_util")
        ip = duty.container_ip
        await self.write("DCGM_FI_DEV_GPU_UTIL", Kind.GAUGE, self.times(duty), duty.value, {"UUID": ip, "pod": ip})
        labels = {"host.name": memory.container_ip, "system.memory.state": "used"}
        await self.write("system.memory.utilization", Kind.GAUGE, self.times(memory), memory.value, labels)
        group = await self.kpis(self.start_ms, self.end_ms, STEP_S)
        paid, active = gpu_hours(duty)
        # By hand a GPU counts while it reports; the ledger tells that time apart from the time in which it exists.
        hours = totals(await self.ledger.frame(EVERYTHING, self.start_ms, self.end_ms))
        self.note("gpu_hours_paid", hours.known, paid)
        self.note("gpu_hours_active", group.get("gpu_hours_active").value, active)
        self.note("gpu_hours_idle", hours.known - hours.active, paid - active)
        self.note("gpu_hours_allocated", group.get("gpu_hours_held").value, paid)
        self.note("gpu_active_share", hours.active / hours.known, active / paid)
        hosts = memory[memory.timestamp_anon.between(duty.timestamp_anon.min(), duty.timestamp_anon.max())]
        by_host = hosts.groupby("container_ip").value.mean().mean()
        self.note("memory_utilisation", group.get("memory_utilisation").value, by_host)
        await self.idle_gpus(duty)

    async def idle_gpus(self, duty: pd.DataFrame) -> None:
        """Each GPU as a group of its own: how many there are, and how many do (almost) nothing."""
        machines = by_machine(await self.ledger.frame(EVERYTHING, self.start_ms, self.end_ms)).values()
        ours = np.array([one.active / one.known for one in machines if one.known])
        hand = np.array([part[1] / part[0] for _, one in duty.groupby("container_ip") if (part := gpu_hours(one))])
        self.note("gpus", len(ours), len(hand))
        self.note("gpus_active_below_5_percent", float((ours < 0.05).sum()), float((hand < 0.05).sum()))
        self.note("gpus_never_active", float((ours == 0).sum()), float((hand == 0).sum()))

    async def idle_check(self) -> None:
        """Precision and recall of idle half hours of containers."""
        reader = GpuReader(self.rooms.reader, self.rooms.registry, self.rooms.inventory)
        gpus = await reader.gpus(EVERYTHING, self.end_ms)
        qps = read(self.directory, "qps").dropna(subset=["container_ip"])
        window = int(IDLE_GPU.defaults["window"] * 60_000)
        asked = set(zip(qps.container_ip, self.times(qps) // window * window, strict=True))
        known = set(qps.container_ip)
        found = [(one.pod, *told) for one in gpus if one.pod in known for told in idle_windows(one, IDLE_GPU.defaults)]
        pairs = [(idle, (pod, start) not in asked) for pod, start, idle in found]
        hits = sum(idle and truth for idle, truth in pairs)
        told, true = sum(idle for idle, _ in pairs), sum(truth for _, truth in pairs)
        self.idle = {
            "idle_precision": round(hits / told, 4) if told else 0.0,
            "idle_recall": round(hits / true, 4) if true else 0.0,
            "idle_windows": len(pairs),
            "idle_true": true,
        }

    async def requests(self) -> None:
        """Requests per second."""
        qps = read(self.directory, "qps")
        qps = qps[(self.times(qps) >= self.start_ms) & (self.times(qps) < self.end_ms)]
        counted = qps.value * STEP_S  # a rate over the interval is so many requests in it
        await self.write("sd_requests", Kind.EVENTS, self.times(qps), counted, {"request_type": qps.request_type})
        group = await self.kpis(self.start_ms, self.end_ms, STEP_S, requests_metric="sd_requests")
        by_hand = counted.sum() / ((self.end_ms - self.start_ms) / 1000)
        self.note("requests_per_s", group.get("requests_per_s").value, by_hand)

    async def latencies(self) -> None:
        """Percentiles of each layer's latency."""
        for name in LATENCIES:
            frame = read(self.directory, name)
            labels = {"container": frame.container_ip}
            await self.write(name, Kind.EVENTS, self.times(frame), frame.value, labels, unit="Milliseconds")
            times = self.times(frame)
            group = await self.kpis(int(times.min()), int(times.max()) + 1000, latency_metric=name)
            for rank in RANKS:
                found = group.get(f"latency_p{rank}").value
                self.note(f"{name}_p{rank}_ms", found and found * 1000, frame.value.quantile(rank / 100))

    async def availability(self) -> None:
        """Success ratio and error budget of the request trace; requests that are pending count in neither."""
        trace = read(self.directory, "lora_request_trace")
        made = pd.to_datetime(trace.gmt_create, utc=True).astype("datetime64[ms, UTC]").astype("int64")
        days = int((time.time() * 1000 - made.max()) // 86_400_000) - 1
        times = made + days * 86_400_000
        labels = {"status": trace.predict_status}
        await self.write("lora_requests", Kind.EVENTS, times, times * 0 + 1, labels)
        await self.write("lora_exec", Kind.EVENTS, times, trace.exec_time_seconds, labels, unit="Seconds")
        options: dict[str, Any] = {"requests_metric": "lora_requests", "latency_metric": "lora_exec", "slo": 0.99}
        group = await self.kpis(int(times.min()), int(times.max()) + 1000, **options)
        status = trace.predict_status.value_counts()
        failed = status.get("FAILED", 0) / (status.get("FAILED", 0) + status.get("SUCCEED", 0))
        self.note("success_ratio", group.get("success_ratio").value, 1 - failed)
        self.note("burn_rate", group.get("burn_rate").value, failed / 0.01)
        self.note("error_budget_left", group.get("error_budget_left").value, 1 - failed / 0.01)
        for rank in RANKS:
            found = group.get(f"latency_p{rank}").value
            self.note(f"lora_exec_p{rank}_s", found, trace.exec_time_seconds.quantile(rank / 100))


def gpu_hours(duty: pd.DataFrame) -> tuple[float, float]:
    """Hours paid and active by hand: each report is one interval, and stands for gaps of up to five more."""
    paid = active = 0.0
    for _, part in duty.sort_values("timestamp_anon").groupby("container_ip"):
        steps = part.timestamp_anon.diff().shift(-1).fillna(STEP_S) / STEP_S
        steps = steps.where(steps <= REACH + 1, 1.0)
        paid += float(steps.sum())
        active += float((steps * part.value / 100).sum())
    return paid * STEP_S / 3600, active * STEP_S / 3600


async def evaluate(directory: Path, data: Path) -> tuple[Figures, dict[str, float]]:
    clock = SystemClock()
    stores = await asyncio.to_thread(open_stores, Settings(data_dir=data), clock)
    try:
        evaluation = Evaluation(await build_rooms(Settings(data_dir=data), stores, clock), directory)
        await evaluation.gpus()
        await evaluation.idle_check()
        await evaluation.latencies()
        await evaluation.requests()
        await evaluation.availability()
        return evaluation.found, evaluation.idle
    finally:
        await asyncio.to_thread(stores.close)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIR")
    directory = Path(sys.argv[1])
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as data, engine(Path(data)):
        found, idle = asyncio.run(evaluate(directory, Path(data)))
    worst = max(
        np.inf if ours is None else abs(ours - hand) / max(abs(hand), 1e-12)
        for ours, hand in ((ours, hand or 0.0) for ours, hand in found.values())
    )
    for name, (ours, hand) in found.items():
        print(f"{name:34}{ours or 0.0:16.6g}{hand or 0.0:16.6g}")
    print(
        json.dumps(
            {
                "evaluation": "alibaba_genai_v2026",
                "figures": found,
                "worst": worst,
                **idle,
                "seconds": round(time.perf_counter() - began, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
