"""What telemetry says of a range, one row a GPU (or MIG instance): who reported, worked, was held or out of order."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]
"""Places in lists: half as much memory, of ten thousand GPUs by 288 steps."""
Stretches = Mapping[int, Sequence[tuple[int, int, int]]]
"""By row: (start, end, value), times in ms."""


class GpuRow(Struct, frozen=True):
    """A GPU or MIG instance as its series name it. `weight`: what share of a GPU it is; times of reports in ms."""

    name: str
    host: str
    index: str
    account: str
    weight: float
    first_seen_ms: int
    last_seen_ms: int
    model: str = ""


class TelemetryDay(Struct, frozen=True):
    """Matrices of GPUs (rows) by steps of `step_ms` from `start_ms` on.

    `activity`: 0 to 1, NaN where unknown. `held`: 1 held, 0 free, -1 nobody says. `workload`, `team`: places in
    `workloads` and `teams` of who held it by its labels, -1 for none. `down`: a place in `reasons`, -1 for none.
    `seen`: whether it reported.
    """

    start_ms: int
    step_ms: int
    rows: Sequence[GpuRow]
    activity: Floats
    held: Places
    workload: Places
    team: Places
    down: Places
    seen: npt.NDArray[np.bool_]
    workloads: Sequence[str]
    teams: Sequence[str]
    reasons: Sequence[str]

    def stretches(self, values: Places, end_ms: int) -> Stretches:
        """By row its stretches of one value that is not below 0, none after `end_ms`."""
        new = np.ones(values.shape, np.bool_)
        new[:, 1:] = values[:, 1:] != values[:, :-1]
        row, begin = np.nonzero(new)
        until = np.append(begin[1:], 0)
        until = np.where(until == 0, values.shape[1], until)  # the next is another row's first
        of = values[row, begin]
        start = self.start_ms + begin * self.step_ms
        end = np.minimum(self.start_ms + until * self.step_ms, end_ms)
        kept = (of >= 0) & (start < end)
        found: dict[int, list[tuple[int, int, int]]] = {}
        for at, *stretch in zip(*(one[kept].tolist() for one in (row, start, end, of)), strict=True):
            found.setdefault(at, []).append(cast("tuple[int, int, int]", tuple(stretch)))
        return found
