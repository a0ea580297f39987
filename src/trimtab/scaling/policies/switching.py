"""What switching costs: a replica that would be launched again soon is cheaper kept.

Whether it will be is not known. A replica is kept unneeded until its idle time has cost what a launch costs, then
stopped: whatever comes, that is at most twice what somebody who knew the future would have paid (ski rental).
"""

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.policies.quantile import trailing_high


class Switching(Struct, frozen=True):
    """A launch costs as much as `launch_s` of a running replica (start-up paid, work lost, wear)."""

    launch_s: float = 300.0

    def __post_init__(self) -> None:
        if not 0 <= self.launch_s <= 86_400:
            raise InvalidInput(f"cannot price a launch at {self.launch_s} s of a replica; expected 0 to 86,400")

    def explain(self, wanted: float, kept: float) -> str:
        """Why more is kept than wanted, in words."""
        if kept <= wanted:
            return "nothing is kept beyond what is wanted"
        return f"{kept - wanted:.0f} are kept: they have not idled for what a launch costs, {self.launch_s:.0f} s"


def kept(desired: Array, tick_s: float, policy: Switching) -> Array:
    """A plan with each replica kept until its idle time has cost a launch."""
    window = max(1, 1 + round(policy.launch_s / tick_s))
    return np.asarray(trailing_high(np.ascontiguousarray(desired, dtype=np.float64), window))
