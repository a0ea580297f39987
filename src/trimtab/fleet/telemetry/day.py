"""What telemetry says of a range, one row a GPU (or MIG instance): who reported, worked, was held or out of order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GpuRow:
    """A GPU or MIG instance as its series name it. `weight`: what share of a GPU it is; times of reports in ms."""

    name: str
    host: str
    index: str
    account: str
    weight: float
    first_seen_ms: int
    last_seen_ms: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class TelemetryDay:
    """Matrices of GPUs (rows) by steps of `step_ms` from `start_ms` on.

    `activity`: 0 to 1, NaN where unknown. `held`: 1 held, 0 free, -1 nobody says. `workload`, `team`: places in
    `workloads` and `teams` of who held it by its labels, -1 for none. `down`: a place in `reasons`, -1 for none.
    `seen`: whether it reported.
    """

    start_ms: int
    step_ms: int
    rows: Sequence[GpuRow]
    activity: Floats
    held: Ints
    workload: Ints
    team: Ints
    down: Ints
    seen: npt.NDArray[np.bool_]
    workloads: Sequence[str]
    teams: Sequence[str]
    reasons: Sequence[str]


def runs_of(values: Ints) -> list[tuple[int, int, int]]:
    """A row's stretches of one value: (from step, to step, value)."""
    if not len(values):
        return []
    turns = np.flatnonzero(np.diff(values)) + 1
    edges = np.concatenate([[0], turns, [len(values)]])
    return [(int(begin), int(end), int(values[begin])) for begin, end in pairwise(edges)]
