"""GPU-hours from series as exporters send them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.kpis.model import GroupKpis, Level
from trimtab.metrics.model import Kind

GPU = {"UUID": "GPU-1", "Hostname": "n1", "gpu": "0"}


def hours(group: GroupKpis) -> dict[str, float | None]:
    names = ("existing", "held", "active", "idle", "down", "free", "inactive", "unknown")
    return {name: group.get(f"gpu_hours_{name}").value for name in names}


def add(fleet: Fleet, value: Sequence[float] | float, labels: Mapping[str, str] = GPU, **more: object) -> None:
    fleet.add("DCGM_FI_DEV_GPU_UTIL", value, labels={**GPU, **labels}, **more)  # type: ignore[arg-type]


def only(fleet: Fleet, **options: object) -> GroupKpis:
    (group,) = fleet.report(**options).groups  # type: ignore[arg-type]
    return group


def test_half_an_hour_of_work_with_memory_as_evidence() -> None:
    fleet = Fleet()
    add(fleet, [80.0] * 30 + [0.0] * 30)
    fleet.add("DCGM_FI_DEV_FB_USED", [40_000.0] * 45 + [3.0] * 15, labels=GPU)
    group = only(fleet)
    expected = {
        "existing": 1, "held": 0.75, "active": 0.4, "idle": 0.6, "down": 0, "free": 0.25,
        "inactive": 0.35, "unknown": 0,
    }  # fmt: skip
    assert hours(group) == pytest.approx(expected)
    active = group.get("gpu_hours_active")
    assert [(one.source, one.series) for one in active.inputs] == [("DCGM_FI_DEV_GPU_UTIL", 1)]
    assert active.coverage == 1


def test_sm_active_comes_before_engine_before_util() -> None:
    fleet = Fleet()
    add(fleet, 100)
    fleet.add("DCGM_FI_PROF_GR_ENGINE_ACTIVE", 0.9, labels=GPU)
    fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.3, labels=GPU, minutes=30)
    active = only(fleet).get("gpu_hours_active")
    assert active.value == pytest.approx(0.5 * 0.3 + 0.5 * 0.9)


def test_without_evidence_it_is_unknown_who_holds_a_gpu() -> None:
    fleet = Fleet()
    add(fleet, 0.0)
    group = only(fleet)
    assert (0, 1, 0) == (hours(group)["held"], hours(group)["unknown"], hours(group)["idle"])
    assert group.get("gpu_hours_existing").coverage == 0


def test_a_pod_label_is_holder_and_owner_for_as_long_as_it_is_there() -> None:
    fleet = Fleet()
    add(fleet, 50, {"exported_pod": "train-0", "exported_namespace": "research"}, minutes=20)
    rest = [START + at * MINUTE for at in range(20, 60)]
    add(fleet, 0, {}, times=rest)
    report = {group.group: hours(group) for group in fleet.report(Level.TEAM, by="namespace").groups}
    assert report["research"]["held"] == pytest.approx(1 / 3)
    assert report["research"]["active"] == pytest.approx(1 / 6)
    assert report["(held by nobody)"]["free"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("pod", ["nvidia-dcgm-exporter-abc", "hami-device-plugin-x2", "device-metrics-exporter-9"])
def test_the_exporters_own_pod_is_no_workload(pod: str) -> None:
    fleet = Fleet()
    add(fleet, 0.0, {"pod": pod, "namespace": "gpu-operator"})
    assert hours(only(fleet))["held"] == 0


@pytest.mark.parametrize(
    ("name", "value", "labels"),
    [
        ("DCGM_FI_DEV_XID_ERRORS", 79.0, GPU),
        ("DCGM_FI_DEV_XID_ERRORS", 109.0, GPU),
        ("DCGM_FI_DEV_XID_ERRORS", 48.0, GPU),
        ("DCGM_FI_DEV_ROW_REMAP_FAILURE", 1.0, GPU),
        ("kube_node_spec_unschedulable", 1.0, {"node": "n1"}),
    ],
)
def test_a_broken_or_drained_gpu_is_down_while_it_does_nothing(name: str, value: float, labels: dict[str, str]) -> None:
    fleet = Fleet()
    add(fleet, [60.0] * 30 + [0.0] * 30)
    fleet.add(name, value, labels=labels)
    assert only(fleet).get("gpu_hours_down").value == 0.5


def test_an_xid_of_an_application_is_not_down() -> None:
    fleet = Fleet()
    add(fleet, 0.0)
    fleet.add("DCGM_FI_DEV_XID_ERRORS", 31.0, labels=GPU)
    assert only(fleet).get("gpu_hours_down").value == 0


def test_a_failed_status_is_down() -> None:
    fleet = Fleet()
    labels = {"hw.id": "0", "host.name": "n1"}
    fleet.add("hw.gpu.utilization", 0.5, namespace="trimtab/Host", labels=labels)
    fleet.add(
        "hw.status",
        [0.0] * 45 + [1.0] * 15,
        namespace="trimtab/Host",
        labels={**labels, "hw.state": "failed", "hw.type": "gpu"},
    )
    assert hours(only(fleet))["down"] == 0.25


def test_silence_is_down_while_the_host_is_up_and_unknown_while_it_is_silent_too() -> None:
    fleet = Fleet()
    add(fleet, 50, minutes=20)
    add(fleet, 50, {"UUID": "GPU-2", "gpu": "1"}, minutes=40)
    group = hours(only(fleet))
    assert group["down"] == pytest.approx(20 / 60)  # GPU-1 from 20 to 40; after that nothing of n1 reports
    assert (2, 1, 2 / 3) == pytest.approx((group["existing"], group["held"], group["unknown"]))


def test_a_gpu_that_died_before_the_range_is_down_all_along() -> None:
    fleet = Fleet()
    add(fleet, 50, times=[START - 5 * HOUR])
    add(fleet, 50, {"UUID": "GPU-2", "gpu": "1"})
    assert hours(only(fleet))["down"] == 1


def test_a_gap_between_reports_of_a_silent_host_lowers_coverage() -> None:
    fleet = Fleet()
    add(fleet, 50, times=[START + at * MINUTE for at in range(60) if not 20 <= at < 40])
    existing = only(fleet).get("gpu_hours_existing")
    assert (existing.value, existing.coverage) == pytest.approx((1, 40 / 60))


def test_rare_reports_stand_until_the_next_one() -> None:
    fleet = Fleet()
    add(fleet, 50, times=[START + at * 5 * MINUTE for at in range(12)])
    assert hours(only(fleet))["held"] == pytest.approx(1)


def test_other_exporters_are_known() -> None:
    for namespace, name, value, labels in (
        ("CWAgent", "utilization_gpu", 30.0, {"host": "n1", "index": "0"}),
        ("Prometheus", "nvidia_smi_utilization_gpu_ratio", 0.3, {"uuid": "x"}),
        ("trimtab/Host", "hw.gpu.utilization", 0.3, {"hw.id": "GPU-x"}),
    ):
        fleet = Fleet()
        fleet.add(name, value, namespace=namespace, labels=labels)
        assert only(fleet).get("gpu_hours_active").value == pytest.approx(0.3), name


def test_mig_instances_are_parts_of_a_gpu() -> None:
    fleet = Fleet()
    for at, profile in enumerate(("3g.40gb", "4g.40gb")):
        labels = {**GPU, "GPU_I_ID": str(at), "GPU_I_PROFILE": profile}
        fleet.add("DCGM_FI_PROF_GR_ENGINE_ACTIVE", 1.0, labels=labels)
    assert hours(only(fleet))["existing"] == pytest.approx(1)


def test_a_job_on_the_node_is_holder_and_owner_where_the_exporter_has_no_labels() -> None:
    fleet = Fleet()
    add(fleet, 70.0)
    fleet.add("slurm_job_node_info", 1.0, labels={"node": "n1", "account": "research"}, minutes=15)
    report = {group.group: hours(group) for group in fleet.report(Level.TEAM).groups}
    assert report["research"]["held"] == pytest.approx(0.25)
    assert report["unowned"]["held"] == pytest.approx(0.75)  # it works, so somebody holds it


def test_the_pods_own_labels_name_team_and_service() -> None:
    fleet, pod = Fleet(), {"pod": "chat-0", "namespace": "prod"}
    add(fleet, 50.0, pod)
    fleet.add("kube_pod_labels", 1.0, labels={**pod, "label_team": "serving", "label_app": "chat"})
    assert [group.group for group in fleet.report(Level.TEAM).groups] == ["serving"]
    assert [group.group for group in fleet.report(Level.SERVICE).groups] == ["chat"]


def test_exporters_without_labels_say_nothing_where_others_have_them() -> None:
    fleet = Fleet()
    add(fleet, 0.0, {"cluster": "slurm"})
    add(fleet, 50.0, {"UUID": "GPU-2", "cluster": "k8s", "exported_pod": "p"})
    add(fleet, 0.0, {"UUID": "GPU-3", "cluster": "k8s"})
    found = hours(only(fleet))
    assert (found["held"], found["free"], found["unknown"]) == (1, 1, 1)


def test_a_fleet_takes_few_reads() -> None:
    fleet = Fleet()
    for at in range(50):
        add(fleet, float(at), {"UUID": f"GPU-{at}", "Hostname": f"n{at // 8}"})
    group = only(fleet)
    assert hours(group)["existing"] == pytest.approx(50)
    assert hours(group)["active"] == pytest.approx(np.arange(50).sum() / 100)
    assert fleet.reads <= 16


def down(fleet: Fleet, lines: Mapping[int, float], labels: Mapping[str, str] = GPU) -> None:
    """Lines of a kernel log by the minute: 1 takes the GPU, 0 gives it back."""
    about = {"host.name": labels["Hostname"], "gpu.uuid": labels["UUID"]}
    times, each = [START + at * MINUTE for at in lines], list(lines.values())
    fleet.add("gpu.fault.down", each, namespace="trimtab/Host", kind=Kind.EVENTS, times=times, labels=about)


def test_a_fault_of_the_kernel_log_stands_until_the_gpu_works_again() -> None:
    fleet = Fleet()
    add(fleet, [60.0] * 10 + [0.0] * 30 + [60.0] * 10 + [0.0] * 10)
    down(fleet, {9: 1.0})
    assert only(fleet).get("gpu_hours_down").value == 0.5


def test_a_fault_of_the_kernel_log_ends_where_the_driver_says_so() -> None:
    fleet = Fleet()
    add(fleet, 0.0)
    down(fleet, {15: 1.0, 45: 0.0})
    assert only(fleet).get("gpu_hours_down").value == 0.5


def test_a_fault_of_the_hour_before_stands_unless_the_gpu_worked_since() -> None:
    for worked, expected in ((0.0, 1.0), (50.0, 0.0)):
        fleet = Fleet()
        add(fleet, [0.0] * 30 + [worked] * 30 + [0.0] * 60, times=[START + at * MINUTE for at in range(-60, 60)])
        down(fleet, {-40: 1.0})
        assert only(fleet).get("gpu_hours_down").value == expected


def test_a_fault_of_another_gpu_is_none_of_this_one() -> None:
    fleet = Fleet()
    add(fleet, 0.0)
    down(fleet, {5: 1.0}, {"UUID": "GPU-2", "Hostname": "n1"})
    assert only(fleet).get("gpu_hours_down").value == 0
