"""Whose a process is, from control groups as SLURM and kubelets make them."""

from pathlib import Path

import pytest

from trimtab.agent.collect.gpu_owner import owner_of

UID = "0f1b6d3a-6c5e-4d3f-9a51-2b7c8d9e0f12"


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("12:devices:/slurm/uid_1000/job_48213/step_0/task_0\n1:name=systemd:/user.slice\n", ("slurm.job.id", "48213")),
        ("0::/system.slice/slurmstepd.scope/job_48213/step_batch/user/task_0\n", ("slurm.job.id", "48213")),
        (f"11:memory:/kubepods/burstable/pod{UID}/4f2a\n", ("k8s.pod.uid", UID)),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/"
            f"kubepods-burstable-pod{UID.replace('-', '_')}.slice/cri-containerd-4f2a.scope\n",
            ("k8s.pod.uid", UID),
        ),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", None),
    ],
)
def test_jobs_and_pods_are_told(tmp_path: Path, groups: str, expected: tuple[str, str] | None) -> None:
    (tmp_path / "4000").mkdir()
    (tmp_path / "4000" / "cgroup").write_text(groups)
    assert (() if expected is None else (expected,)) == owner_of(tmp_path, 4000)


def test_a_process_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    assert () == owner_of(tmp_path, 4001)
