"""What decides beside use: the preferences of Compute Optimizer, and how much time over size is accepted."""

from msgspec import Struct

from trimtab.advice.rightsizing.model import Axis
from trimtab.advice.rightsizing.strategies.documented import Documented
from trimtab.advice.rightsizing.strategies.percentile import MAXIMUM, P95, VPA
from trimtab.advice.rightsizing.strategies.portfolio import Portfolio, Prior
from trimtab.advice.rightsizing.strategies.strategy import Strategy

STRICT = (Axis.MEMORY, Axis.GPU_MEMORY)
"""Axes along which a moment over size ends the program: no time over size is accepted."""
USABLE = {Axis.CPU: 0.95, Axis.GPU: 0.95, Axis.MEMORY: 0.90, Axis.GPU_MEMORY: 0.95}
"""The share of a size that use may fill: above it queues grow without bound, and the system needs some itself."""
_STRICT = Portfolio(30.0, prior=Prior(drift=0.15, tail=10.0), promise=None)
"""Along strict axes time over size costs ten times as much; memory seldom wanders far from its peaks. What is left to
chance is caught by the replay, which accepts no time over size there."""


class Sizing(Struct, frozen=True):
    """Settings of a recommendation. Shares are 0 to 1, `lookback` days.

    `tolerance` is the share of time over size that is accepted along axes that only slow down; `threshold` and
    `headroom` are the documented rule's. `least_saving` is the share below which moving is not worth it. `arm` takes
    Graviton too, `unmeasured_memory` lets memory shrink where it is not measured.
    """

    lookback: int = 14
    threshold: float = 0.995
    headroom: float = 0.20
    memory_headroom: float = 0.20
    tolerance: float = 0.05
    least_saving: float = 0.05
    arm: bool = False
    unmeasured_memory: bool = False
    strategy: str = "portfolio"
    least_hours: float = 30.0

    def of(self, strategy: str, axis: Axis) -> Strategy:
        """A strategy as it decides along an axis."""
        strict = axis in STRICT
        match strategy:
            case "documented":
                if strict:
                    return Documented.for_memory(self.memory_headroom, self.lookback)
                headroom = self.headroom if axis in (Axis.CPU, Axis.GPU) else 0.0
                return Documented(self.threshold, headroom, self.lookback)
            case "p95":
                return P95
            case "vpa":
                return VPA
            case "max":
                return MAXIMUM
        return _STRICT if strict else Portfolio()

    def accepted(self, axis: Axis) -> float:
        """The share of time over size that is accepted along an axis."""
        return 0.0005 if axis in STRICT else self.tolerance
