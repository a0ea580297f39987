"""The formulas against public data: figures by hand with pandas, and the data's own anchors (facts.json)."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.kpis.fleet import Fleet, direct

from trimtab.access.scope import EVERYTHING
from trimtab.base.records import replace
from trimtab.fleet.claims import parts_of_run, span_of
from trimtab.fleet.frame import by_machine, totals
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.kpis.context import Options
from trimtab.kpis.model import GroupKpis, Level
from trimtab.metrics.model import Kind

STEP_S = 57  # the publishers' sampling interval


def folder(repository: Path, name: str) -> Path:
    found = repository.parent / "shared" / "data" / name
    if not found.is_dir():
        pytest.skip(f"the public data set {name} is not beside the checkout")
    return found


@pytest.fixture
def genai(repository: Path) -> Path:
    return folder(repository, "alibaba_genai_v2026")


def read(directory: Path, name: str) -> pd.DataFrame:
    (file,) = directory.glob(f"{name}*.csv.gz")
    return pd.read_csv(file)


def facts(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "facts.json").read_text())
    return found


def add(fleet: Fleet, frame: pd.DataFrame, name: str, labels: str, **more: Any) -> None:
    for value, part in frame.sort_values("timestamp_anon").groupby("container_ip"):
        times = (part.timestamp_anon * 1000).astype("int64").tolist()
        fleet.add(name, part.value.tolist(), times=times, labels={labels: str(value)}, **more)


def report(fleet: Fleet, frame: pd.DataFrame, level: Level = Level.FLEET, **more: Any) -> dict[str, GroupKpis]:
    start, end = (int(at) * 1000 for at in (frame.timestamp_anon.min(), frame.timestamp_anon.max() + STEP_S))
    found = fleet.report(level, start=start, hours=(end - start) / 3_600_000, **more)
    return {group.group: group for group in found.groups}


def test_gpu_hours_and_idle_gpus_of_a_diffusion_service(genai: Path) -> None:
    duty, known = read(genai, "pod_gpu_duty_cycle"), facts(genai)["pod_gpu_duty_cycle_anon"]
    fleet = Fleet()
    add(fleet, duty, "DCGM_FI_DEV_GPU_UTIL", "UUID")
    # By hand: a report stands until the next one, for 300 s at most.
    ordered = duty.sort_values(["container_ip", "timestamp_anon"])
    steps = ordered.groupby("container_ip").timestamp_anon.diff(-1).abs().fillna(STEP_S) / STEP_S
    steps = steps.where(steps <= 6, 1.0)
    hours = steps * STEP_S / 3600
    active = (hours * ordered.value / 100).groupby(ordered.container_ip).sum()
    whole = hours.groupby(ordered.container_ip).sum()
    start, end = (int(at) * 1000 for at in (duty.timestamp_anon.min(), duty.timestamp_anon.max() + STEP_S))
    ledger = direct(fleet, end)
    frame = asyncio.run(replace(ledger, facts=replace(ledger.facts, step_s=STEP_S)).frame(EVERYTHING, start, end))
    assert totals(frame).known == pytest.approx(whole.sum())
    # Without a label less than one percent is nobody's work: it is told apart, and not dropped.
    assert totals(frame).active + totals(frame).stray == pytest.approx(active.sum())
    assert (totals(frame).active + totals(frame).stray) / totals(frame).known == pytest.approx(
        known["mean"] / 100, rel=0.02
    )
    shares = np.array([(one.active + one.stray) / one.known for one in by_machine(frame).values() if one.known])
    assert len(shares) == known["containers"]
    assert (shares < 0.05).sum() == known["containers_mean_below_5pct"]
    assert (shares == 0).sum() == known["containers_never_above_0"]


@pytest.mark.parametrize("name", ["pipeline_inference_data", "model_predict_data", "basemodel_update_latency"])
def test_latency_percentiles(genai: Path, name: str) -> None:
    frame, known = read(genai, name), facts(genai)[f"{name}_anon"]
    fleet = Fleet()
    add(fleet, frame, name, "container", kind=Kind.EVENTS, unit="Milliseconds")
    group = report(fleet, frame, options=Options(latency_metric=name))["fleet"]
    for rank in (50, 95, 99):
        value = group.get(f"latency_p{rank}").value
        assert value == pytest.approx(frame.value.quantile(rank / 100) / 1000)
        assert value == pytest.approx(known[f"p{rank}"] / 1000, abs=1e-4)


def test_availability_of_the_request_trace(genai: Path) -> None:
    trace, known = read(genai, "lora_request_trace"), facts(genai)["lora_request_trace"]
    made = pd.to_datetime(trace.gmt_create, utc=True).astype("datetime64[ms, UTC]").astype("int64")
    trace = trace.assign(timestamp_anon=made / 1000, container_ip=trace.predict_status, value=1.0)
    fleet = Fleet()
    add(fleet, trace, "requests", "status", kind=Kind.EVENTS)
    add(fleet, trace.assign(value=trace.exec_time_seconds), "seconds", "status", kind=Kind.EVENTS)
    options = Options(requests_metric="requests", latency_metric="seconds", slo=0.99)
    group = report(fleet, trace, options=options)["fleet"]
    ended = known["status"]["SUCCEED"] + known["status"]["FAILED"]
    failed = known["status"]["FAILED"] / ended
    assert group.get("success_ratio").value == pytest.approx(1 - failed)
    assert group.get("burn_rate").value == pytest.approx(failed / 0.01)
    assert [group.get(f"latency_{rank}").value for rank in ("p50", "p95")] == known["exec_p50_p95"]
    seconds = trace.timestamp_anon.max() + STEP_S - trace.timestamp_anon.min()
    assert group.get("requests_per_s").value == pytest.approx(len(trace) / seconds, rel=0.02)


def test_gpu_hours_of_a_schedulers_records(repository: Path) -> None:
    directory = folder(repository, "alibaba_gpu_v2023")
    (file,) = directory.glob("openb_pod_list*.csv")
    hours: dict[str, float] = defaultdict(float)
    for pod in pd.read_csv(file).dropna(subset=["scheduled_time"]).itertuples():
        gpus = pod.gpu_milli / 1000 if pod.num_gpu == 1 else float(pod.num_gpu)
        start, end = round(pod.scheduled_time * 1000), round(pod.deletion_time * 1000)
        key = RunKey("1", "openb", pod.name)
        run = Run(key, "kubernetes", RunState.COMPLETED, gpus=gpus, start_ms=start, end_ms=end, submit_ms=start)
        for part in parts_of_run(run):
            begun, ended = span_of(run, part)
            assert ended is not None
            hours[pod.qos] += part.gpus * (ended - begun) / 3_600_000
    assert hours == pytest.approx(facts(directory)["gpu_hours_by_qos"], abs=1e-3)
