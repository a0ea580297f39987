"""The bill as a plan replays it: hourly use that commitments cover or could, and what each machine has of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from trimtab.advice.purchases.model import Floats, Holdings, Use

Part = tuple[int, Floats | float]
"""A line of the use, and the quantity of it hour by hour; of machines whose hours are not read their share of it."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is replayed, in one currency.

    `use` is at list prices; `net[line]` is what an hour on demand really costs of that. `parts` by machine: the use
    that it has of each line. `flat` by machine: what else it costs a month, which no commitment covers. `billed` is the
    whole invoice a month.
    """

    use: Use
    held: Holdings
    net: Floats
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    flat: Mapping[str, Decimal] = field(default_factory=dict)
    billed: Decimal = Decimal(0)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, use: Use, held: Holdings, parts: Mapping[str, tuple[Part, ...]]) -> "Books":
        """Books without discounts and without anything else on the bill."""
        return cls(use, held, np.ones(len(use.lines)), parts)

    def knows(self, machine: str) -> bool:
        """Whether the bill has anything of a machine that could go."""
        return machine in self.parts or machine in self.flat
