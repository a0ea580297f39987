"""What a run says of itself, over time: evidence beside the signals of its GPUs."""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.fleet.phases.signals import Signals


class Doing(Enum):
    """What a run says that it does."""

    STEPS = "steps"
    """Training steps, or an evaluation."""
    REPEATS = "repeats"
    """Steps that an attempt before it had done already."""
    SAVES = "saves"
    NO_STEPS = "no steps"
    """It tells its steps, and tells of none."""


class Told(Struct, frozen=True):
    """`[from_ms, to_ms)` of one thing."""

    from_ms: int
    to_ms: int
    doing: Doing


def with_told(signals: Signals, told: Sequence[Told]) -> Signals:
    """The signals with what the run says: of each step what it says of most of it; outside of all nothing is told."""
    if not told:
        return signals
    count = signals.held.shape[1]
    starts = signals.start_ms + np.arange(count) * signals.step_ms
    covered = {doing: np.zeros(count) for doing in Doing}
    for one in told:
        inside = np.minimum(starts + signals.step_ms, one.to_ms) - np.maximum(starts, one.from_ms)
        covered[one.doing] += np.maximum(inside, 0)
    half = signals.step_ms / 2
    stepping = covered[Doing.STEPS] + covered[Doing.REPEATS]
    known = stepping + covered[Doing.SAVES] + covered[Doing.NO_STEPS] >= half
    return replace(
        signals,
        steps_done=np.where(known, (stepping > 0).astype(np.float64), np.nan),
        saving=covered[Doing.SAVES] >= half,
        repeating=covered[Doing.REPEATS] >= half,
    )
