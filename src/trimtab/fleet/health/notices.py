"""What machines of the fleet have to tell, one notice an event: faults, times out of use, and what is to be done.

A notice is open while it lasts: a fault that asks for a reset until its device was down for it and is up again (at most
STANDS_MS, as proposals are), a time out of use until the scheduler says otherwise, an action while it is due. A fault
that asks for nothing is over with its moment.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.ids import hash64
from trimtab.fleet.health.actions import STANDS_MS, Proposal
from trimtab.fleet.health.fault import Fault, FaultKind, Severity
from trimtab.fleet.health.lemons import COUNTED
from trimtab.fleet.health.room import HealthReader, HealthReport
from trimtab.fleet.health.rules import ActionKind
from trimtab.fleet.model import MachineKey
from trimtab.gpu_faults import catalogue
from trimtab.inventory.runs.model import Condition, LifeStretch, NodeLife
from trimtab.inventory.runs.nodes import NodeStore


class Topic(StrEnum):
    """What a notice is about."""

    FAULT = "fault"
    DOWN = "down"
    """The scheduler says that the machine failed, or does not answer."""
    DRAINED = "drained"
    """Somebody took the machine out of use: maintenance, a repair."""
    ACTION = "action"
    """Something is to be done with the machine now."""


_OF_CONDITION = {Condition.DOWN: Topic.DOWN, Condition.DRAINED: Topic.DRAINED}


class Notice(Struct, frozen=True, kw_only=True):
    """Something that a machine, or one of its devices, has to tell. `end_ms` is None while it lasts.

    `code` says what in capitals (`GPU_XID_79`, `MACHINE_DRAINED`); `asked`: somebody has to do something, `command`.
    """

    topic: Topic
    code: str
    machine: MachineKey
    device: int | None
    start_ms: int
    end_ms: int | None
    text: str
    asked: bool = False
    command: str = ""

    @property
    def id(self) -> str:
        """The same each time that it is told."""
        return f"{hash64(f'{self.code} {self.machine.path} {self.device} {self.start_ms}'):016x}"


class NoticeReader(Struct, frozen=True):
    """Reads notices; `region` is where machines are of which nobody says where."""

    health: HealthReader
    nodes: NodeStore
    region: str

    async def read(self, scope: Scope, start_ms: int, end_ms: int) -> tuple[HealthReport, list[Notice]]:
        """The notices of `[start, end)` with the report that they are of. Raises QueryAborted, Unavailable."""
        report = await self.health.report(scope, start_ms, end_ms)
        return report, notices_of(report, await self.nodes.existed(scope, start_ms, end_ms))


def notices_of(report: HealthReport, lives: Iterable[NodeLife]) -> list[Notice]:
    """Everything that is to be told of a report's range, the newest first. `lives` are those of nodes in it."""
    known = list(lives)
    nodes = {MachineKey(one.account, one.cluster, one.name).path for one in known}
    faults = dict.fromkeys(one.impact.fault for one in report.harms)
    found = [
        _of_fault(one, report.over.get(one), report.end_ms)
        for one in faults
        if one.severity in COUNTED and not (one.kind is FaultKind.SILENT and one.machine in nodes)
    ]
    found += [notice for life in known for notice in _of_life(life)]
    found += [_of_proposal(one) for one in report.proposals if one.kind in (ActionKind.CORDON, ActionKind.RMA)]
    inside = (one for one in found if one.start_ms < report.end_ms)
    return sorted(inside, key=lambda one: (-one.start_ms, one.machine.path, one.code, one.device or 0))


def codes() -> dict[str, Topic]:
    """Every code that a notice can have."""
    kinds = (one for one in FaultKind if one not in (FaultKind.XID, FaultKind.SXID))
    names = [f"XID {one}" for one in catalogue.xids()] + [f"SXID {one}" for one in catalogue.sxids()]
    found = {_code("GPU", one): Topic.FAULT for one in [*names, *(kind.value for kind in kinds)]}
    found |= {_code("MACHINE", topic.value): topic for topic in _OF_CONDITION.values()}
    return found | {_due(kind): Topic.ACTION for kind in (ActionKind.CORDON, ActionKind.RMA)}


def _of_fault(fault: Fault, over: int | None, until_ms: int) -> Notice:
    end_ms: int | None = fault.at_ms
    if fault.needs_reset:
        lapses_ms = fault.at_ms + STANDS_MS
        end_ms = lapses_ms if over is None else over
        end_ms = end_ms if end_ms < until_ms else None
    where = f"GPU {fault.device} of " if fault.device is not None else ""
    does = catalogue.words(fault.action) if fault.action else ""
    what = f"{fault.name} on {where}{MachineKey.parse(fault.machine).name}"
    text = what + (f": {fault.meaning}" if fault.meaning else "") + (f". What to do: {does}." if does else ".")
    return Notice(
        topic=Topic.FAULT,
        code=_code("GPU", fault.name),
        machine=MachineKey.parse(fault.machine),
        device=fault.device,
        start_ms=fault.since_ms,
        end_ms=end_ms,
        text=text,
        asked=fault.severity is Severity.FATAL and fault.needs_reset,
    )


def _of_life(life: NodeLife) -> Iterator[Notice]:
    """A node's times out of use; stretches that follow each other in one condition are one time."""
    times: list[list[LifeStretch]] = []
    for stretch in life.stretches:
        before = times[-1][-1] if times else None
        if stretch.condition not in _OF_CONDITION:
            continue
        if before is not None and before.condition is stretch.condition and before.to_ms == stretch.from_ms:
            times[-1].append(stretch)
        else:
            times.append([stretch])
    yield from (_of_time(life, one) for one in times)


def _of_time(life: NodeLife, stretches: Sequence[LifeStretch]) -> Notice:
    topic = _OF_CONDITION[stretches[0].condition]
    reasons = "; ".join(dict.fromkeys(one.reason for one in stretches if one.reason))
    what = "is down" if topic is Topic.DOWN else "is taken out of use"
    return Notice(
        topic=topic,
        code=_code("MACHINE", topic.value),
        machine=MachineKey(life.account, life.cluster, life.name),
        device=None,
        start_ms=stretches[0].from_ms,
        end_ms=stretches[-1].to_ms,
        text=f"{life.name} {what}" + (f": {reasons}" if reasons else "."),
        asked=topic is Topic.DOWN,
    )


def _of_proposal(one: Proposal) -> Notice:
    return Notice(
        topic=Topic.ACTION,
        code=_due(one.kind),
        machine=MachineKey.parse(one.machine),
        device=one.device,
        start_ms=one.since_ms,
        end_ms=None,
        text=one.why,
        asked=True,
        command=one.command,
    )


def _due(kind: ActionKind) -> str:
    return _code("GPU" if kind is ActionKind.RMA else "MACHINE", f"{kind.value} due")


def _code(head: str, name: str) -> str:
    return "_".join((head, *name.upper().replace("-", " ").split()))
