"""What a process on a GPU belongs to: a job of SLURM or a pod of Kubernetes, by its control group.

SLURM (cgroup v1 and v2): `/slurm/uid_1000/job_48213/step_0/task_0`, `…/slurmstepd.scope/job_48213/step_0/user/task_0`.
The kubelet (cgroupfs and systemd): `/kubepods/burstable/pod<uid>/…`, `…/kubepods-burstable-pod<uid with _>.slice/…`.
"""

import re
from pathlib import Path

from trimtab.agent.reading import Attributes

_JOB = re.compile(r"/job_(\d{1,18})(?:/|$)", re.MULTILINE)
_POD = re.compile(r"pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})")


def owner_of(procfs: Path, pid: int) -> Attributes:
    """The job or the pod of a process, as attributes; none where it belongs to neither, or is gone."""
    try:
        groups = (procfs / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    if job := _JOB.search(groups):
        return (("slurm.job.id", job[1]),)
    if pod := _POD.search(groups):
        return (("k8s.pod.uid", pod[1].replace("_", "-")),)
    return ()
