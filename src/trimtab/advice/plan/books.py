"""The bill as a plan replays it: hourly use that commitments cover or could, and what each machine has of it."""

from collections.abc import Collection, Mapping
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.advice.purchases.model import HOUR_MS, Floats, Holdings, Use

WEEK = 168
_MONDAY = 72
"""The hour of the week in which time begins: 1970 began on a Thursday."""
Part = tuple[int, Floats | float]
"""A line of the use, and the quantity of it hour by hour; of machines whose hours are not read their share of it."""


class Books(Struct, frozen=True):
    """What is replayed, in one currency.

    `use` is at list prices; `net[line]` is what an hour on demand really costs of that. `parts` by machine: the use
    that it has of each line. `flat` by machine: what else it costs a month, which no commitment covers. `billed` is the
    whole invoice a month. `moved_ms`: how much later the hours count than they were, so that the weekday of each is
    known. `spot` by type and region: what an hour on spot cost in each.
    """

    use: Use
    held: Holdings
    net: Floats
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    flat: Mapping[str, Decimal] = field(default_factory=dict)
    billed: Decimal = Decimal(0)
    notes: tuple[str, ...] = ()
    moved_ms: int = 0
    spot: Mapping[tuple[str, str], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, use: Use, held: Holdings, parts: Mapping[str, tuple[Part, ...]]) -> "Books":
        """Books without discounts and without anything else on the bill."""
        return cls(use, held, np.ones(len(use.lines)), parts)

    def knows(self, machine: str) -> bool:
        """Whether the bill has anything of a machine that could go."""
        return machine in self.parts or machine in self.flat

    def in_week(self, hours: Collection[int]) -> Floats:
        """1 in each hour that is one of these of its week (0: Monday 00:00 UTC), else 0; of none all hours are."""
        if not hours:
            return np.ones(self.use.hours)
        of_week = (self.use.at_ms - self.moved_ms) // HOUR_MS + _MONDAY
        return np.isin(of_week % WEEK, list(hours)).astype(np.float64)
