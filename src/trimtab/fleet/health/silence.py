"""Machines that fell silent under a run: nobody told of a fault, and the run or the machine was gone. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from trimtab.fleet.health.fault import Fault, FaultKind, Severity, judged, merged
from trimtab.fleet.health.impact import TOLD_LATE_MS, WITHIN_MS
from trimtab.fleet.health.spans import SpanIndex
from trimtab.fleet.model import State
from trimtab.inventory.runs.model import Run, RunState

SILENT_REASONS = ("failed", "silent while its host is up")
"""First words of the ledger's reasons for being down that nobody chose: a drained machine has been taken out."""


def silent_faults(
    machines: Iterable[str], spans: SpanIndex, runs: Mapping[str, Run], known: Sequence[Fault]
) -> list[Fault]:
    """Faults of machines that went down within WITHIN_MS of being held, or whose only run failed with its node, where
    no other fatal fault tells why.
    """
    found: list[Fault] = []
    for machine in machines:
        mine = spans.of(machine, None)
        ends = [one for one in mine if one.state is State.HELD]
        for down in mine:
            if down.state is not State.DOWN or not down.reason.startswith(SILENT_REASONS):
                continue
            before = [one for one in ends if 0 <= down.start_ms - one.end_ms <= WITHIN_MS and one.device == down.device]
            if before:
                found.append(_fault(machine, max(one.end_ms for one in before) - 1, down.start_ms))
        for holder in dict.fromkeys(one.holder for one in ends):
            run = runs.get(holder)
            nodes = {one.machine for one in spans.of_holder(holder)}
            if run is not None and run.state is RunState.NODE_FAILED and run.end_ms is not None and nodes == {machine}:
                found.append(_fault(machine, run.end_ms - 1, run.end_ms))
    return [one for one in merged(found) if not _explained(one, known)]


def _fault(machine: str, since_ms: int, at_ms: int) -> Fault:
    severity, action = judged(FaultKind.SILENT)
    return Fault(
        machine=machine, device=None, since_ms=since_ms, at_ms=at_ms,
        kind=FaultKind.SILENT, severity=severity, action=action, sources=("fleet ledger",),
    )  # fmt: skip


def _explained(fault: Fault, known: Sequence[Fault]) -> bool:
    return any(
        one.machine == fault.machine
        and one.severity is Severity.FATAL
        and fault.since_ms - WITHIN_MS <= one.at_ms <= fault.at_ms + TOLD_LATE_MS
        for one in known
    )
