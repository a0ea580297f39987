"""What Compute Optimizer documents: a percentile of the lookback, with headroom above it.

Source: "Rightsizing recommendation preferences", AWS Compute Optimizer User Guide (read 2026-11): lookback 14, 32 or 93
days; CPU threshold P90, P95 or P99.5 (the default) with headroom 0, 10, 20 (the default) or 30 %; memory is peak use
with headroom 10, 20 (the default) or 30 %; at least 30 hours of metrics. Headroom is free capacity: 20 % of headroom
means that the percentile takes 80 % of the size.
"""

import numpy as np
from msgspec import Struct

from trimtab.advice.rightsizing.strategies.strategy import quantile_before
from trimtab.advice.rightsizing.use import DailyUse, Floats

THRESHOLDS = {"P90": 0.90, "P95": 0.95, "P99_5": 0.995}
HEADROOMS = {"PERCENT_30": 0.30, "PERCENT_20": 0.20, "PERCENT_10": 0.10, "PERCENT_0": 0.0}
LOOKBACKS = {"DAYS_14": 14, "DAYS_32": 32, "DAYS_93": 93}
PEAK = 1.0
"""Memory is judged by its peak."""


class Documented(Struct, frozen=True):
    """A percentile of the last days, divided by what headroom leaves."""

    threshold: float = 0.995
    headroom: float = 0.20
    lookback: int = 14
    name: str = "documented"
    title: str = "Compute Optimizer's documented rule"

    def sizes(self, use: DailyUse) -> Floats:
        """The percentile of the days before, with headroom."""
        found: Floats = quantile_before(use, self.threshold, self.lookback) / (1.0 - self.headroom)
        return found

    @classmethod
    def for_memory(cls, headroom: float = 0.20, lookback: int = 14) -> "Documented":
        """The rule for memory."""
        return cls(PEAK, headroom, lookback)


def enough(use: DailyUse, hours: float = 30.0) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each resource has the least data: points in days that span so many hours."""
    known = (use.points > 0).sum(axis=1)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = known * 24.0 >= hours
    return found
