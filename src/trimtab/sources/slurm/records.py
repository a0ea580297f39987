"""Runs out of what SLURM's tools say: accounting first, with what only the controller knows added to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.client.inventory_wire import HeldGpus, NodeRecord, RunRecord
from trimtab.sources.slurm.gres import Gpus
from trimtab.sources.slurm.jobs import Detail
from trimtab.sources.slurm.sacct import Job

_MOST_TEXT = 500
_OPEN = ("pending", "running", "suspended")


class Known(Struct, frozen=True):
    """What was read: jobs of accounting, of the controller, reasons by job id (squeue), and nodes by name."""

    jobs: tuple[Job, ...] = ()
    details: Mapping[str, Detail] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    nodes: Mapping[str, NodeRecord] = field(default_factory=dict)


class Report(Struct, frozen=True):
    """Runs that used or want GPUs, the ids of all that wait or run, and those of runaway jobs."""

    runs: list[RunRecord]
    open: list[str]
    runaway: list[str]


def report(known: Known, every: bool = False, live: bool = False) -> Report:
    """The runs of what is known; with `every` those without GPUs too.

    `live`: the controller was asked after accounting. A job that runs by accounting and that the controller does not
    know is a runaway (`sacctmgr show runawayjobs`): it is over, nobody knows since when, and so it is left out.
    """
    attempts: dict[str, dict[int, Job]] = defaultdict(dict)
    for job in known.jobs:
        attempts[job.raw_id][job.submit_ms] = job
    by_id = {id_: of_id[max(of_id)] for id_, of_id in attempts.items()}
    for id_, detail in known.details.items():
        if (
            id_ not in by_id or detail.submit_ms > by_id[id_].submit_ms
        ):  # accounting has not heard of the newest attempt
            by_id[id_] = _job_of(detail)
    earlier = [one for id_, of_id in attempts.items() for at, one in sorted(of_id.items()) if at < by_id[id_].submit_ms]
    found, open_, runaway = [], [], []
    found += [_record(_over(job, by_id[job.raw_id]), None, known) for job in earlier if job.start_ms and job.gpus]
    for id_, job in by_id.items():
        told = known.details.get(id_)
        if told is not None and _newer(told, job):
            job = _brought_up(job, told)
        if not (job.gpus or every):
            continue
        if live and told is None and job.state in ("running", "suspended"):
            runaway.append(id_)
            continue
        found.append(_record(job, told, known))
        if job.state in _OPEN:
            open_.append(id_)
    return Report(found, open_, runaway)


def _over(job: Job, newest: Job) -> Job:
    """An attempt that another followed: it is over, whatever accounting still says."""
    if job.state not in _OPEN:
        return job
    return replace(job, state="cancelled", reason=job.reason or "requeued", end_ms=job.end_ms or newest.submit_ms)


def _newer(told: Detail, job: Job) -> bool:
    """Whether the controller is ahead of accounting, which it tells with a delay: a run never goes back to waiting."""
    order = {"pending": 0, "running": 1, "suspended": 1}
    return told.submit_ms == job.submit_ms and order.get(told.state, 2) > order.get(job.state, 2)


def _brought_up(job: Job, told: Detail) -> Job:
    return replace(
        job,
        state=told.state,
        start_ms=told.start_ms,
        end_ms=told.end_ms,
        nodes=told.nodes,
        node_names=told.node_names or job.node_names,
        gpus=told.gpus or job.gpus,
        tasks=told.tasks,
    )


def _job_of(told: Detail) -> Job:
    return Job(
        raw_id=told.id,
        id=told.shown_id,
        name=told.name,
        user=told.user,
        account=told.account,
        partition=told.partition,
        qos=told.qos,
        state=told.state,
        exit_code=None,
        submit_ms=told.submit_ms,
        start_ms=told.start_ms,
        end_ms=told.end_ms,
        nodes=told.nodes,
        node_names=told.node_names,
        gpus=told.gpus,
        tasks=told.tasks,
        reason=told.reason,
        cluster="",
        comment=told.comment,
    )


def _record(job: Job, told: Detail | None, known: Known) -> RunRecord:
    held = _held(job, told)
    waits = known.reasons.get(job.raw_id) or (told.reason if told else "") if job.state == "pending" else ""
    reason = waits or job.reason
    return RunRecord(
        job=job.raw_id,
        state=job.state,
        submit_ms=job.submit_ms,
        name=job.name[:_MOST_TEXT],
        user=job.user,
        team=job.account,
        queue=job.partition,
        reason=reason[:_MOST_TEXT],
        exit_code=job.exit_code,
        start_ms=job.start_ms,
        end_ms=job.end_ms,
        gpus=float(job.gpus.count * job.tasks),
        gpu_type=_type(job.gpus, job.node_names, known.nodes),
        nodes=job.nodes or (told.nodes if told else 0),  # slurmrestd tells none of a job of accounting that waits
        node_names=list(job.node_names),
        whole_nodes=_whole(held, told, known.nodes),
        tasks=job.tasks,
        tags=_tags(job, told),
        held=held,
    )


def _held(job: Job, told: Detail | None) -> list[HeldGpus]:
    """GPUs by node, with their indexes where the controller still says so; else the count spread over the nodes."""
    if job.start_ms is None:
        return []
    if told is not None and told.gpus_by_node and told.submit_ms == job.submit_ms:
        return [HeldGpus(node, gpus.count, list(gpus.indexes)) for node, gpus in told.gpus_by_node]
    if not job.node_names or not job.gpus:
        return []
    return [HeldGpus(node, job.gpus.count / len(job.node_names)) for node in job.node_names]


def _whole(held: Iterable[HeldGpus], told: Detail | None, nodes: Mapping[str, NodeRecord]) -> bool:
    """Whether a run had all the GPUs of each of its nodes, or the nodes for itself."""
    parts = list(held)
    if not parts:
        return False
    if told is not None and told.exclusive:
        return True
    return all(one.node in nodes and 0 < nodes[one.node].gpus <= one.gpus for one in parts)


def _type(gpus: Gpus, names: tuple[str, ...], nodes: Mapping[str, NodeRecord]) -> str:
    if gpus.type:
        return gpus.type
    types = {nodes[name].gpu_type for name in names if name in nodes}
    return types.pop() if len(types) == 1 else ""


def _tags(job: Job, told: Detail | None) -> dict[str, str]:
    tags = {"job_id": job.id} if job.id != job.raw_id else {}
    qos = job.qos or (told.qos if told else "")
    if qos:
        tags["qos"] = qos
    # Sites write what a run is for into its comment: `project=llm stage=sft`.
    for word in (job.comment or (told.comment if told else "")).replace(",", " ").replace(";", " ").split():
        key, mark, value = word.partition("=")
        if mark and key and value:
            tags.setdefault(key[:128], value[:_MOST_TEXT])
    return tags
