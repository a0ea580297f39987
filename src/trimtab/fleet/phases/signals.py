"""`Signals`: what telemetry says of the GPUs of one run, side by side."""

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


class Signals(Struct, frozen=True, kw_only=True):
    """Matrices of ranks (rows, a GPU each) by steps of `step_ms` from `start_ms` on; NaN where nothing was reported.

    `held`: whether the run has the GPU. `active`: share of time in which kernels ran, 0 to 1 (SM_ACTIVE, else
    GR_ENGINE_ACTIVE, else GPU_UTIL). `tensor`, `memory`: tensor pipes and memory interface busy, 0 to 1. `fabric`:
    bytes/s over NVLink, XGMI and RDMA; `host`: over PCIe. `power`: W; `power_limit`: the most that each rank may draw.
    By step alone, None where it is not told: `steps_done`, training steps a second; `saving` and `repeating`,
    whether it says that it writes a checkpoint, or does steps over again.
    """

    start_ms: int
    step_ms: int
    held: Bools
    active: Floats
    tensor: Floats
    memory: Floats
    fabric: Floats
    host: Floats
    power: Floats
    power_limit: Floats
    steps_done: Floats | None = None
    saving: Bools | None = None
    repeating: Bools | None = None
