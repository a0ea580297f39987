"""What is promised of a strategy: how much of the time a resource is over its size, and what holds when it is not kept.

The promise is checked each day against the strategy's own sizes so far. While time over size is above what is accepted,
the safe rule decides: a high percentile of two weeks with much room, and no less than the highest of the last days.
"""

import numpy as np
from msgspec import Struct

from trimtab.advice.rightsizing.strategies.strategy import LEVEL_ARRAY, quantile_before
from trimtab.advice.rightsizing.use import DailyUse, Floats
from trimtab.advice.rightsizing.walking import kernel


class Promise(Struct, frozen=True):
    """`accepted` is the share of time over size; `prior` what is expected before anything is known, as `days` count.

    What every fold of `bench/generalise.py` chose without the source that it is judged on.
    """

    accepted: float = 0.05
    prior: float = 0.03
    days: float = 4.0

    def hold(self, use: DailyUse, sizes: Floats) -> Floats:
        """Raise `sizes[n, days + 1]` where the promise is broken; 1 on those days, else 0."""
        held = np.empty_like(sizes)
        kernel.hold(
            use.quantiles, use.means, use.points, LEVEL_ARRAY, sizes, safe(use), self.accepted, self.prior, self.days,
            held,
        )  # fmt: skip
        return held


def safe(use: DailyUse) -> Floats:
    """The safe rule: P99.5 of 14 days with 20 % free, and the highest of 3 days with 5 % on top, `[n, days + 1]`."""
    found: Floats = np.fmax(quantile_before(use, 0.995, 14) / 0.8, 1.05 * quantile_before(use, 1.0, 3))
    return found
