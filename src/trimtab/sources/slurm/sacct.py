"""`sacct --parsable2 --allocations`: what accounting knows of jobs, from their submission to their exit code."""

import re
from collections.abc import Iterator
from datetime import tzinfo

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.client.inventory_wire import StateName
from trimtab.sources.slurm import delimited
from trimtab.sources.slurm.gres import Gpus, of_gres, of_tres
from trimtab.sources.slurm.text import hosts_of, known, numbers_of, time_ms

FIELDS = (
    "JobIDRaw", "JobID", "User", "Account", "Partition", "QOS", "State", "ExitCode", "Submit", "Start", "End",
    "NNodes", "NodeList", "ReqTRES", "AllocTRES", "Reason", "Cluster", "Comment", "JobName",
)  # fmt: skip
"""What is asked for. The name is last, since people put anything into it, the separator too."""
NEEDED = ("JobIDRaw", "State", "Submit", "Start", "End")

STATES: dict[str, StateName] = {
    "PENDING": "pending",
    "REQUEUED": "pending",
    "REQUEUE_HOLD": "pending",
    "SPECIAL_EXIT": "pending",
    "RESV_DEL_HOLD": "pending",
    "CONFIGURING": "running",
    "RUNNING": "running",
    "COMPLETING": "running",
    "SIGNALING": "running",
    "STAGE_OUT": "running",
    "RESIZING": "running",
    "STOPPED": "suspended",
    "SUSPENDED": "suspended",
    "COMPLETED": "completed",
    "FAILED": "failed",
    "BOOT_FAIL": "node failed",
    "LAUNCH_FAILED": "failed",
    "RECONFIG_FAIL": "failed",
    "NODE_FAIL": "node failed",
    "OUT_OF_MEMORY": "out of memory",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "PREEMPTED": "preempted",
}
"""SLURM's job states (sacct(1), JOB STATE CODES)."""
_TASKS = re.compile(r"_\[([^\]%]*)(?:%\d+)?\]")


class Job(Struct, frozen=True):
    """A line of sacct. Times in ms; `gpus` are those of all nodes of one task."""

    raw_id: str
    id: str
    name: str
    user: str
    account: str
    partition: str
    qos: str
    state: StateName
    exit_code: int | None
    submit_ms: int
    start_ms: int | None
    end_ms: int | None
    nodes: int
    node_names: tuple[str, ...]
    gpus: Gpus
    tasks: int
    reason: str
    cluster: str
    comment: str


def read(text: str, zone: tzinfo, skipped: list[str] | None = None) -> Iterator[Job]:
    """The jobs of sacct's output, header first. Lines that cannot be read go to `skipped`. Raises InvalidInput."""
    table = delimited.read(text)
    missing = [name for name in NEEDED if name not in table.columns]
    if table.columns and missing:
        raise InvalidInput(
            f"cannot read sacct's output: its first line lacks {', '.join(missing)}; expected a header, as "
            f"`sacct --parsable2 --allocations --format={','.join(FIELDS)}` prints"
        )
    if skipped is not None:
        skipped.extend(table.unreadable)
    for row in table.rows:
        if "." in row.cells["JobIDRaw"]:
            continue  # a step of a job is part of it
        try:
            yield _job(row.cells, zone)
        except (InvalidInput, ValueError) as problem:
            if skipped is not None:
                skipped.append(f"line {row.line}: {problem}")


def state_of(text: str) -> StateName:
    """`CANCELLED by 1001` → cancelled. Raises InvalidInput for a word that SLURM does not have."""
    word = text.split()[0].rstrip("+").upper() if text.split() else ""
    found = STATES.get(word) or next((state for name, state in STATES.items() if word and name.startswith(word)), None)
    if found is None:
        raise InvalidInput(f"cannot read job state {text!r}: expected one of {', '.join(STATES)}")
    return found


def tasks_of(id_: str) -> int:
    """How many tasks an id stands for: `123_[4-10%2]` waits as one line for seven."""
    found = _TASKS.search(id_)
    if not found:
        return 1
    return max(sum(_many(piece) for piece in found[1].split(",") if piece and piece != "..."), 1)


def _many(piece: str) -> int:
    span, _, step = piece.partition(":")
    return -(-len(numbers_of(span)) // int(step or 1))


def _job(row: dict[str, str], zone: tzinfo) -> Job:
    submit_ms = time_ms(row["Submit"], zone)
    if submit_ms is None:
        raise InvalidInput(f"job {row['JobIDRaw']} has no time of submission")
    state = state_of(row["State"])
    nodes = int(known(row.get("NNodes")) or 0)
    # A job that never started has no start: accounting then puts the time of its end there.
    start_ms, end_ms = time_ms(row["Start"], zone), time_ms(row["End"], zone)
    hosts = tuple(hosts_of(row.get("NodeList")))
    if row["State"].startswith("REQUEUED") and end_ms is not None and hosts:
        state = "cancelled"  # an attempt that ran and went back to the queue; a newer record is of the next one
    if state == "pending" or (start_ms is not None and not hosts and start_ms == end_ms):
        start_ms = None
    return Job(
        raw_id=row["JobIDRaw"],
        id=row.get("JobID") or row["JobIDRaw"],
        name=row.get("JobName", ""),
        user=known(row.get("User")),
        account=known(row.get("Account")),
        partition=known(row.get("Partition")),
        qos=known(row.get("QOS")),
        state=state,
        exit_code=_exit(row.get("ExitCode", "")) if state not in ("pending", "running", "suspended") else None,
        submit_ms=submit_ms,
        start_ms=start_ms,
        end_ms=None if state in ("pending", "running", "suspended") else end_ms,
        nodes=nodes,
        node_names=hosts,
        gpus=_gpus(row, nodes),
        tasks=tasks_of(row.get("JobID", "")) if state == "pending" else 1,
        reason=known(row.get("Reason")),
        cluster=known(row.get("Cluster")),
        comment=known(row.get("Comment")),
    )


def _gpus(row: dict[str, str], nodes: int) -> Gpus:
    """What was allocated, else what was asked for; before SLURM 20.11 as GRES, asked for by the node."""
    for name in ("AllocTRES", "ReqTRES"):
        if found := of_tres(row.get(name)):
            return found
    if found := of_gres(row.get("AllocGRES")):
        return found
    asked = of_gres(row.get("ReqGRES"))
    return Gpus(asked.count * max(nodes, 1), asked.type)


def _exit(text: str) -> int | None:
    """`1:0` → 1; a signal, as shells have it: `0:9` → 137."""
    code, _, signal = text.partition(":")
    if not code.isdecimal():
        return None
    return int(code) or (128 + int(signal) if signal.isdecimal() and int(signal) else 0)
