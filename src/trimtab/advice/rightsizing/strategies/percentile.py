"""Fixed rules that people use: a percentile of the past, with a margin on top.

p95 is what spreadsheets do. p90 + 15 % is the target of Kubernetes' Vertical Pod Autoscaler (its recommender's
defaults: target percentile 0.9, safety margin 15 %), max + 15 % krr's for memory (`memory_buffer_percentage`).
"""

from msgspec import Struct

from trimtab.advice.rightsizing.strategies.strategy import quantile_before
from trimtab.advice.rightsizing.use import DailyUse, Floats


class Percentile(Struct, frozen=True):
    """`quantile` of the last `lookback` days times `1 + margin`."""

    name: str
    title: str
    quantile: float
    margin: float = 0.0
    lookback: int = 93

    def sizes(self, use: DailyUse) -> Floats:
        """The quantile of the days before, with the margin."""
        found: Floats = quantile_before(use, self.quantile, self.lookback) * (1.0 + self.margin)
        return found


P95 = Percentile("p95", "95th percentile", 0.95)
VPA = Percentile("vpa", "90th percentile + 15 % (VPA)", 0.90, 0.15)
MAXIMUM = Percentile("max", "Maximum + 15 %", 1.0, 0.15)
