"""Which scores deserve an alert: those above a threshold that rises with every alert and comes down slowly.

A series that cries often must cry louder: habituation keeps a restless series from filling the list, without a setting
of its own.
"""

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.anomaly.jit import compiled
from trimtab.timeseries.anomaly.primitives import Array

THRESHOLD = 1.6
"""The score that a first alert needs: as if every view had a chance of 1 in 40."""
REST = 100
"""Points after an alert in which there is no other: what follows belongs to it."""
SILENT = 200
"""Points of a series before the first alert: what is usual must be known first. 17 hours of five-minute points."""
STEP = 0.15
"""By how much an alert raises the threshold of the series."""
FADE = 16_000.0
"""Points in which the rise falls to 37 %: eight weeks of five-minute points."""


def alerts(
    scores: npt.NDArray[np.float64], worn: npt.NDArray[np.float64], threshold: float = THRESHOLD, seen: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Whether each of `scores` raises an alert. `worn` (the rise so far, points since the last alert) moves on.

    `seen` are the points of the series before these.
    """
    raised = np.zeros(len(scores), np.bool_)
    walk(scores, worn, threshold, seen, raised)
    return raised


@compiled
def walk(scores: Array, worn: Array, threshold: float, seen: float, raised: Array) -> None:
    """`alerts` in compiled code: set `raised` where there is one."""
    fade = np.exp(-1.0 / FADE)
    for at in range(len(scores)):
        worn[0] *= fade
        worn[1] += 1.0
        if scores[at] >= threshold + worn[0] and worn[1] > REST and seen + at >= SILENT:
            raised[at] = True
            worn[0] += STEP
            worn[1] = 0.0
