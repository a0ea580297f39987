"""Pods as parts of runs: one Job, Kubeflow or Ray job of many pods is one run; any other pod is a run by itself."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from trimtab.base.clock import to_ms
from trimtab.client.inventory_wire import HeldGpus, RunRecord, StateName
from trimtab.sources.kubernetes import gpus
from trimtab.sources.kubernetes.objects import Pod

_JOB_LABELS = (
    ("training.kubeflow.org/job-name", "Kubeflow job"),
    ("jobset.sigs.k8s.io/jobset-name", "JobSet"),
    ("ray.io/cluster", "Ray cluster"),
    ("volcano.sh/job-name", "Volcano job"),
    ("leaderworkerset.sigs.k8s.io/name", "LeaderWorkerSet"),
    ("workflows.argoproj.io/workflow", "Argo workflow"),
    ("batch.kubernetes.io/job-name", "Job"),
    ("job-name", "Job"),
)
"""Labels that name the job a pod is of, the widest first."""
_TAGS = ("app.kubernetes.io/name", "app", "app.kubernetes.io/part-of", "project", "model", "kueue.x-k8s.io/queue-name")
_QUEUE = "kueue.x-k8s.io/queue-name"
_WHY = re.compile(r"\d+ (.+?)(?=, |\. |\.?$)")
_MOST_TEXT = 500
_ENDED: dict[str, StateName] = {
    "OOMKilled": "out of memory",
    "Evicted": "preempted",
    "Preempting": "preempted",
    "DeadlineExceeded": "timeout",
    "NodeLost": "node failed",
    "NodeShutdown": "node failed",
    "Terminated": "node failed",
}


class Owners(Struct, frozen=True):
    """The labels that name a pod's team and user, in order of preference; the namespace is the team where none does."""

    team: tuple[str, ...] = ("team", "owner")
    user: tuple[str, ...] = ("user", "created-by")


class Part(Struct, frozen=True):
    """A pod of a run. Times in ms."""

    uid: str
    job: str
    kind: str
    pod: str
    node: str
    gpus: float
    indexes: tuple[int, ...]
    uuids: tuple[str, ...]
    state: StateName
    reason: str
    exit_code: int | None
    submit_ms: int
    start_ms: int | None
    end_ms: int | None
    team: str
    user: str
    queue: str
    tags: tuple[tuple[str, str], ...]


def part_of(pod: Pod, owners: Owners, now_ms: int, *, deleted: bool = False, replicas: int = 1) -> Part | None:
    """The part that a pod is; None for one without GPUs."""
    number = gpus.asked(pod, replicas)
    if not number:
        return None
    meta, labels = pod.metadata, pod.metadata.labels
    kind, name = next(((kind, labels[key]) for key, kind in _JOB_LABELS if labels.get(key)), ("Pod", meta.name))
    state, reason, code = _outcome(pod, deleted)
    open_ = state in ("pending", "running")
    submit_ms = _ms(meta.creation_timestamp) or now_ms
    start_ms = _scheduled(pod)
    return Part(
        uid=meta.uid,
        job=f"{meta.namespace}/{name}",
        kind=kind,
        pod=f"{meta.namespace}/{meta.name}",
        node=pod.spec.node_name,
        gpus=number,
        indexes=gpus.indexes(pod),
        uuids=gpus.uuids(pod),
        state=state,
        reason=reason[:_MOST_TEXT],
        exit_code=code,
        submit_ms=submit_ms,
        start_ms=start_ms,
        end_ms=None if open_ else max(_ended(pod) or now_ms, start_ms or submit_ms),
        team=_label(labels, owners.team) or meta.namespace,
        user=_label(labels, owners.user),
        queue=labels.get(_QUEUE, ""),
        tags=tuple((key.rpartition("/")[2], labels[key]) for key in _TAGS if labels.get(key)),
    )


def run_of(parts: Sequence[Part]) -> RunRecord:
    """The run of a job's pods: it waits until the first has its GPUs, and ends with the last."""
    first = min(parts, key=lambda part: part.submit_ms)
    state = _together([part.state for part in parts])
    open_ = state in ("pending", "running")
    started = [part.start_ms for part in parts if part.start_ms is not None]
    ended = [part.end_ms for part in parts if part.end_ms is not None]
    held = [part for part in parts if part.start_ms is not None and part.node]
    names = list(dict.fromkeys(part.node for part in held))
    said = next((part for part in parts if part.state == state and (part.reason or part.exit_code)), first)
    active = [part for part in parts if part.state in ("pending", "running")] or parts
    return RunRecord(
        job=first.job,
        state=state,
        submit_ms=first.submit_ms,
        name=first.job.partition("/")[2],
        user=first.user,
        team=first.team,
        queue=first.queue,
        reason=said.reason,
        exit_code=None if open_ else said.exit_code,
        start_ms=min(started) if started else None,
        end_ms=None if open_ else max(ended, default=None),
        gpus=sum(part.gpus for part in active),
        nodes=max(len(names), 1),
        node_names=names,
        tags=dict(first.tags) | {"kind": first.kind},
        held=[
            HeldGpus(
                part.node,
                part.gpus,
                list(part.indexes),
                list(part.uuids),
                part.pod,
                part.start_ms,
                part.end_ms,
                part.uid,
            )
            for part in held
        ],
    )


def _together(states: Sequence[StateName]) -> StateName:
    for state in ("running", "pending"):
        if state in states:
            return "running" if state == "running" else "pending"
    bad = [state for state in states if state != "completed"]
    return bad[0] if bad else "completed"


def _outcome(pod: Pod, deleted: bool) -> tuple[StateName, str, int | None]:
    """State, reason and exit code of a pod."""
    status = pod.status
    ends = [one.state.terminated for one in status.container_statuses if one.state.terminated is not None]
    worst = next((one for one in ends if one.exit_code), ends[0] if ends else None)
    code = worst.exit_code if worst is not None else None
    if status.phase == "Succeeded":
        return "completed", "", code or 0
    if status.phase == "Failed":
        words = [status.reason, *(one.reason for one in ends if one.exit_code)]
        ended: StateName = next((_ENDED[word] for word in words if word in _ENDED), "failed")
        return ended, next((word for word in words if word), ""), code
    if deleted:
        return "cancelled", "its pod was deleted", code
    if _scheduled(pod) is not None:
        return "running", "", None
    return "pending", _why(pod), None


def _why(pod: Pod) -> str:
    """Why a pod waits: `0/5 nodes are available: 3 Insufficient nvidia.com/gpu, 2 …` → Insufficient nvidia.com/gpu."""
    told = next((one for one in pod.status.conditions if one.type == "PodScheduled" and one.status == "False"), None)
    if told is None:
        return "not scheduled yet"
    found = _WHY.findall(told.message.partition(":")[2])
    short = next((why for why in found if "Insufficient" in why), found[0] if found else "")
    return short.strip() or told.reason


def _scheduled(pod: Pod) -> int | None:
    """When a pod got its node, and with it its GPUs."""
    if not pod.spec.node_name:
        return None
    told = next((one for one in pod.status.conditions if one.type == "PodScheduled" and one.status == "True"), None)
    return _ms(told.last_transition_time if told else "") or _ms(pod.status.start_time)


def _ended(pod: Pod) -> int | None:
    ends = [one.state.terminated for one in pod.status.container_statuses if one.state.terminated is not None]
    times = [ms for one in ends if (ms := _ms(one.finished_at))]
    return max(times, default=None) or _ms(pod.metadata.deletion_timestamp)


def _label(labels: dict[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")


def _ms(text: str | None) -> int | None:
    return to_ms(datetime.fromisoformat(text)) if text else None
