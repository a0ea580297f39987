"""What sizes would have cost: a strategy walked over the past, judged by the days that it did not know."""

import numpy as np
from msgspec import Struct

from trimtab.advice.rightsizing.strategies.strategy import LEVEL_ARRAY
from trimtab.advice.rightsizing.use import DailyUse, Floats, Integers
from trimtab.advice.rightsizing.walking import kernel


class Replay(Struct, frozen=True):
    """What came of sizes, an element a resource; NaN where no day was judged.

    `over` is the share of time above the size, `slack` is 1 - mean(use) ÷ mean(size), `size` the mean size, `headroom`
    the share of the size that the highest use of a day left free, on average. `judged` is how many days.
    """

    over: Floats
    slack: Floats
    size: Floats
    headroom: Floats
    judged: Integers
    over_by_day: Floats


def replay(use: DailyUse, sizes: Floats, first: int = 0) -> Replay:
    """Judge `sizes[n, days]` (more days are left out) from day `first` on. A day weighs as its points do."""
    told = sizes[:, : use.days].copy()
    told[:, :first] = np.nan
    overs = np.empty_like(use.means)
    kernel.judge(use.quantiles, use.means, LEVEL_ARRAY, told, overs)
    seen = np.isfinite(overs)
    weight = np.where(seen, use.points, 0).astype(np.float64)
    whole = np.maximum(weight.sum(axis=1), 1.0)
    none = ~seen.any(axis=1)

    def mean(values: Floats) -> Floats:
        found = np.where(seen, values, 0.0) * weight
        total: Floats = found.sum(axis=1) / whole
        total[none] = np.nan
        return total

    size, used = mean(told), mean(use.means)
    with np.errstate(divide="ignore", invalid="ignore"):
        slack = np.where(size > 0, 1.0 - used / size, 0.0)
        free = np.where(told > 0, 1.0 - use.quantiles[:, :, -1] / told, 0.0)
    return Replay(mean(overs), slack, size, mean(free), seen.sum(axis=1), overs)
