"""How checks tell what is due with machines and GPUs after faults: one finding a machine, with its replay."""

from collections.abc import Iterator
from decimal import Decimal

from trimtab.advice.check import Found, Judge, Knobs, Outcome, Unsure
from trimtab.advice.examples import ACCOUNT, ago
from trimtab.advice.facts import BILL_DAYS, Facts
from trimtab.advice.finding import HOURS_A_MONTH, Evidence
from trimtab.advice.judging import node_thing
from trimtab.base.coins import sums
from trimtab.fleet.health.actions import Proposal, command_of
from trimtab.fleet.health.fault import Fault, FaultKind, judged
from trimtab.fleet.health.loss import Hours
from trimtab.fleet.health.replay import OUT, Saved
from trimtab.fleet.health.rules import ActionKind, Due
from trimtab.fleet.model import MachineKey


def due(*kinds: ActionKind) -> Judge:
    """The judge of a check that tells some actions. Machines of whose GPUs nothing tells errors cannot be judged."""

    def judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
        del knobs
        for one in facts.gpu_actions:
            if one.kind in kinds:
                yield _found(one)
        silent = {(one.host, one.provider, one.account, one.region) for one in facts.gpus if not one.errors_told}
        for place in sorted(silent):
            yield Unsure(node_thing(*place), "no metric of errors (XID, ECC) comes from its GPUs")

    return judge


def _found(one: Proposal) -> Found:
    key = MachineKey.parse(one.machine)
    saved, out = one.saved, OUT[one.kind]
    length = f"{out.days:g} days" if out.hours is None else f"{out.hours * 60:.0f} minutes"
    evidence = [
        Evidence("why", one.why, f"/hosts/{key.name}"),
        Evidence("replayed", f"its rule fired {len(saved.taken_ms)} times in {BILL_DAYS} days, by what was known then"),
        Evidence("runs spared", f"{len(saved.spared)} that began there later and a fault ended"),
        Evidence("lost work spared", hours_words(saved.lost)),
    ]
    if saved.at_most.gpu_hours:
        evidence.append(Evidence("of runs without known checkpoints at most", hours_words(saved.at_most)))
    evidence.append(Evidence("out for it", f"{hours_words(saved.out)} ({length} each time)"))
    net = max(saved.net_gpu_hours, 0.0) * HOURS_A_MONTH / (BILL_DAYS * 24)
    where = "" if one.device is None else f", GPU {one.device}"
    return Found(
        node_thing(key.name, "", key.account, ""),
        f"{one.kind.value}{where}: {one.why}",
        tuple(evidence),
        0.9 if one.kind is not ActionKind.CORDON else 0.8,
        gpu_hours=net,
        part=f"{one.kind.value}{where}",
        words={"command": one.command},
    )


def hours_words(hours: Hours) -> str:
    """GPU-hours and what they cost, as people read it."""
    cost = sums(hours.amounts)
    unpriced = f", {hours.unpriced:,.1f} without a price" if hours.unpriced else ""
    return f"{hours.gpu_hours:,.1f} GPU-hours" + (f", {cost}" if cost else "") + unpriced


def proposal(kind: ActionKind, node: str, why: str, *, device: int | None = None, spared: float = 0.0) -> Proposal:
    """An action for an example: due on a SLURM node since yesterday; `spared` GPU-hours at 2 USD."""
    machine = MachineKey(ACCOUNT, "slurm", node).path
    severity, action = judged(FaultKind.XID, 79)
    fault = Fault(
        machine=machine, device=device, since_ms=ago(1), at_ms=ago(1),
        kind=FaultKind.XID, severity=severity, code=79, action=action,
    )  # fmt: skip
    lost = Hours(spared, {"USD": Decimal(repr(spared)) * 2} if spared else {})
    nothing = Hours()
    return Proposal(
        kind=kind,
        machine=machine,
        device=device,
        since_ms=ago(1),
        why=why,
        command=command_of(Due(kind, machine, device, ago(1), why, fault), "slurm"),
        saved=Saved(taken_ms=(ago(1),), spared=(), lost=lost, at_most=nothing, out=nothing),
    )
