"""Runs' shares of the SM time of GPUs that they take turns on, from recorded samples of processes."""

import asyncio
from typing import Any, cast

import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.fleet.telemetry import sm_time
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState

UID = "0f1b6d3a-6c5e-4d3f-9a51-2b7c8d9e0f12"
# nvmlDeviceGetProcessUtilization of a GPU that two jobs took turns on: smUtil in percent, once a minute.
TRAINER = (64, 71, 58, 66, 61, 70, 55, 67, 62, 66)
SERVER = (12, 0, 18, 9, 21, 14, 7, 19, 11, 9)


def run(job: str, *held: Held, start_ms: int = START, end_ms: int = START + HOUR) -> Run:
    key = RunKey("1", "atlas", job)
    return Run(key, "slurm", RunState.COMPLETED, start_ms, start_ms=start_ms, end_ms=end_ms, held=held)


def shares(fleet: Fleet, *runs: Run) -> dict[tuple[str, str], dict[str, float]]:
    read = sm_time.read(cast("Any", fleet), fleet.registry, EVERYTHING, runs, START, START + HOUR)
    return {(key.job, node): dict(found) for (key, node), found in asyncio.run(read).items()}


def process(fleet: Fleet, values: tuple[int, ...], *, first_min: int = 0, gpu: str = "0", **owner: str) -> None:
    labels = {"host.name": "n1.example.com", "hw.id": f"GPU-n1-{gpu}", "gpu.number": gpu, "gpu.uuid": f"GPU-n1-{gpu}"}
    times = [START + (first_min + at) * MINUTE for at in range(len(values))]
    named = {key.replace("_", "."): value for key, value in owner.items()}
    shown = [value / 100 for value in values]
    fleet.add("process.gpu.utilization", shown, times=times, namespace="trimtab/Host", labels={**labels, **named})


def test_two_jobs_on_one_gpu_have_what_their_processes_had() -> None:
    fleet = Fleet()
    process(fleet, TRAINER * 6, slurm_job_id="1", process_pid="4000")
    process(fleet, SERVER * 6, slurm_job_id="2", process_pid="4100")
    process(fleet, (50,) * 60, process_pid="9")  # somebody's without a job
    found = shares(fleet, run("1", Held("n1", 1, (0,))), run("2", Held("n1", 1, (0,))), run("3", Held("n1", 1, (0,))))
    assert {"0": pytest.approx(sum(TRAINER) / 1000)} == found["1", "n1"]
    assert {"0": pytest.approx(sum(SERVER) / 1000)} == found["2", "n1"]
    assert {} == found["3", "n1"]  # it held the GPU, and no process of it was there


def test_time_before_and_after_a_process_counts_as_none_and_processes_add_up() -> None:
    fleet = Fleet()
    process(fleet, (80,) * 15, slurm_job_id="1", process_pid="1")
    process(fleet, (40,) * 15, first_min=15, slurm_job_id="1", process_pid="2")
    half = run("1", Held("n1", 1, (0,)), end_ms=START + HOUR // 2)
    assert {("1", "n1"): {"0": pytest.approx(0.6)}} == shares(fleet, half)


def test_pods_are_told_by_uid_and_by_hamis_labels() -> None:
    fleet = Fleet()
    process(fleet, TRAINER * 6, k8s_pod_uid=UID)
    labels = {"podnamespace": "vision", "podname": "lab-1", "ctrname": "main", "deviceuuid": "GPU-n1-0"}
    fleet.add("Device_utilization_desc_of_container", 25.0, labels=labels)
    found = shares(
        fleet,
        run("vision/lab-0", Held("n1", 0.25, pod="vision/lab-0", pod_uid=UID)),
        run("vision/lab-1", Held("n1", 0.25, pod="vision/lab-1", pod_uid="other")),
    )
    assert pytest.approx(0.64) == sum(found["vision/lab-0", "n1"].values())
    assert pytest.approx(0.25) == sum(found["vision/lab-1", "n1"].values())


def test_hamis_new_name_is_read_and_counts_once_beside_the_old_one() -> None:
    fleet = Fleet()
    new = {"namespace": "vision", "pod": "lab-1", "container": "main", "device_uuid": "GPU-n1-0"}
    old = {"podnamespace": "vision", "podname": "lab-1", "ctrname": "main", "deviceuuid": "GPU-n1-0"}
    fleet.add("hami_container_device_utilization_ratio", 25.0, labels=new)
    held = run("vision/lab-1", Held("n1", 0.25, pod="vision/lab-1", pod_uid="other"))
    assert pytest.approx(0.25) == sum(shares(fleet, held)["vision/lab-1", "n1"].values())
    fleet.add("Device_utilization_desc_of_container", 25.0, labels=old)
    assert pytest.approx(0.25) == sum(shares(fleet, held)["vision/lab-1", "n1"].values())


def test_where_no_process_is_told_nothing_is_known() -> None:
    fleet = Fleet()
    process(fleet, TRAINER * 6, process_pid="4000")
    assert {} == shares(fleet, run("1", Held("n1", 1, (0,))))
