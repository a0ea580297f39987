"""What pods and nodes say of runs and GPUs."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.sources.kubernetes.pods import UUID_A, UUID_B, node, pod

from trimtab.base.errors import SetupError
from trimtab.sources.kubernetes.config import Access, from_kubeconfig
from trimtab.sources.kubernetes.nodes import record_of
from trimtab.sources.kubernetes.objects import Node, Pod
from trimtab.sources.kubernetes.pods import Owners, Part, part_of, run_of

NOW = 1_795_000_000_000
AT_10 = 1_795_600_800_000  # 2026-11-25T10:00:00Z
ENDED = {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-11-25T12:05:00Z"}


def read(name: str, **more: Any) -> Part | None:
    deleted = more.pop("deleted", False)
    replicas = more.pop("replicas", 1)
    body = pod(name, **more)
    body["metadata"]["name"] = name
    return part_of(msgspec.convert(body, Pod), Owners(), NOW, deleted=deleted, replicas=replicas)


def part(name: str, **more: Any) -> Part:
    found = read(name, **more)
    assert found is not None
    return found


def test_a_pod_without_gpus_is_no_run() -> None:
    assert None is read("web", gpus=0)
    assert None is read("web", resource="example.com/fpga")


def test_a_pod_that_waits_says_why() -> None:
    waits = part("trainer")
    assert ("pending", "Insufficient nvidia.com/gpu", None, AT_10) == (
        waits.state,
        waits.reason,
        waits.start_ms,
        waits.submit_ms,
    )


def test_gpus_are_held_from_when_a_pod_got_its_node() -> None:
    runs = part("trainer", node="n1", gpus=4, labels={"team": "search", "user": "ravi"})
    assert ("running", AT_10 + 300_000, 4.0) == (runs.state, runs.start_ms, runs.gpus)
    assert ("search", "ravi") == (runs.team, runs.user)
    assert "vision" == part("trainer").team  # the namespace, where no label names one


@pytest.mark.parametrize(
    ("more", "state", "code"),
    [
        ({"phase": "Succeeded", "ended": ENDED}, "completed", 0),
        ({"phase": "Failed", "ended": {**ENDED, "exitCode": 1, "reason": "Error"}}, "failed", 1),
        ({"phase": "Failed", "ended": {**ENDED, "exitCode": 137, "reason": "OOMKilled"}}, "out of memory", 137),
        ({"phase": "Failed", "reason": "Evicted"}, "preempted", None),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, "timeout", None),
        ({"phase": "Running", "deleted": True}, "cancelled", None),
    ],
)
def test_how_a_pod_ended(more: dict[str, Any], state: str, code: int | None) -> None:
    found = part("trainer", node="n1", **more)
    assert (state, code) == (found.state, found.exit_code)
    assert found.end_ms is not None
    if "ended" in more:
        assert AT_10 + 7_500_000 == found.end_ms


@pytest.mark.parametrize(
    ("annotations", "uuids", "indexes"),
    [
        (
            {"hami.io/vgpu-devices-allocated": f"{UUID_A},NVIDIA,8000,30:{UUID_B},NVIDIA,8000,30:;"},
            (UUID_A, UUID_B),
            (),
        ),
        ({"volcano.sh/gpu-index": "0,3"}, (), (0, 3)),
        ({"cdi.k8s.io/nvidia-device-plugin_x": "nvidia.com/gpu=1,nvidia.com/gpu=5"}, (), (1, 5)),
        ({"other": "words"}, (), ()),
    ],
)
def test_annotations_may_name_the_gpus(
    annotations: dict[str, str], uuids: tuple[str, ...], indexes: tuple[int, ...]
) -> None:
    found = part("trainer", node="n1", annotations=annotations)
    assert (uuids, indexes) == (found.uuids, found.indexes)


def test_shares_of_gpus() -> None:
    assert pytest.approx(2 / 7) == part("a", resource="nvidia.com/mig-1g.10gb", gpus=2).gpus
    assert pytest.approx(0.25) == part("a", resource="nvidia.com/gpu", gpus=1, replicas=4).gpus


def test_the_pods_of_a_job_are_one_run() -> None:
    labels = {"training.kubeflow.org/job-name": "llama", "app": "llama"}
    workers = [part(f"llama-worker-{n}", node=f"n{n}", gpus=8, labels=labels) for n in range(2)]
    run = run_of(workers)
    assert ("vision/llama", "running", 16.0, 2, ["n0", "n1"]) == (
        run.job,
        run.state,
        run.gpus,
        run.nodes,
        run.node_names,
    )
    assert ["vision/llama-worker-0", "vision/llama-worker-1"] == [held.pod for held in run.held]
    assert {"app": "llama", "kind": "Kubeflow job"} == run.tags
    done = part("llama-worker-0", node="n0", gpus=8, labels=labels, phase="Succeeded", ended=ENDED)
    assert ("running", None) == (run_of([done, workers[1]]).state, run_of([done, workers[1]]).end_ms)
    failed = part(
        "llama-worker-1",
        node="n1",
        gpus=8,
        labels=labels,
        phase="Failed",
        ended={**ENDED, "exitCode": 2, "reason": "Error"},
    )
    ended = run_of([done, failed])
    assert ("failed", 2, AT_10 + 7_500_000) == (ended.state, ended.exit_code, ended.end_ms)


@pytest.mark.parametrize(
    ("more", "condition", "reason"),
    [
        ({}, "up", ""),
        ({"cordoned": True}, "drained", "cordoned"),
        ({"ready": False}, "down", "kubelet stopped"),
        (
            {"taints": [{"key": "dedicated", "value": "vision", "effect": "NoSchedule"}]},
            "reserved",
            "taint dedicated=vision",
        ),
        ({"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}, "up", ""),
    ],
)
def test_nodes(more: dict[str, Any], condition: str, reason: str) -> None:
    labels = {"node.kubernetes.io/instance-type": "p5.48xlarge"}
    found = record_of(msgspec.convert(node(**more, **labels), Node), 6.0)
    assert found is not None
    assert (condition, reason, 8.0, 6.0) == (found.condition, found.reason, found.gpus, found.allocated)
    assert ("p5.48xlarge", "i-0abc", "NVIDIA-H100-80GB-HBM3") == (
        found.instance_type,
        found.instance_id,
        found.gpu_type,
    )


def test_a_node_without_gpus_is_left_out() -> None:
    assert None is record_of(msgspec.convert(node(gpus=0), Node), 0.0)


def kubeconfig(tmp_path: Path, user: str) -> Path:
    path = tmp_path / "config"
    ca = base64.b64encode(b"PEM").decode()
    path.write_text(
        f"""
current-context: work
contexts: [{{name: work, context: {{cluster: prod, user: me}}}}]
clusters: [{{name: prod, cluster: {{server: "https://10.0.0.1:6443", certificate-authority-data: {ca}}}}}]
users: [{{name: me, user: {user}}}]
"""
    )
    return path


def test_a_kubeconfig_says_where_and_who(tmp_path: Path) -> None:
    found = from_kubeconfig(kubeconfig(tmp_path, "{token: sesame}"))
    assert ("https://10.0.0.1:6443", "sesame", "PEM", "prod") == (found.server, found.bearer(), found.ca, found.cluster)


def test_a_kubeconfig_that_asks_a_program_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="kubectl create token"):
        from_kubeconfig(kubeconfig(tmp_path, "{exec: {command: aws}}"))
    with pytest.raises(SetupError, match="no context 'other'"):
        from_kubeconfig(kubeconfig(tmp_path, "{token: x}"), "other")


def test_plain_http_is_for_this_machine_only() -> None:
    with pytest.raises(SetupError, match="https://"):
        Access("http://cluster.example.com").client()
