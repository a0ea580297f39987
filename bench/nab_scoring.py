"""The scoring of the Numenta Anomaly Benchmark (NAB), as published in its paper and in its `nab/sweeper.py` (MIT).

Each labelled window pays for its earliest detection (a sigmoid of its place in the window) or costs a miss; each
detection outside costs up to the weight of a false positive, less where a window ended shortly before. Detections in
the first 15 % of a file (at most 750 points) do not count. A score of 0 is that of no detection at all, 100 that of a
detection at the start of every window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PROBATION = 0.15
PROBATION_CAP = 5000  # points of a file of which the probation is taken, at most


@dataclass(frozen=True, slots=True)
class Profile:
    """The weights of one application profile of NAB."""

    true_positive: float = 1.0
    false_negative: float = 1.0
    false_positive: float = 0.11


STANDARD = Profile()


def probation(points: int) -> int:
    """How many points at the start of a file of `points` are not scored."""
    return int(min(np.floor(PROBATION * points), PROBATION * PROBATION_CAP))


def _sigmoid(position: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """NAB's scaled sigmoid: 1 far before the end of a window (position < 0), -1 far behind it."""
    held = 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, 3.0))) - 1.0
    return np.where(position >= 3.0, -1.0, held)


def raw_score(
    detected: npt.NDArray[np.bool_], windows: Sequence[tuple[int, int]], profile: Profile = STANDARD
) -> tuple[float, int, int]:
    """The raw score of one file, the windows found and the detections outside any.

    `detected` has one flag a point, `windows` are inclusive pairs of indices, in order and apart.
    """
    flags = detected.copy()
    flags[: probation(len(flags))] = False
    index = np.arange(len(flags), dtype=np.float64)
    inside = np.zeros(len(flags), dtype=np.bool_)
    outside = np.full(len(flags), -1.0)
    best = float(_sigmoid(np.array([-1.0]))[0])
    total, found = 0.0, 0
    for left, right in windows:
        inside[left : right + 1] = True
        width = right - left + 1
        hits = np.flatnonzero(flags[left : right + 1])
        if len(hits):
            found += 1
            position = -(right - (left + hits[0]) + 1) / width
            total += profile.true_positive * float(_sigmoid(np.array([position]))[0]) / best
        else:
            total -= profile.false_negative
        outside[right + 1 :] = _sigmoid((index[right + 1 :] - right) / max(width - 1.0, 1.0))
    wrong = flags & ~inside
    return total + profile.false_positive * float(outside[wrong].sum()), found, int(wrong.sum())


def normalised(raw: float, windows: int, profile: Profile = STANDARD) -> float:
    """A sum of raw scores on NAB's scale: 0 for no detection, 100 for a perfect one."""
    null = -profile.false_negative * windows
    return 100.0 * (raw - null) / (profile.true_positive * windows - null)
