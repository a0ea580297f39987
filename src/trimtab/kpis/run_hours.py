"""GPU-hours that a scheduler's records say were allocated: where no telemetry says who held a GPU, or beside it.

hours of a run = GPUs × (min(end, range end) − max(start, range start)) ÷ 3600, at least 0; 0 if it never started
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs as columns: start and end in seconds (NaN start: never started; NaN end: still running), GPUs (shares of
    one where it is split), and owners."""

    start_s: Floats
    end_s: Floats
    gpus: Floats
    owners: Sequence[str]


def allocated_hours(runs: Runs, start_s: float = -np.inf, end_s: float = np.inf) -> dict[str, float]:
    """GPU-hours by owner in a range; a run that goes on counts to the range's end, which must then be finite."""
    ends = np.where(np.isnan(runs.end_s), end_s, runs.end_s)
    seconds = np.minimum(ends, end_s) - np.maximum(runs.start_s, start_s)
    held = np.where(np.isnan(seconds), 0.0, np.maximum(seconds, 0.0))
    names, at = np.unique(np.asarray(runs.owners, dtype=str), return_inverse=True)
    hours = np.bincount(at, weights=held * runs.gpus / 3600, minlength=len(names))
    return dict(zip(names.tolist(), hours.tolist(), strict=True))
