"""Words of training on spot: a job with a deadline, where spot was to be had, and a rule that says when to use what.

Times are hours, prices are shares of the on-demand price of the same machine. `slack` is the time left until the
deadline less the work left: what may still be lost without missing it.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]

ANY_ZONE = -1


class Job(Struct, frozen=True):
    """`work_h` hours of computing, to be done within `deadline_h` hours of its start.

    `delay_h`: what a start costs, wherever it is: the machine boots, the checkpoint loads, nothing is computed.
    `spot_price`: of the on-demand price.
    """

    work_h: float = 48.0
    deadline_h: float = 60.0
    delay_h: float = 1 / 6
    spot_price: float = 0.3


class Availability(Struct, frozen=True):
    """Whether a job would run on spot: `up[zone, tick]` is 1 where all its machines were to be had in the tick."""

    zones: tuple[str, ...]
    gap_h: float
    up: Flags

    @property
    def ticks(self) -> int:
        """How many ticks every zone has."""
        return int(self.up.shape[1])

    @property
    def hours(self) -> float:
        """How long it is."""
        return self.ticks * self.gap_h

    def only(self, zone: int) -> "Availability":
        """One zone of it."""
        return Availability(self.zones[zone : zone + 1], self.gap_h, self.up[zone : zone + 1])


class Rule(Struct, frozen=True):
    """When to run where. Spot that is there is used; without it, the job waits while its slack exceeds a line:

        reserve_h + uniform × (slack at the start) × (share of the time that is left)

    and runs on demand below it. From on demand it returns to spot when the slack is `margin_h` above the line.
    Whatever the rule says, a job is on demand as soon as an interruption could make it late.

    `uniform` 1, `reserve_h` 0 and `margin_h` 2·delay·work÷deadline is Uniform Progress (Wu et al., NSDI 2024);
    0, 0 and infinity waits for spot as long as it can and then stays on demand. `zone`: the only one to use, or
    ANY_ZONE: whichever has run longest of those that are up (`settled`) or was up most of late. `settle_h`: for how
    long a zone must have been up before a job on demand returns to it.
    """

    name: str
    uniform: float = 0.0
    reserve_h: float = 0.0
    margin_h: float = 1 / 3
    zone: int = ANY_ZONE
    settled: bool = False
    settle_h: float = 0.0


class Outcomes(Struct, frozen=True):
    """What came of one rule, a value a start: hours on spot and on demand, starts of machines, and the end.

    `cost` in hours of on demand; `end_h` counts from the start of the job.
    """

    spot_h: Floats
    on_demand_h: Floats
    restarts: Floats
    end_h: Floats
    cost: Floats
    late: npt.NDArray[np.bool_]
