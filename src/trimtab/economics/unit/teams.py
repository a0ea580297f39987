"""Dollars of a GPU-hour, paid against used, by team. Pure.

paid   cost ÷ GPU-hours held        used   cost ÷ GPU-hours of work        the difference is what idleness adds
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.model import ZERO, Ledger, Slice

_MONEY = Decimal("0.000001")


class GpuHourCost(Struct, frozen=True):
    """A team (or another group) in one currency. `active_hours` are of GPUs whose activity is known."""

    name: str
    currency: str
    cost: Decimal
    gpu_hours: float
    active_hours: float
    estimated: Decimal

    @property
    def per_paid(self) -> Decimal | None:
        """Dollars of a GPU-hour that was held."""
        return _per(self.cost, self.gpu_hours)

    @property
    def per_used(self) -> Decimal | None:
        """Dollars of a GPU-hour of work; None where nothing worked."""
        return _per(self.cost, self.active_hours)


def teams_of(ledger: Ledger, named: Callable[[Slice], str] | None = None) -> list[GpuHourCost]:
    """The groups of a ledger, by the holder's team unless `named` says otherwise; the dearest first."""
    sums: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    for one in ledger.slices:
        sums[named(one) if named else one.team, one.currency].append(one)
    found = [
        GpuHourCost(
            name,
            currency,
            sum((one.cost for one in slices), ZERO),
            sum(one.gpu_hours for one in slices),
            sum(one.gpu_hours for one in slices if one.use is Use.ACTIVE),
            sum((one.cost for one in slices if one.estimated), ZERO),
        )
        for (name, currency), slices in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.cost, one.name))


def _per(cost: Decimal, hours: float) -> Decimal | None:
    return (cost / Decimal(f"{hours:.6f}")).quantize(_MONEY) if hours > 0 else None
