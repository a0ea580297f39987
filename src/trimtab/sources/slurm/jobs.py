"""`scontrol show job -d`: which GPUs of which nodes jobs hold, and what those that wait wait for."""

from collections.abc import Iterator
from datetime import tzinfo

from msgspec import Struct

from trimtab.client.inventory_wire import StateName
from trimtab.sources.slurm.gres import Gpus, of_gres, of_tres
from trimtab.sources.slurm.sacct import state_of, tasks_of
from trimtab.sources.slurm.text import hosts_of, known, pairs_of, records_of, time_ms


class Detail(Struct, frozen=True):
    """A job in the controller's memory, which forgets it some minutes after its end (MinJobAge)."""

    id: str
    shown_id: str
    name: str
    user: str
    account: str
    partition: str
    qos: str
    state: StateName
    reason: str
    submit_ms: int
    start_ms: int | None
    end_ms: int | None
    nodes: int
    node_names: tuple[str, ...]
    gpus: Gpus
    gpus_by_node: tuple[tuple[str, Gpus], ...]
    exclusive: bool
    tasks: int
    comment: str


def read(text: str, zone: tzinfo) -> Iterator[Detail]:
    """The jobs of scontrol's output. Raises InvalidInput."""
    for record in records_of(text, "JobId"):
        pairs = pairs_of(record)
        state = state_of(pairs.get("JobState", ""))
        submit_ms = time_ms(pairs.get("SubmitTime"), zone)
        if submit_ms is None:
            continue
        waits = state == "pending"
        by_node = tuple(_by_node(record))
        yield Detail(
            id=pairs["JobId"].split()[0],
            shown_id=_shown(pairs),
            name=pairs.get("JobName", ""),
            user=known(pairs.get("UserId", "").partition("(")[0]),
            account=known(pairs.get("Account")),
            partition=known(pairs.get("Partition")),
            qos=known(pairs.get("QOS")),
            state=state,
            reason=known(pairs.get("Reason")),
            submit_ms=submit_ms,
            start_ms=None if waits else time_ms(pairs.get("StartTime"), zone),
            end_ms=None if state in ("pending", "running", "suspended") else time_ms(pairs.get("EndTime"), zone),
            nodes=int(pairs.get("NumNodes", "1").partition("-")[0] or 1),
            node_names=tuple(hosts_of(pairs.get("NodeList"))),
            gpus=_gpus(pairs, by_node),
            gpus_by_node=by_node,
            exclusive=pairs.get("OverSubscribe", pairs.get("Shared", "")) in ("NO", "EXCLUSIVE", "0"),
            tasks=tasks_of(_shown(pairs)) if waits else 1,
            comment=known(pairs.get("Comment")),
        )


def _shown(pairs: dict[str, str]) -> str:
    """`123_4` of an array's task, `123_[4-10%2]` of those that wait."""
    array, task = pairs.get("ArrayJobId"), pairs.get("ArrayTaskId", "")
    if not array:
        return pairs["JobId"].split()[0]
    return f"{array}_{task}" if task.isdecimal() else f"{array}_[{task}]"


def _by_node(record: str) -> Iterator[tuple[str, Gpus]]:
    """The lines of -d: `Nodes=p5-[05-06] CPU_IDs=0-191 Mem=0 GRES=gpu:h100:8(IDX:0-7)`; `GRES_IDX=` before 20.02."""
    for part in record.split(" Nodes=")[1:]:
        pairs = pairs_of(f"Nodes={part}")
        if "CPU_IDs" not in pairs:
            continue
        found = of_gres(pairs.get("GRES") or pairs.get("GRES_IDX"))
        if found:
            yield from ((host, found) for host in hosts_of(pairs["Nodes"].split()[0]))


def _gpus(pairs: dict[str, str], by_node: tuple[tuple[str, Gpus], ...]) -> Gpus:
    """GPUs of all nodes: allocated, asked for, or by the words of the request."""
    for name in ("AllocTRES", "TRES", "ReqTRES"):
        if found := of_tres(pairs.get(name)):
            return found
    if by_node:
        return Gpus(sum(one.count for _, one in by_node), by_node[0][1].type)
    if found := of_gres(pairs.get("TresPerJob")):
        return found
    nodes = int(pairs.get("NumNodes", "1").partition("-")[0] or 1)
    asked = of_gres(pairs.get("TresPerNode") or pairs.get("Gres"))
    return Gpus(asked.count * nodes, asked.type)
