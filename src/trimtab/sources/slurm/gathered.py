"""Puts together what several outputs say of a cluster, whatever each of them is: text of the tools, or JSON.

Nothing is passed over silently: a line or a row that cannot be read, and an output of a kind that holds no jobs or
nodes, is told in `skipped`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.client.inventory_wire import NodeRecord
from trimtab.sources.slurm import answers, delimited, events, jobs, nodes, sacct, squeue
from trimtab.sources.slurm.answers import Answer
from trimtab.sources.slurm.events import Event
from trimtab.sources.slurm.jobs import Detail
from trimtab.sources.slurm.node_answers import nodes_of
from trimtab.sources.slurm.sacct import Job

_SCONTROL = {"JobId": "scontrol jobs", "NodeName": "scontrol nodes", "PartitionName": "scontrol partitions"}
_SQUEUE = re.compile(r"(?m)^(?:JOBID\|JOBID\|REASON|\d+\|[^|\n]+\|[^|\n]*)$")


@dataclass
class Gathered:
    """What was read so far: jobs of accounting, the controller's by id, reasons by job id, nodes by name."""

    zone: tzinfo
    jobs: list[Job] = field(default_factory=list)
    details: dict[str, Detail] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, NodeRecord] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    cluster: str = ""

    def accounting(self, text: str) -> None:
        """What `sacct` printed, or slurmdbd answered. Raises InvalidInput, Unavailable."""
        if answers.is_json(text):
            self.document(text)
        else:
            self.jobs.extend(sacct.read(text, self.zone, self.skipped))

    def controller(self, text: str) -> None:
        """What `scontrol show job -d` or `squeue --json` printed, or the controller answered."""
        if answers.is_json(text):
            self.document(text)
        else:
            self.details |= {one.id: one for one in jobs.read(text, self.zone)}

    def machines(self, text: str) -> None:
        """What `scontrol show node -d` or `sinfo --json` printed, or the controller answered."""
        if answers.is_json(text):
            self.document(text)
        else:
            self.nodes |= {one.name: one for one in nodes.read(text)}

    def past(self, text: str) -> None:
        """What `sacctmgr show event` printed: nodes of the past."""
        self.events.extend(events.read(text, self.zone, self.skipped))

    def queue(self, text: str) -> None:
        """What `squeue` printed: why jobs wait."""
        if answers.is_json(text):
            self.document(text)
        else:
            self.reasons |= squeue.read(text)

    def document(self, text: str) -> None:
        """JSON of any kind: one document, or one a line."""
        for answer in documents(text, self.skipped):
            self._answer(answer)

    def file(self, name: str, text: str) -> None:
        """A file of which only its content says what it is; one of an unknown kind is named."""
        kind = kind_of(text)
        if kind == "json":
            self.document(text)
        elif kind == "sacct":
            self.accounting(text)
        elif kind == "scontrol jobs":
            self.controller(text)
        elif kind == "scontrol nodes":
            self.machines(text)
        elif kind == "squeue":
            self.queue(text)
        elif kind == "events":
            self.past(text)
        else:
            self.skipped.append(f"{name}: {kind}: holds no jobs or nodes that can be read")

    def _answer(self, answer: Answer) -> None:
        self.cluster = self.cluster or answer.cluster
        if answer.kind == "error":
            raise Unavailable(f"cannot read from SLURM: it answers: {'; '.join(answer.errors)[:300]}")
        if answer.kind in ("nodes", "sinfo"):
            self.nodes |= {one.name: one for one in nodes_of(answer)}
        elif answer.kind in ("jobs", "accounted jobs"):
            for place, row in enumerate(answer.rows, 1):
                try:
                    self._job(answer.kind, answers.job_facts(row))
                except InvalidInput as problem:
                    self.skipped.append(f"job {place}: {problem}")
        else:
            self.skipped.append(f"{answer.kind} ({len(answer.rows)}): neither jobs nor nodes")

    def _job(self, kind: str, facts: answers.JobFacts) -> None:
        if kind == "accounted jobs":
            self.jobs.append(answers.job_of(facts))
        else:
            detail = answers.detail_of(facts)
            self.details[detail.id] = detail


def documents(text: str, unreadable: list[str]) -> Iterator[Answer]:
    """The answers of a text: one document, or a document a line; of the latter those that are no JSON go to
    `unreadable`. Raises InvalidInput where a single document is no JSON.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not _whole(lines[0][1]):
        yield answers.read(text)
        return
    for number, line in lines:
        try:
            yield answers.read(line)
        except InvalidInput as problem:
            unreadable.append(f"line {number}: {problem}")


def _whole(line: str) -> bool:
    """Whether a line is a document by itself."""
    try:
        answers.read(line)
    except InvalidInput:
        return False
    return True


def kind_of(text: str) -> str:
    """What a text is: `json`, `sacct`, `squeue`, `scontrol jobs`, …; `text` for one that is none of them."""
    if answers.is_json(text):
        return "json"
    for key, kind in _SCONTROL.items():
        if re.search(rf"(?m)^\s*{key}=", text):
            return kind
    columns = set(delimited.read(text).columns)
    if "State" in columns and columns & {"JobID", "JobIDRaw"}:
        return "sacct"
    if columns >= events.COLUMNS:
        return "events"
    if "STATE" in columns and columns & {"NODELIST", "HOSTNAMES", "PARTITION"}:
        return "sinfo"
    if columns & {"DefaultAccount", "GraceTime", "MaxWall", "QOS"} and len(columns) > 1:
        return "sacctmgr"
    return "squeue" if _SQUEUE.search(text) else "text"
