"""What provisioned concurrency costs, in exact money.

Holding an environment costs by GB-second from enabling to disabling, rounded up to 5 minutes; using one costs less than
on demand. One is worth holding from the utilisation on at which both cost the same: held ÷ (on demand − used).
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.base.errors import InvalidInput

ROUNDED_UP_S = 300
"""Seconds to whose next multiple the time from enabling to disabling is billed (Lambda pricing page)."""


class Prices(Struct, frozen=True):
    """Dollars a GB-second. The defaults are those of us-east-1, x86, as third parties list them (November 2026)."""

    held: Decimal = Decimal("0.0000041667")
    used: Decimal = Decimal("0.0000097222")
    on_demand: Decimal = Decimal("0.0000166667")

    def __post_init__(self) -> None:
        if not 0 <= self.used < self.on_demand or self.held <= 0:
            raise InvalidInput("cannot use the prices: expected held above 0 and used below on demand")

    @property
    def break_even(self) -> Decimal:
        """The utilisation above which holding an environment is cheaper than running on demand."""
        return self.held / (self.on_demand - self.used)

    def holding(self, seconds: int, gigabytes: Decimal) -> Decimal:
        """What holding one environment for `seconds` costs, as billed."""
        return self.held * gigabytes * rounded_up(seconds)

    def running(self, provisioned_ms: int, spilled_ms: int, gigabytes: Decimal) -> Decimal:
        """What running costs: within what is held, and on demand beyond it."""
        return (self.used * provisioned_ms + self.on_demand * spilled_ms) * gigabytes / 1000


def rounded_up(seconds: int) -> int:
    """Seconds as billed."""
    return -(-seconds // ROUNDED_UP_S) * ROUNDED_UP_S


def held_seconds(levels: Sequence[int], step_s: int) -> int:
    """Environment-seconds as billed of a level a step: each environment from its enabling to its disabling."""
    billed, open_for = 0, [0] * (max(levels, default=0))
    for level in levels:
        for one, steps in enumerate(open_for):
            if one < level:
                open_for[one] = steps + 1
            elif steps:
                billed += rounded_up(steps * step_s)
                open_for[one] = 0
    return billed + sum(rounded_up(steps * step_s) for steps in open_for)
