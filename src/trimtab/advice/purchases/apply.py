"""Apply commitments to use, hour by hour, in the order in which AWS does.

    1. reservations, those of a zone before those of a region: the owner's use before that of others; a size-flexible
       one covers the smallest size first
    2. EC2 Instance plans, then Compute plans; SageMaker and Database plans cover use of their own
       of each plan: the owner's use before that of others (where sharing is on), the highest savings percentage first,
       of equal ones that with the lowest rate under the plan
    3. what is left is on demand; what an hour's commitment does not cover is lost

Source: Savings Plans User Guide, "Understanding how Savings Plans apply to your AWS usage"; EC2 User Guide, "How
Reserved Instances are applied". Amounts are whole nano-dollars, and what is covered and what is left always add up to
what there was; a line that a plan covers in part is split to the nearest nano-dollar.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.advice.purchases.model import (
    NANO,
    YEAR_HOURS,
    Floats,
    Holdings,
    Ints,
    Plan,
    PlanKind,
    Reservation,
    Use,
    UseLine,
)

_MICRO = 1_000_000
_ORDER = tuple(PlanKind)


class Applied(Struct, frozen=True):
    """What came of it, nano-dollars: by line and hour, and by commitment and hour.

    `on_demand[line, hour]` is what is left to be paid on demand, `by_plan[plan, hour]` the on-demand value that a plan
    covered and `used[plan, hour]` how much of its commitment (`commitments`) that took; `by_reservation` and
    `reserved_used` of `reserved_units` (millionths of a unit) the same of reservations; `fees` what those cost.
    """

    whole: Ints
    on_demand: Ints
    by_plan: Ints
    used: Ints
    commitments: Ints
    by_reservation: Ints
    reserved_used: Ints
    reserved_units: Ints
    fees: Ints

    @property
    def cost(self) -> Ints:
        """Nano-dollars that each hour costs: on demand, commitments and reservations, used or not."""
        return np.asarray(self.on_demand.sum(axis=0) + self.commitments.sum(axis=0) + self.fees.sum(axis=0))

    @property
    def total(self) -> Decimal:
        """Dollars that all hours cost."""
        return dollars(int(self.cost.sum()))


def dollars(nano: int) -> Decimal:
    """Nano-dollars as dollars, exactly."""
    return Decimal(nano).scaleb(-9)


def apply(use: Use, held: Holdings, *, sharing: bool = True, committed: Ints | None = None) -> Applied:
    """Apply everything `held` to `use`. A commitment counts in the hours between its start and end only.

    `committed[plan, hour]` nano-dollars stand for the plans' own amounts and dates where they are given: plans that
    differ in those alone may be told as one.
    """
    whole = use.at_on_demand()
    left = whole.copy()
    told = committed_of(use.at_ms, held.plans) if committed is None else committed
    by_reservation = np.zeros((len(held.reservations), use.hours), dtype=np.int64)
    taken, units, fees = np.zeros_like(by_reservation), np.zeros_like(by_reservation), np.zeros_like(by_reservation)
    free = np.rint(use.quantity * np.array([[float(one.units)] for one in use.lines]).reshape(-1, 1) * _MICRO)
    free = free.astype(np.int64)
    every = free.copy()
    for at in sorted(range(len(held.reservations)), key=lambda at: not held.reservations[at].zone):
        one = held.reservations[at]
        on = in_force(use.at_ms, one)
        units[at] = on * round(float(one.count * _units(one, use.lines)) * _MICRO)
        fees[at] = on * round(one.hourly * one.count * NANO)
        by_reservation[at], taken[at] = _reserve(use.lines, one, units[at], free, every, whole, left, sharing=sharing)
    by_plan = np.zeros((len(held.plans), use.hours), dtype=np.int64)
    used, commitments = np.zeros_like(by_plan), np.zeros_like(by_plan)
    for at in sorted(range(len(held.plans)), key=lambda at: _ORDER.index(held.plans[at].kind)):
        plan = held.plans[at]
        commitments[at] = told[at]
        by_plan[at], used[at] = _plan(use.lines, plan, commitments[at], left, sharing=sharing)
    return Applied(whole, left, by_plan, used, commitments, by_reservation, taken, units, fees)


def in_force(at_ms: Ints, one: Plan | Reservation) -> npt.NDArray[np.bool_]:
    """In which hours a commitment counts."""
    return np.asarray((at_ms >= one.start_ms) & ((one.end_ms == 0) | (at_ms < one.end_ms)))


def committed_of(at_ms: Ints, plans: Sequence[Plan]) -> Ints:
    """Nano-dollars of each plan in each hour."""
    found = np.zeros((len(plans), len(at_ms)), dtype=np.int64)
    for row, one in zip(found, plans, strict=True):
        row[:] = in_force(at_ms, one) * round(one.commitment * NANO)
    return found


def order(lines: tuple[UseLine, ...], plan: Plan, *, sharing: bool) -> list[int]:
    """The lines that a plan covers, in the order in which it does."""
    known = np.flatnonzero(~np.isnan(plan.shares)).tolist()
    mine = [at for at in known if sharing or lines[at].account == plan.owner]
    shares = plan.shares.tolist()

    def key(at: int) -> tuple[bool, float, float, int]:
        return lines[at].account != plan.owner, shares[at], shares[at] * float(lines[at].on_demand), at

    return sorted(mine, key=key)


def _units(one: Reservation, lines: tuple[UseLine, ...]) -> Decimal:
    """Units of one machine: of one that is not flexible those of the machines that it covers."""
    return one.units if one.flexible else next((line.units for line in lines if one.covers(line)), one.units)


def _plan(lines: tuple[UseLine, ...], plan: Plan, commitment: Ints, left: Ints, *, sharing: bool) -> tuple[Ints, Ints]:
    """Take what the plan covers out of `left`; the value covered and the commitment used, by hour."""
    rest = commitment.copy()
    covered = np.zeros_like(rest)
    for at in order(lines, plan, sharing=sharing) if rest.any() else ():
        share, mine = float(plan.shares[at]), left[at]
        price = np.rint(mine * share).astype(np.int64)
        pays = np.minimum(price, rest)
        part = np.minimum(np.rint(pays / share).astype(np.int64), mine)
        np.copyto(part, mine, where=pays == price)
        mine -= part
        rest -= pays
        covered += part
        if not rest.any():
            break
    return covered, commitment - rest


def _reserve(
    lines: tuple[UseLine, ...],
    one: Reservation,
    units: Ints,
    free: Ints,
    every: Ints,
    whole: Ints,
    left: Ints,
    *,
    sharing: bool,
) -> tuple[Ints, Ints]:
    """Take what the reservation covers out of `free` (units) and `left` (money)."""
    rest = units.copy()
    covered = np.zeros_like(rest)
    fitting = [at for at, line in enumerate(lines) if one.covers(line) and (sharing or line.account == one.owner)]
    for at in sorted(fitting, key=lambda at: (lines[at].account != one.owner, lines[at].units, at)):
        take = np.minimum(free[at], rest)
        part = np.where(
            take == free[at],
            left[at],
            np.minimum(np.rint(whole[at] * (take / np.maximum(every[at], 1))).astype(np.int64), left[at]),
        )
        free[at] -= take
        left[at] -= part
        rest -= take
        covered += part
    return covered, units - rest


class Figures(Struct, frozen=True):
    """How commitments do over some hours, in dollars: the measures of FinOps.

    `on_demand_equivalent`: what all use would cost on demand; `coverage`: the share of it that commitments cover;
    `utilisation`: the share of what was committed to that was used; `savings_rate` (ESR): realised savings ÷
    on-demand equivalent. None where there is nothing to divide by.
    """

    hours: int
    on_demand_equivalent: float
    cost: float
    committed: float
    unused: float
    coverage: float | None
    utilisation: float | None
    savings_rate: float | None


def figures(applied: Applied, hours_each: Floats | None = None) -> Figures:
    """The measures of what was applied. `hours_each`: how many hours each hour stands for, 1 where it is not given."""
    each = np.ones(applied.whole.shape[1]) if hours_each is None else hours_each

    def dollars_of(nano: npt.NDArray[np.generic]) -> float:
        return float((nano.sum(axis=0) * each).sum()) / NANO

    whole = dollars_of(applied.whole)
    cost = float((applied.cost * each).sum()) / NANO
    committed = dollars_of(applied.commitments) + dollars_of(applied.fees)
    reserved = applied.fees * (applied.reserved_used / np.maximum(applied.reserved_units, 1))
    in_use = dollars_of(applied.used) + dollars_of(reserved)
    covered = dollars_of(applied.by_plan) + dollars_of(applied.by_reservation)
    return Figures(
        hours=round(float(each.sum())),
        on_demand_equivalent=whole,
        cost=cost,
        committed=committed,
        unused=committed - in_use,
        coverage=covered / whole if whole else None,
        utilisation=in_use / committed if committed else None,
        savings_rate=(whole - cost) / whole if whole else None,
    )


def hourly_utilisation(applied: Applied) -> Floats:
    """The share of commitments used in each hour; NaN in hours without any."""
    committed = (applied.commitments.sum(axis=0) + applied.fees.sum(axis=0)).astype(np.float64)
    reserved = applied.fees * (applied.reserved_used / np.maximum(applied.reserved_units, 1))
    used = applied.used.sum(axis=0) + reserved.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(committed > 0, used / committed, np.nan))


def term_hours(years: int) -> int:
    """Hours of a term."""
    return years * YEAR_HOURS
