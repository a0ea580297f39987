"""What a run could have done without: each kind of loss in GPU-hours, from the activity of its GPUs alone. Pure.

    never used      no GPU of the run was ever busy: all hours
    unused GPUs     GPUs that were never busy, of a run whose others were: their hours
    idle start      from the start to a GPU's first busy step
    idle tail       from a GPU's last busy step to the end
    gaps            idle between the two
    low activity    busy below half of what a GPU can: the hours that the same work would need less at one half
    oversized       GPUs that the run's peak memory and activity would leave free at 80 % of each

A step is busy from 5 % activity on. Steps without a report count for nothing. The first five share no hour; low
activity and oversized look at the same hours in another way, so losses are never added up: the largest is named.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from trimtab.kpis.runs.activity import Activity, Floats

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


@dataclass(frozen=True, slots=True)
class Loss:
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


def _before(busy: Marks) -> Marks:
    """Steps before a row's first busy one."""
    return ~np.maximum.accumulate(busy, axis=1)


def _loss(kind: LossKind, seconds: Floats) -> Loss | None:
    """The loss of `seconds`, GPUs by steps."""
    by_gpu = seconds.sum(axis=1)
    gpus = int((by_gpu > 0).sum())
    return Loss(kind, float(by_gpu.sum()) / 3600, gpus, float(by_gpu.sum()) / gpus) if gpus else None


def _low(activity: Activity, held: Floats, busy: Marks) -> Loss | None:
    short = np.where(busy, np.maximum(1 - np.nan_to_num(activity.values) / FAIR, 0.0), 0.0)
    lost = _loss(LossKind.LOW_ACTIVITY, held * short)
    if lost is None:
        return None
    at_work = held * busy
    mean = float((at_work * np.nan_to_num(activity.values)).sum() / at_work.sum())
    return Loss(lost.kind, lost.gpu_hours, lost.gpus, lost.seconds, f"{mean:.0%} active while busy")


def _oversized(activity: Activity, held: Floats, ever: Marks) -> Loss | None:
    """Of a run of several GPUs: how many of those at work its peak memory and its mean activity would leave free."""
    gpus = int(ever.sum())
    memory = activity.memory[ever]
    if gpus < 2 or np.isnan(memory).any():
        return None
    mine = held[ever]
    mean = float((mine * np.nan_to_num(activity.values[ever])).sum() / mine.sum())
    need = max(float(memory.sum()), mean * gpus) / FULL
    enough = max(int(np.ceil(need)), 1)
    if enough >= gpus:
        return None
    hours = float(mine.sum()) / 3600 * (gpus - enough) / gpus
    note = f"memory {memory.mean():.0%} full at most, {mean:.0%} active: {enough} of {gpus} GPUs would do"
    return Loss(LossKind.OVERSIZED, hours, gpus - enough, float(mine.sum()) / gpus, note)
