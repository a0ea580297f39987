"""Energy of a run in joules: from counters of energy where there are any, else from power by the trapezoid rule. Pure.

A counter that falls began anew (its machine or driver was started again): what it shows then was used since. Power is
integrated between readings that are no further apart than `GAP_S`; the time between others is not covered, and nothing
is made up for it.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

JOULES_PER_KWH = 3.6e6
GAP_S = 300.0
"""The longest time between two readings over which power is taken to have moved evenly: five scrapes of a minute."""
Reading = tuple[float, float]
"""Seconds, and watts or joules."""


class EnergyBasis(StrEnum):
    """How joules came about."""

    COUNTER = "energy counter"
    POWER = "power, by trapezoid"


class Energy(Struct, frozen=True):
    """Joules that were used, and for how much time (seconds) that is known."""

    joules: float
    covered_s: float
    basis: EnergyBasis


def of_counter(readings: Sequence[Reading], start_s: float, end_s: float) -> Energy | None:
    """The joules that a counter grew by within `[start_s, end_s]`, between readings evenly; None without two."""
    joules = covered = 0.0
    ordered = sorted(readings)
    for (before, low), (after, high) in pairwise(ordered):
        first, last = max(before, start_s), min(after, end_s)
        if last <= first:
            continue
        grown = high - low if high >= low else high
        joules += grown * (last - first) / (after - before)
        covered += last - first
    return Energy(joules, covered, EnergyBasis.COUNTER) if covered else None


def of_power(readings: Sequence[Reading], start_s: float, end_s: float, gap_s: float = GAP_S) -> Energy | None:
    """The integral of power within `[start_s, end_s]`; at its ends power lies between the readings around them."""
    joules = covered = 0.0
    ordered = sorted(readings)
    for (before, low), (after, high) in pairwise(ordered):
        first, last = max(before, start_s), min(after, end_s)
        if last <= first or after - before > gap_s:
            continue
        slope = (high - low) / (after - before)
        at_first, at_last = low + slope * (first - before), low + slope * (last - before)
        joules += (at_first + at_last) / 2 * (last - first)
        covered += last - first
    return Energy(joules, covered, EnergyBasis.POWER) if covered else None


def measured(counter: Sequence[Reading], power: Sequence[Reading], start_s: float, end_s: float) -> Energy | None:
    """The energy of one device within a time: by its counter, else by its power; None where neither tells."""
    return of_counter(counter, start_s, end_s) or of_power(power, start_s, end_s)


def joules_a_unit(joules: float, units: float | None) -> float | None:
    """Joules a sample or token; None where no unit was made."""
    return joules / units if units else None


def joules_at(watts: float, units_a_second: float) -> float | None:
    """Joules a sample or token of steady work: power ÷ rate; None where nothing is made."""
    return watts / units_a_second if units_a_second else None
