"""From findings to actions: what several findings say of one machine is one action, and what excludes what. Pure.

    actions, waiting = actions_of(findings, targets)

A check that adds evidence to an action adds no money. A GPU is a part of its machine: a machine can go (or shrink) only
when the same is said of all its GPUs; until then its findings wait, and free GPU-hours alone. What is to go is one
action, whether one check stops it and another deletes it.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from trimtab.advice.finding import Action as Fix
from trimtab.advice.finding import Finding
from trimtab.advice.plan.model import ZERO, Action, Evidence, Target, Verb

Targets = Callable[[Finding], Target | None]
"""The machine that a finding advises, where its price is known."""
_COMMITMENTS = frozenset({"commitment", "savingsplans:savingsplan", "ec2:reserved-instances"})
_GONE = frozenset({Fix.STOP, Fix.DELETE})
_Way = tuple[str, Target | None, tuple[int, ...], float]
"""What tells actions on one machine apart: what becomes of it, in which hours, and what of it is lost on spot."""


def actions_of(findings: Iterable[Finding], targets: Targets) -> tuple[list[Action], list[Evidence]]:
    """The actions on all machines, and the findings that wait for others, each with the reason."""
    by_machine: dict[str, list[Finding]] = {}
    for one in findings:
        if one.billed_as and one.kind not in _COMMITMENTS and (one.takes > 0 or one.estimate):
            by_machine.setdefault(one.billed_as, []).append(one)
    actions: list[Action] = []
    waiting: list[Evidence] = []
    for machine, mine in sorted(by_machine.items()):
        made, left = _of_machine(machine, mine, targets)
        actions += made
        waiting += left
    return actions, waiting


def _of_machine(machine: str, findings: Sequence[Finding], targets: Targets) -> tuple[list[Action], list[Evidence]]:
    same: dict[_Way, list[Finding]] = {}
    flat: list[Finding] = []
    actions, waiting = [], []
    for one in findings:
        if one.takes <= 0:
            flat += [one] if one.estimate else []
            continue
        gone = one.action in _GONE
        target = None if gone else targets(one)
        if one.lost is not None and target is None:
            waiting.append(Evidence(machine, (one.id,), f"no price of spot is known for {one.current or 'its type'}"))
            continue
        way = ("gone" if gone else "spot" if one.lost is not None else "less"), target, one.hours, one.lost or 0.0
        same.setdefault(way, []).append(one)
    for (_, target, hours, lost), some in same.items():
        some.sort(key=lambda one: (one.parts > 1, -one.takes, one.id))
        ids = tuple(one.id for one in some)
        takes = _takes(some)
        if takes is not None and target is not None:
            takes = 1.0  # all of it moves: what a check takes for its share is the difference of the rates
        if takes is None:
            told = {one.resource for one in some}
            words = f"{len(told)} of the {some[0].parts} GPUs of its machine: the machine is paid while others are used"
            waiting.append(Evidence(machine, ids, words))
        else:
            sure = max(one.confidence for one in some)
            verb = _verb(some[0], target)
            actions.append(Action(machine, verb, ids, takes, target, confidence=sure, hours=hours, lost=lost))
    return [*actions, *_flat(machine, flat)], waiting


def _flat(machine: str, findings: Sequence[Finding]) -> list[Action]:
    """Actions whose money checks tell themselves: what is deleted is deleted once, other changes are each their own.

    What stops in some hours and what stops at all exclude each other: the hours are in both.
    """
    flat = sorted(findings, key=lambda one: (-(one.estimate or ZERO), one.id))
    gone = [one for one in flat if one.action is Fix.DELETE]
    timed = [one for one in flat if one.action is Fix.STOP and one.hours]
    stopped = [one for one in flat if one.action is Fix.STOP and not one.hours] if timed else []
    rest = [one for one in sorted(flat, key=lambda one: one.id) if one not in gone + timed + stopped]
    found = [_changed(machine, Verb.DELETE, gone, gone[0].estimate)] if gone else []
    found += [_changed(machine, Verb.CHANGE, [one], one.estimate) for one in rest]
    if timed:
        found.append(_changed(machine, Verb.SCHEDULE, timed, timed[0].estimate, alone=bool(stopped)))
    if stopped:
        by_part: dict[str, Decimal] = {}
        for one in stopped:
            by_part[one.resource] = max(by_part.get(one.resource, ZERO), one.estimate or ZERO)
        found.append(_changed(machine, Verb.STOP, stopped, sum(by_part.values(), ZERO), alone=True))
    return found


def _changed(
    machine: str, verb: Verb, some: Sequence[Finding], amount: Decimal | None, *, alone: bool = False
) -> Action:
    return Action(
        machine, verb, tuple(one.id for one in some), 0.0, flat=amount, alone=alone, hours=some[0].hours,
        confidence=max(one.confidence for one in some),
    )  # fmt: skip


def _verb(one: Finding, target: Target | None) -> Verb:
    if one.hours:
        return Verb.SCHEDULE
    if one.action in _GONE:
        return Verb.DELETE if one.action is Fix.DELETE else Verb.STOP
    if target is not None and target.spot:
        return Verb.SPOT
    if target is None or one.current.rpartition(".")[0] == target.type.rpartition(".")[0]:
        return Verb.SHRINK
    return Verb.MOVE


def _takes(some: Sequence[Finding]) -> float | None:
    """What goes of the machine: by a finding of the whole, else by those of all its parts; None where some are left."""
    whole = [one.takes for one in some if one.parts <= 1]
    by_part: dict[str, float] = {}
    for one in some:
        if one.parts > 1:
            by_part[one.resource] = max(by_part.get(one.resource, 0.0), one.takes)
    if by_part and len(by_part) >= max(one.parts for one in some):
        whole.append(min(by_part.values()))
    return min(max(whole), 1.0) if whole else None
