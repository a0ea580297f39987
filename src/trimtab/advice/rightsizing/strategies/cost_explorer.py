"""Cost Explorer's rightsizing of instances: a rule on the highest CPU of 14 days, within the family.

"Understanding your rightsizing recommendations calculations", AWS Cost Management User Guide (read 2026-11): an
instance whose highest CPU was below 1 % is to be terminated; else smaller types of the same family are shown whose
projected CPU stays in bounds, the projection being CPU times old ÷ new vCPUs. Its own answers never project more than
72 %. Saved is the difference of the prices for the on-demand hours of the lookback, scaled to a month; hours that a
reservation covers save nothing.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.inventory.catalog.model import InstanceType

IDLE_CPU = 1.0
"""Percent below which the highest CPU means that nothing runs."""
MOST_CPU = 72.0
"""Percent that a projection may reach at most."""
MOST_OPTIONS = 3
LOOKBACK_HOURS = 14 * 24
_CENT = Decimal("0.01")


class Smaller(Struct, frozen=True):
    """A type of the same family with less, and the CPU (percent) that the highest of the lookback would be on it."""

    type: InstanceType
    cpu: float


def terminates(cpu_most: float) -> bool:
    """Whether an instance is to be terminated."""
    return cpu_most < IDLE_CPU


def smaller(own: InstanceType, types: Iterable[InstanceType], cpu_most: float) -> list[Smaller]:
    """The types of the family that hold less and whose projection stays in bounds, the largest first."""
    family = own.type.partition(".")[0]
    found = [
        Smaller(one, cpu_most * own.vcpus / one.vcpus)
        for one in types
        if one.type.partition(".")[0] == family
        and not one.type.endswith(".metal")
        and (one.vcpus, one.memory_gib) < (own.vcpus, own.memory_gib)
        and one.memory_gib < own.memory_gib
        and cpu_most * own.vcpus / one.vcpus <= MOST_CPU
    ]
    return sorted(found, key=lambda one: (-one.type.memory_gib, -one.type.vcpus))


def month_of(per_hour: Decimal, on_demand_hours: Decimal) -> Decimal:
    """What an hourly difference saves a month, from the on-demand hours of the lookback."""
    amount = per_hour * on_demand_hours * HOURS_A_MONTH / LOOKBACK_HOURS
    return amount.quantize(_CENT, ROUND_HALF_UP)
