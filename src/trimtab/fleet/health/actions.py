"""What is to be done now with machines and GPUs, with the command for whoever schedules them, and what it would have
saved so far. Pure.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.fleet.health.loss import Rates
from trimtab.fleet.health.replay import Saved, replayed
from trimtab.fleet.health.rules import (
    ActionKind,
    Due,
    History,
    done_since,
    due_within,
    lemon_words,
    rankings_at,
)
from trimtab.fleet.model import DAY_MS, MachineKey, State

STANDS_MS = 7 * DAY_MS
"""How long a reset that was asked for is proposed where nothing shows that it was done."""
_DRAIN_SLURM = "scontrol update nodename={node} state=drain reason='{reason}'"
_CORDON_KUBERNETES = "kubectl cordon {node}"
_DRAIN_KUBERNETES = "kubectl drain {node} --ignore-daemonsets --delete-emptydir-data"
_RESET = "nvidia-smi --gpu-reset -i {device}"
_EVIDENCE = "nvidia-bug-report.sh && dcgmi diag -r 3"
_FIXES: Mapping[tuple[ActionKind, str], str] = {
    (ActionKind.CORDON, "slurm"): _DRAIN_SLURM,
    (ActionKind.CORDON, "kubernetes"): _CORDON_KUBERNETES,
    (ActionKind.CORDON, ""): "start nothing new on {node} until it is repaired",
    (ActionKind.DRAIN, "slurm"): "scontrol reboot ASAP nextstate=RESUME reason='{reason}' {node}",
    (ActionKind.DRAIN, "kubernetes"): f"{_DRAIN_KUBERNETES}  # then restart it, and: kubectl uncordon {{node}}",
    (ActionKind.DRAIN, ""): "ssh {node} sudo systemctl reboot  # once nothing runs on it",
    (ActionKind.RESET, "slurm"): f"{_DRAIN_SLURM}  # once it is idle, there: {_RESET}, then state=resume",
    (ActionKind.RESET, "kubernetes"): f"{_DRAIN_KUBERNETES}  # then, there: {_RESET}, and: kubectl uncordon {{node}}",
    (ActionKind.RESET, ""): f"ssh {{node}} sudo {_RESET}  # once nothing runs on the GPU",
    (ActionKind.RMA, "slurm"): f"{_DRAIN_SLURM}  # then, there: {_EVIDENCE}, and open an RMA with both",
    (ActionKind.RMA, "kubernetes"): f"{_DRAIN_KUBERNETES}  # then, there: {_EVIDENCE}, and open an RMA with both",
    (ActionKind.RMA, ""): f"ssh {{node}} '{_EVIDENCE}'  # once nothing runs on it; open an RMA with both",
}
"""By scheduler ("" none). A reset of one GPU of a board with NVSwitches resets all of it, so the machine is drained."""
_ORDER = (ActionKind.RMA, ActionKind.CORDON, ActionKind.DRAIN, ActionKind.RESET)


class Proposal(Struct, frozen=True, kw_only=True):
    """An action that is due now: on which machine (and device), since when, why, and how; `saved` is the replay of all
    the times at which its rule fired on this machine.
    """

    kind: ActionKind
    machine: str
    device: int | None
    since_ms: int
    why: str
    command: str
    saved: Saved


def proposals_of(history: History, rates: Rates, schedulers: Mapping[tuple[str, str], str]) -> list[Proposal]:
    """What is due at the end of the history; of one machine the strongest first. `schedulers` are by account and
    cluster."""
    due = due_within(history)
    saved = replayed(history, due, rates)
    found: dict[tuple[ActionKind, str, int | None], Proposal] = {}
    for one in standing(history, due):
        node = MachineKey.parse(one.machine)
        scheduler = schedulers.get((node.account, node.cluster), "")
        found[one.kind, one.machine, one.device] = Proposal(
            kind=one.kind,
            machine=one.machine,
            device=one.device,
            since_ms=one.at_ms,
            why=one.why,
            command=command_of(one, scheduler),
            saved=saved[one.kind, one.machine],
        )
    return sorted(found.values(), key=lambda one: (one.machine, _ORDER.index(one.kind), one.device or 0))


def standing(history: History, due: Sequence[Due]) -> list[Due]:
    """Those of what was due that still is: a lemon is one now and not out already; what was asked for after a fault is
    not done. A GPU that goes back needs no reset, and one whose machine restarts none of its own.
    """
    found: list[Due] = []
    lemons = rankings_at(history, history.until_ms)
    back: set[tuple[str, int | None]] = set()
    for one in sorted(due, key=lambda one: (_ORDER.index(one.kind), -one.at_ms)):
        if any((one.kind, one.machine, one.device) == (other.kind, other.machine, other.device) for other in found):
            continue
        match one.kind:
            case ActionKind.CORDON:
                why = lemon_words(lemons, one.machine)
                stands = bool(why) and not _is_out(history, one.machine)
            case ActionKind.RMA:
                stands = history.until_ms - one.at_ms <= STANDS_MS or not done_since(history.spans, one.fault)
                back.add((one.machine, one.device))
            case _:
                recent = history.until_ms - one.at_ms <= STANDS_MS
                covered = (one.machine, one.fault.device) in back or any(
                    other.kind is ActionKind.DRAIN and other.machine == one.machine for other in found
                )
                stands = recent and not covered and not done_since(history.spans, one.fault)
        if stands:
            found.append(one)
    return found


def _is_out(history: History, machine: str) -> bool:
    """Whether the machine is down at the end of the history."""
    last = [one for one in history.spans.of(machine, None) if one.end_ms >= history.until_ms]
    return bool(last) and all(one.state is State.DOWN for one in last)


def command_of(due: Due, scheduler: str) -> str:
    """What to type, by the scheduler of the machine ("" of one that none has)."""
    template = _FIXES.get((due.kind, scheduler)) or _FIXES[due.kind, ""]
    reason = due.why.replace("'", "").split(":")[0]
    device = "<GPU>" if due.device is None else str(due.device)
    return template.format(node=MachineKey.parse(due.machine).name, device=device, reason=reason)
