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
FALSE_ALARMS = (
    (1.2, 2.0), (1.6, 1.5), (2.0, 1.1), (2.5, 0.65), (3.0, 0.4), (3.5, 0.28), (4.0, 0.16), (5.0, 0.09), (6.0, 0.05),
    (7.0, 0.022), (7.4, 0.01), (7.8, 0.005), (8.5, 0.003), (9.0, 0.001),
)  # fmt: skip
"""A threshold, and how many alerts a week a series that nothing happens to raises at it, of five-minute points.

Up to 6 geometric means of 768 weeks of made series (`bench/synthetic_series.py`) and 72 weeks of NAB outside its
windows; above it the rate over 483 weeks of made series and 772 of servers, services and NAB outside their labels, of
which one alarm is left at 9. They are means over series: one that restarts often raises many times as many as one with
a plain day. What comes of them by source: `bench/eval_false_alarms.py`.
"""
REST = 100
"""Points after an alert in which there is no other: what follows belongs to it."""
SILENT = 200
"""Points of a series before the first alert: what is usual must be known first. 17 hours of five-minute points."""
STEP = (0.15, 0.8)
"""By how much an alert raises the threshold of the series for the lasting judge, and for the sudden one. Series that
jump do so again and again: what is to be told of is a jump beyond those."""
FADE = 16_000.0
"""Points in which the rise falls to 37 %: eight weeks of five-minute points."""


def threshold_for(false_alarms_a_week: float) -> float:
    """The threshold at which a series raises so many alerts a week though nothing happens, on average over series.

    More or less than is known counts as the most or least that is: 2 a week a series, 1 a week a thousand of them.
    """
    thresholds, rates = np.array(FALSE_ALARMS).T
    asked = np.log(max(false_alarms_a_week, rates[-1]))
    return float(np.interp(asked, np.log(rates[::-1]), thresholds[::-1]))


def fresh() -> npt.NDArray[np.float64]:
    """The `worn` of a series without any alert."""
    return np.array([[0.0, np.inf], [0.0, np.inf]])


def alerts(
    said: npt.NDArray[np.float64], worn: npt.NDArray[np.float64], threshold: float = THRESHOLD, seen: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Whether each point raises an alert, by what both judges `said` (points × 2), each with its own rise and rest.

    `worn` (2 × 2: by judge the rise so far, and the points since its last alert) moves on. `seen` are the points of the
    series before these.
    """
    raised = np.zeros(len(said), np.bool_)
    walk(said, worn, threshold, seen, raised)
    return raised


@compiled
def walk(said: Array, worn: Array, threshold: float, seen: float, raised: Array) -> None:
    """`alerts` in compiled code: set `raised` where there is one."""
    fade = np.exp(-1.0 / FADE)
    for at in range(len(said)):
        for judge in range(2):
            worn[judge, 0] *= fade
            worn[judge, 1] += 1.0
            if said[at, judge] >= threshold + worn[judge, 0] and worn[judge, 1] > REST and seen + at >= SILENT:
                raised[at] = True
                worn[judge, 0] += STEP[judge]
                worn[judge, 1] = 0.0
