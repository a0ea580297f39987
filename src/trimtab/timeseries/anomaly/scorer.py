"""The always-on detector: one setting for every series. Give it points as they come; it says how unusual each is."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.anomaly.alerts import alerts
from trimtab.timeseries.anomaly.kernel import SMOOTH, VIEWS, run
from trimtab.timeseries.anomaly.primitives import BINS

HISTORY = 4032
"""Points that a series is compared with: two weeks of five-minute points."""
REMEMBERED = 16_384.0
"""Numbers of a view after which the older ones count half."""

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(slots=True)
class Memory:
    """What the detector keeps of one series between calls: about 45 kB when full.

    Values are kept as distances from the first one, in single precision; times in whole seconds.
    """

    origin: float = 0.0
    seconds: npt.NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    values: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    counts: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((VIEWS, BINS + 1), np.float32))
    bases: Values = field(default_factory=lambda: np.zeros(VIEWS + 1))
    misses: Values = field(default_factory=lambda: np.zeros((2, SMOOTH)))
    worn: Values = field(default_factory=lambda: np.array([0.0, np.inf]))
    """How used the reader is to alerts of this series, and points since the last one."""

    @property
    def seen(self) -> int:
        """Points scored so far."""
        return int(self.bases[VIEWS])

    @property
    def last_ms(self) -> int:
        """The time of the newest point; 0 before the first."""
        return int(self.seconds[-1]) * 1000 if len(self.seconds) else 0


@dataclass(frozen=True, slots=True)
class Scored:
    """Of each point given: how unusual it is (0 upwards; see `kernel`), and whether that deserves an alert."""

    scores: Values
    alerts: npt.NDArray[np.bool_]


def score(memory: Memory, times: Times, values: Values) -> Scored:
    """Score points that follow those that `memory` has seen, and remember them.

    `times` are ms, ascending and after the last ones seen; `values` finite. Raises ValueError otherwise.
    """
    if len(times) != len(values) or not np.isfinite(values).all():
        raise ValueError(f"cannot score {len(values)} values at {len(times)} times: expected one finite value a time")
    if len(times) == 0:
        return Scored(np.empty(0), np.empty(0, np.bool_))
    seconds = times // 1000
    if (np.diff(seconds) < 0).any() or seconds[0] * 1000 < memory.last_ms:
        raise ValueError("cannot score points: their times go back; expected each at or after the one before")
    if memory.seen == 0:
        memory.origin = float(values[0])
    held = np.concatenate((memory.values, (values - memory.origin).astype(np.float32)))
    at = np.concatenate((memory.seconds, seconds.astype(np.uint32)))
    scores = np.empty(len(values))
    run(
        at.astype(np.int64) * 1000, held.astype(np.float64), len(memory.values), HISTORY, memory.counts, memory.bases,
        REMEMBERED, memory.misses, scores,
    )  # fmt: skip
    memory.values, memory.seconds = held[-HISTORY:].copy(), at[-HISTORY:].copy()
    return Scored(scores, alerts(scores, memory.worn))


def anomalies(times: Times, values: Values) -> Scored:
    """`score` of a whole series at once."""
    return score(Memory(), times, values)
