"""What actions would have saved, had they been taken each time that their rule fired. Pure.

A rule fires by what was known then. From that moment on the machine takes nothing new for `Out.days`: runs that were
there go on, so only runs that began there later, and that a fault there ended within that time, would have been spared
(a reset spares those of its GPU alone). Against that stands what the machine would not have offered: the GPU-hours that
others began to hold there in that time, or the length of the reset or restart of it. While it is out no rule fires.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.fleet.health.impact import ENDING
from trimtab.fleet.health.loss import NO_HOURS, Harm, Hours, Rates, hours_within
from trimtab.fleet.health.rules import ActionKind, Due, History, done_since
from trimtab.fleet.model import DAY_MS, HOUR_MS, State


class Out(Struct, frozen=True):
    """For how many days an action is credited with faults that do not come, and how many hours of the machine's GPUs
    it costs; None: all that others began to hold there in these days.
    """

    days: float
    hours: float | None = None


OUT: Mapping[ActionKind, Out] = {
    ActionKind.RESET: Out(1, 1 / 6),
    ActionKind.DRAIN: Out(1, 0.5),
    ActionKind.CORDON: Out(7),
    ActionKind.RMA: Out(14),
}
"""Assumptions of ours, stated where they are used: a reset takes ten minutes and a restart half an hour of all GPUs of
the machine, and each is credited with a day; a repair takes a week, an exchanged part two."""


class Saved(Struct, frozen=True, kw_only=True):
    """What an action on one machine would have come to over the history: how often it would have been taken, which
    harms it would have spared, and the GPU-hours that the machine would have been out.
    """

    taken_ms: tuple[int, ...]
    spared: tuple[Harm, ...]
    lost: Hours
    at_most: Hours
    out: Hours

    @property
    def net_gpu_hours(self) -> float:
        """GPU-hours spared (of runs without known checkpoints none) less those out."""
        return self.lost.gpu_hours - self.out.gpu_hours


Place = tuple[ActionKind, str]
"""What is done, and the machine."""


def replayed(history: History, due: Sequence[Due], rates: Rates) -> dict[Place, Saved]:
    """By action and machine what it would have saved."""
    groups: dict[Place, list[Due]] = {}
    for one in sorted(due, key=lambda one: one.at_ms):
        groups.setdefault((one.kind, one.machine), []).append(one)
    return {place: _replay(history, mine, rates) for place, mine in groups.items()}


def _replay(history: History, due: Sequence[Due], rates: Rates) -> Saved:
    taken: list[int] = []
    spared: dict[int, Harm] = {}
    out = NO_HOURS
    out_ms: dict[int | None, int] = {}
    for one in due:
        if one.at_ms < out_ms.get(one.device, 0):
            continue
        if OUT[one.kind].hours is not None and done_since(history.spans, one.fault):
            continue  # it was done: what came later came in spite of it
        until_ms = one.at_ms + round(OUT[one.kind].days * DAY_MS)
        out_ms[one.device] = until_ms
        taken.append(one.at_ms)
        spared |= {at: harm for at, harm in enumerate(history.harms) if _spares(one, harm, until_ms)}
        out = out.plus(_out(history, one, until_ms, rates))
    harms = tuple(spared[at] for at in sorted(spared))
    lost = at_most = NO_HOURS
    for harm in harms:
        lost = lost.plus(harm.lost or NO_HOURS)
        at_most = at_most.plus(harm.at_most or NO_HOURS)
    return Saved(taken_ms=tuple(taken), spared=harms, lost=lost, at_most=at_most, out=out)


def _spares(due: Due, harm: Harm, until_ms: int) -> bool:
    impact, fault = harm.impact, harm.impact.fault
    if not impact.counts or impact.effect not in ENDING or fault.machine != due.machine:
        return False
    if due.kind in (ActionKind.RESET, ActionKind.RMA) and due.device is not None and fault.device != due.device:
        return False
    return due.at_ms < fault.since_ms <= until_ms and (impact.began_ms or 0) >= due.at_ms


def _out(history: History, due: Due, until_ms: int, rates: Rates) -> Hours:
    length = OUT[due.kind].hours
    if length is not None:
        devices = history.exposure.devices.get(due.machine, 1)
        rate = rates.get((due.machine, due.at_ms // DAY_MS), {})
        gpu_hours = length * devices
        amounts = {currency: each * round(gpu_hours * HOUR_MS) for currency, each in rate.items()}
        return Hours(gpu_hours, amounts, 0.0 if rate else gpu_hours)
    later = [
        one
        for one in history.spans.of(due.machine, None)
        if one.state is State.HELD and one.start_ms >= due.at_ms
    ]  # fmt: skip
    return hours_within(later, due.at_ms, min(until_ms, history.until_ms), rates)
