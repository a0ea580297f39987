"""What a run could have done without: each kind of loss in GPU-hours, from what its GPUs showed. Pure.

    never used      no GPU of the run was ever busy: all hours
    unused GPUs     GPUs that were never busy, of a run whose others were: their hours
    idle start      from the start to a GPU's first busy step
    idle tail       from a GPU's last busy step to the end
    gaps            idle between the two
    low activity    the mean of busy steps is below half of what a GPU can: hours that one half would save
    oversized       half of the GPUs, where peak memory and activity of all would fill the other half to 80 % at most
    hung, waiting for a straggler, starved of input     as the phases of its GPUs say (`fleet.phases`)

A step is busy from 5 % activity on. Steps without a report count for nothing. The first five share no hour; low
activity and oversized look at the same hours in another way, so losses are never added up: the largest is named.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.fleet.phases.phase import Phase
from trimtab.kpis.runs.activity import Activity, Floats
from trimtab.kpis.runs.phases import GpuPhases

Marks = npt.NDArray[np.bool_]
BUSY_FROM = 0.05
"""Below, what a monitored GPU shows that runs nothing: loaded models and exporters stay under 2 %."""
FAIR = 0.5
"""Half of what a GPU can: an assumption of ours of what training reaches untuned, stated where it is used."""
FULL = 0.8
"""The share to which memory and time of a GPU may be planned full."""
LEAST_HOURS = 0.05
"""Three GPU-minutes: less is not worth a sentence."""


class LossKind(StrEnum):
    """Kinds of avoidable loss."""

    NEVER_USED = "never used"
    UNUSED_GPUS = "unused GPUs"
    IDLE_START = "idle start"
    IDLE_TAIL = "idle tail"
    GAPS = "idle gaps"
    LOW_ACTIVITY = "low activity"
    OVERSIZED = "oversized"
    HUNG = "hung"
    STRAGGLER = "waiting for a straggler"
    STARVED = "starved of input"


class Loss(Struct, frozen=True):
    """A kind of loss: its GPU-hours, how many GPUs it is of, and how long it was for each on average (seconds)."""

    kind: LossKind
    gpu_hours: float
    gpus: int
    seconds: float
    note: str = ""


def losses_of(activity: Activity) -> tuple[Loss, ...]:
    """The losses of a run, the largest first."""
    known = ~np.isnan(activity.values)
    held = activity.seconds * known
    busy: Marks = (np.nan_to_num(activity.values) >= BUSY_FROM) & (held > 0)
    ever: Marks = np.any(busy, axis=1)
    if not held.any():
        return ()
    found = [_loss(LossKind.UNUSED_GPUS if ever.any() else LossKind.NEVER_USED, held[~ever])]
    if ever.any():
        before, after = _before(busy[ever]), _before(busy[ever][:, ::-1])[:, ::-1]
        found += [
            _loss(LossKind.IDLE_START, held[ever] * before),
            _loss(LossKind.IDLE_TAIL, held[ever] * after),
            _loss(LossKind.GAPS, held[ever] * (~busy[ever] & ~before & ~after)),
            _low(activity, held, busy),
            _oversized(activity, held, ever),
        ]
    worth = [one for one in found if one is not None and one.gpu_hours >= LEAST_HOURS]
    return tuple(sorted(worth, key=lambda one: -one.gpu_hours))


_LOST = {
    Phase.HUNG: LossKind.HUNG,
    Phase.STRAGGLER: LossKind.STRAGGLER,
    Phase.STARVED: LossKind.STARVED,
}


def losses_of_phases(gpu_phases: GpuPhases) -> tuple[Loss, ...]:
    """The losses that several signals together tell of, the largest first."""
    found = [_loss(kind, gpu_phases.seconds_in(phase)) for phase, kind in _LOST.items()]
    worth = [one for one in found if one is not None and one.gpu_hours >= LEAST_HOURS]
    return tuple(sorted(worth, key=lambda one: -one.gpu_hours))


def _before(busy: Marks) -> Marks:
    """Steps before a row's first busy one."""
    return ~np.maximum.accumulate(busy, axis=1)


def _loss(kind: LossKind, seconds: Floats) -> Loss | None:
    """The loss of `seconds`, GPUs by steps."""
    by_gpu = seconds.sum(axis=1)
    gpus = int((by_gpu > 0).sum())
    return Loss(kind, float(by_gpu.sum()) / 3600, gpus, float(by_gpu.sum()) / gpus) if gpus else None


def _low(activity: Activity, held: Floats, busy: Marks) -> Loss | None:
    """Hours that the work of the busy ones would not need at a fair activity."""
    at_work = held * busy
    seconds = float(at_work.sum())
    mean = float((at_work * np.nan_to_num(activity.values)).sum()) / seconds
    if mean >= FAIR:
        return None
    gpus = int((at_work.sum(axis=1) > 0).sum())
    lost = seconds * (1 - mean / FAIR)
    return Loss(LossKind.LOW_ACTIVITY, lost / 3600, gpus, lost / gpus, f"{mean:.0%} active while busy")


def _oversized(activity: Activity, held: Floats, ever: Marks) -> Loss | None:
    """Whether half of the GPUs at work would do: by all that they hold in memory at most and all that they work."""
    gpus = int(ever.sum())
    memory = activity.memory[ever]
    half = gpus - gpus // 2
    if gpus < 2 or np.isnan(memory).any():
        return None
    mine = held[ever]
    mean = float((mine * np.nan_to_num(activity.values[ever])).sum() / mine.sum())
    if max(float(memory.sum()), mean * gpus) > FULL * half:
        return None
    hours = float(mine.sum()) / 3600 * (gpus - half) / gpus
    note = f"memory {memory.max():.0%} full at most, {mean:.0%} active: {half} of {gpus} GPUs would do"
    return Loss(LossKind.OVERSIZED, hours, gpus - half, float(mine.sum()) / gpus, note)
