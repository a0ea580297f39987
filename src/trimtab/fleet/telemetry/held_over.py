"""Values between rare reports: a GPU that reports more rarely than a step is not unknown in between."""

import numpy as np
import numpy.typing as npt

from trimtab.fleet.telemetry.window import Grid

Floats = npt.NDArray[np.float64]
HOLD_S = 300
"""How long a value stands for a GPU that reports more rarely than a step: Prometheus' own lookback."""


def held_over(values: Floats, grid: Grid) -> Floats:
    """Fill steps between rare reports with the last one, for as long as Prometheus would."""
    reach = min(HOLD_S // grid.step_s, grid.steps - 1)
    some = ~np.isnan(values)
    rows = np.flatnonzero(some.any(axis=1) & ~some.all(axis=1)) if reach > 0 else ()
    if not len(rows):
        return values
    filled, followed = values[rows], _follows(some[rows], reach)
    for _ in range(reach):
        before = np.pad(filled, ((0, 0), (1, 0)), constant_values=np.nan)[:, :-1]
        # Only where a later report follows within reach: a GPU that stopped reporting is not held over.
        filled = np.where(np.isnan(filled) & followed, before, filled)
    whole = values.copy()
    whole[rows] = filled
    return whole


def _follows(some: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Where something is told within the next `reach` steps."""
    found = np.zeros_like(some)
    for ahead in range(1, reach + 1):
        found[:, :-ahead] |= some[:, ahead:]
    return found
