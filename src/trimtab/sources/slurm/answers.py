"""JSON of SLURM: answers of slurmrestd (0.0.37 to 0.0.44) and what `sacct`, `squeue` and `sinfo` print with `--json`.

Releases write the same thing differently: a number is itself, `null`, or `{set, infinite, number}`; a state a word or a
list of words; a job of the controller has `job_state`, one of accounting a record `state` and its times in `time`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.sources.slurm.gres import Gpus, of_gres, of_tres
from trimtab.sources.slurm.jobs import Detail
from trimtab.sources.slurm.sacct import Job, state_of, tasks_of
from trimtab.sources.slurm.submit_line import asked_by
from trimtab.sources.slurm.text import hosts_of, known
from trimtab.sources.slurm.values import mapping_of, number, rows_of, states_of, text_of, words_of

_JOBS, _NODES, SINFO = "jobs", "nodes", "sinfo"
_OTHERS = ("associations", "accounts", "qos", "partitions", "reservations", "users", "clusters", "wckeys", "licenses",
           "pings", "statistics", "tres", "TRES", "instances", "shares", "topology", "resources")  # fmt: skip
"""Other lists of answers, which hold nothing that trimtab keeps: they are named and counted."""
_PENDING = "pending"
_UNENDED = (_PENDING, "running", "suspended")


class Answer(Struct, frozen=True):
    """A document. `kind` is `jobs` (of the controller), `accounted jobs`, `nodes`, `sinfo`, the name of another list,
    `error` or `unknown`; `rows` are its entries as they are; `errors` what SLURM says went wrong.
    """

    kind: str
    rows: tuple[Mapping[str, Any], ...]
    errors: tuple[str, ...]
    cluster: str = ""


class JobFacts(Struct, frozen=True, kw_only=True):
    """A job as an answer states it, epoch seconds. `gpus_from` and `asked_from` name the field that told the GPUs (""
    for none); `asked` is None where it cannot be derived.
    """

    id: int
    shown_id: str
    name: str
    user: str
    account: str
    partition: str
    qos: str
    states: tuple[str, ...]
    reason: str
    submit_s: int | None
    start_s: int | None
    end_s: int | None
    elapsed_s: int | None
    nodes: int
    node_list: str
    gpus: Gpus
    gpus_from: str
    asked: Gpus | None
    asked_from: str
    gpus_by_node: tuple[tuple[str, Gpus], ...] = ()
    exclusive: bool = False
    return_code: int | None = None
    signal: int | None = None
    cluster: str = ""
    comment: str = ""
    submit_line: str = ""


def is_json(text: str) -> bool:
    """Whether a text looks like a JSON document, not like what the tools print as text."""
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))


def read(text: str) -> Answer:
    """The answer in a JSON text. Raises InvalidInput where it is no JSON, or no object."""
    try:
        document = typed.loads(text.lstrip("\ufeff"))
    except ValueError as problem:
        raise InvalidInput(f"cannot read SLURM's JSON: {problem}; was all of the output kept?") from None
    if not isinstance(document, dict):
        raise InvalidInput(f"cannot read SLURM's JSON: got {text.strip()[:40]!r}; expected an object")
    return of_document(document)


def of_document(document: Mapping[str, Any]) -> Answer:
    """The answer in a decoded document."""
    errors = tuple(_errors(document.get("errors")))
    for name in (_JOBS, _NODES, SINFO, *_OTHERS):
        if name not in document:
            continue
        rows = rows_of(document[name])
        kind = "accounted jobs" if name == _JOBS and any(_accounted(row) for row in rows) else name
        return Answer("error" if errors and not rows else kind, rows, errors, _cluster(document))
    return Answer("error" if errors else "unknown", (), errors, _cluster(document))


def job_facts(row: Mapping[str, Any]) -> JobFacts:
    """A job of an answer. Raises InvalidInput for a row without an id."""
    return _accounting_facts(row) if _accounted(row) else _controller_facts(row)


def job_of(facts: JobFacts) -> Job:
    """A job of accounting. GPUs that accounting does not track are those that the submission asked for. Raises
    InvalidInput.
    """
    state, submit_ms, start_ms, end_ms = _times(facts)
    hosts = tuple(hosts_of(facts.node_list))
    if start_ms is not None and not hosts and start_ms == end_ms:
        start_ms = None  # it never started: accounting then puts the time of its end there
    return Job(
        raw_id=str(facts.id),
        id=facts.shown_id,
        name=facts.name,
        user=facts.user,
        account=facts.account,
        partition=facts.partition,
        qos=facts.qos,
        state=state,
        exit_code=None if state in _UNENDED else _exit(facts),
        submit_ms=submit_ms,
        start_ms=start_ms,
        end_ms=end_ms,
        nodes=facts.nodes,
        node_names=hosts,
        gpus=facts.gpus or facts.asked or asked_by(facts.submit_line, facts.nodes) or Gpus(),
        tasks=tasks_of(facts.shown_id) if state == _PENDING else 1,
        reason=facts.reason,
        cluster=facts.cluster,
        comment=facts.comment,
    )


def detail_of(facts: JobFacts) -> Detail:
    """A job of the controller. Raises InvalidInput."""
    state, submit_ms, start_ms, end_ms = _times(facts)
    return Detail(
        id=str(facts.id),
        shown_id=facts.shown_id,
        name=facts.name,
        user=facts.user,
        account=facts.account,
        partition=facts.partition,
        qos=facts.qos,
        state=state,
        reason=facts.reason,
        submit_ms=submit_ms,
        start_ms=start_ms,
        end_ms=end_ms,
        nodes=facts.nodes,
        node_names=tuple(hosts_of(facts.node_list)),
        gpus=facts.gpus or facts.asked or Gpus(),
        gpus_by_node=facts.gpus_by_node,
        exclusive=facts.exclusive,
        tasks=tasks_of(facts.shown_id) if state == _PENDING else 1,
        comment=facts.comment,
    )


def _accounted(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("state"), Mapping) or isinstance(row.get("time"), Mapping)


def _controller_facts(row: Mapping[str, Any]) -> JobFacts:
    nodes = number(row.get("node_count")) or 0
    gpus, gpus_from = of_tres(text_of(row.get("tres_alloc_str"))), "tres_alloc_str"
    details = [of_gres(one) for one in words_of(row.get("gres_detail"))]
    if not gpus:
        gpus, gpus_from = _sum(details), "gres_detail"
    asked, asked_from = _asked(row, nodes)
    code, signal = _exit_of(row.get("exit_code"))
    node_list = known(text_of(row.get("nodes")))
    return JobFacts(
        id=_id(row),
        shown_id=_shown(row, row.get("array_job_id"), row.get("array_task_id"), row.get("array_task_string")),
        name=text_of(row.get("name")),
        user=known(text_of(row.get("user_name"))),
        account=known(text_of(row.get("account"))),
        partition=known(text_of(row.get("partition"))),
        qos=known(text_of(row.get("qos"))),
        states=states_of(row.get("job_state")),
        reason=known(text_of(row.get("state_reason"))),
        submit_s=number(row.get("submit_time")) or None,
        start_s=number(row.get("start_time")) or None,
        end_s=number(row.get("end_time")) or None,
        elapsed_s=None,
        nodes=nodes,
        node_list=node_list,
        gpus=gpus,
        gpus_from=gpus_from if gpus else "",
        asked=asked,
        asked_from=asked_from,
        gpus_by_node=tuple(_by_node(row, node_list, details)),
        exclusive="none" in words_of(row.get("shared")) or "true" in words_of(row.get("exclusive")),
        return_code=code,
        signal=signal,
        cluster=known(text_of(row.get("cluster"))),
        comment=known(text_of(row.get("comment"))),
    )


def _accounting_facts(row: Mapping[str, Any]) -> JobFacts:
    times, state = mapping_of(row.get("time")), row.get("state")
    array, tres = mapping_of(row.get("array")), mapping_of(row.get("tres"))
    gpus = of_tres(_tres(tres.get("allocated")))
    asked = of_tres(_tres(tres.get("requested")))
    code, signal = _exit_of(row.get("exit_code"))
    words = mapping_of(state)
    comment = row.get("comment")
    return JobFacts(
        id=_id(row),
        shown_id=_shown(row, array.get("job_id"), array.get("task_id"), array.get("task")),
        name=text_of(row.get("name")),
        user=known(text_of(row.get("user"))),
        account=known(text_of(row.get("account"))),
        partition=known(text_of(row.get("partition"))),
        qos=known(text_of(row.get("qos"))),
        states=states_of(words.get("current") if words else state),
        reason=known(text_of(words.get("reason"))),
        submit_s=number(times.get("submission")) or None,
        start_s=number(times.get("start")) or None,
        end_s=number(times.get("end")) or None,
        elapsed_s=number(times.get("elapsed")),
        nodes=number(row.get("allocation_nodes")) or 0,
        node_list=known(text_of(row.get("nodes"))),
        gpus=gpus,
        gpus_from="tres.allocated" if gpus else "",
        asked=asked,
        asked_from="tres.requested" if asked else "",
        return_code=code,
        signal=signal,
        cluster=known(text_of(row.get("cluster"))),
        comment=known(text_of(mapping_of(comment).get("job", "") if isinstance(comment, Mapping) else comment)),
        submit_line=text_of(row.get("submit_line")),
    )


def _asked(row: Mapping[str, Any], nodes: int) -> tuple[Gpus | None, str]:
    """GPUs that a job asks for and the field that says so; None for a number by socket, which nothing tells."""
    per_job = of_tres(text_of(row.get("tres_req_str")))
    if per_job:
        return per_job, "tres_req_str"
    tasks = number(row.get("tasks")) or 1
    for name, times in (("tres_per_job", 1), ("tres_per_node", max(nodes, 1)), ("tres_per_task", tasks)):
        one = of_gres(text_of(row.get(name)))
        if one:
            return Gpus(one.count * times, one.type), name
    if of_gres(text_of(row.get("tres_per_socket"))):
        return None, "tres_per_socket"
    return Gpus(), ""


def _by_node(row: Mapping[str, Any], node_list: str, details: Sequence[Gpus]) -> Iterator[tuple[str, Gpus]]:
    """The GPUs of each node: `gres_detail` has an entry a node, in the order of the allocation."""
    placed = mapping_of(mapping_of(row.get("job_resources")).get("nodes")).get("allocation")
    names = [text_of(mapping_of(one).get("name")) for one in placed] if isinstance(placed, list) else []
    if len(names) != len(details):
        names = hosts_of(node_list)
    if len(names) == len(details):
        yield from ((name, gpus) for name, gpus in zip(names, details, strict=True) if gpus)


def _times(facts: JobFacts) -> tuple[Any, int, int | None, int | None]:
    """State and times in ms: a job that waits has a planned start, which is none, and one that runs a planned end."""
    state = state_of(facts.states[0] if facts.states else "")
    if _requeued(facts) and facts.end_s and facts.node_list:
        state = "cancelled"  # an attempt that ran and went back to the queue; a newer record is of the next one
    if facts.submit_s is None:
        raise InvalidInput(f"job {facts.id} has no time of submission")
    start_ms = None if state == _PENDING or facts.start_s is None else facts.start_s * 1000
    end_ms = None if state in _UNENDED or facts.end_s is None else facts.end_s * 1000
    return state, facts.submit_s * 1000, start_ms, end_ms


def _requeued(facts: JobFacts) -> bool:
    """Whether accounting says so of an attempt: `REQUEUED`, or `PENDING` with `REQUEUED` as its flag (24.11)."""
    return facts.states[:1] == ("REQUEUED",) or (facts.elapsed_s is not None and "REQUEUED" in facts.states)


def _shown(row: Mapping[str, Any], array: Any, task: Any, waiting: Any) -> str:
    """`123_4` of an array's task, `123_[4-10]` of those that wait."""
    whole, place = number(array), number(task)
    if not whole:
        return str(_id(row))
    if place is not None:
        return f"{whole}_{place}"
    return f"{whole}_[{text_of(waiting)}]" if text_of(waiting) else str(_id(row))


def _id(row: Mapping[str, Any]) -> int:
    found = number(row.get("job_id"))
    if found is None:
        raise InvalidInput(f"cannot read a job of SLURM: it has no job_id, only {', '.join(list(row)[:5])}")
    return found


def _tres(value: Any) -> str:
    """`[{type: gres, name: gpu:h100, count: 2}]` → `gres/gpu:h100=2`; a text as it is."""
    if isinstance(value, str):
        return value
    parts = [mapping_of(one) for one in value] if isinstance(value, list) else []
    return ",".join(
        f"{one.get('type')}/{one['name']}={number(one.get('count')) or 0}" for one in parts if one.get("name")
    )


def _sum(parts: Sequence[Gpus]) -> Gpus:
    types = {one.type for one in parts if one}
    return Gpus(sum(one.count for one in parts), types.pop() if len(types) == 1 else "")


def _exit(facts: JobFacts) -> int | None:
    """The exit code; a signal as shells have it."""
    if facts.return_code:
        return facts.return_code
    return 128 + facts.signal if facts.signal else facts.return_code


def _exit_of(value: Any) -> tuple[int | None, int | None]:
    """Return code and signal. Of a plain number the lower byte is the signal (wait(2))."""
    if not isinstance(value, Mapping):
        status = number(value)
        return (None, None) if status is None else (status >> 8, status & 0x7F or None)
    if "return_code" not in value:
        status = number(value)
        return (None, None) if status is None else (status >> 8, status & 0x7F or None)
    signal = value.get("signal")
    named = mapping_of(signal)
    return number(value["return_code"]), number(named.get("id", named.get("signal_id"))) or number(signal)


def _errors(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else []:
        said = mapping_of(one)
        yield text_of(said.get("error")) or text_of(said.get("description")) or str(one)


def _cluster(document: Mapping[str, Any]) -> str:
    meta = mapping_of(document.get("meta"))
    return known(text_of(mapping_of(meta.get("slurm", meta.get("Slurm"))).get("cluster")))
