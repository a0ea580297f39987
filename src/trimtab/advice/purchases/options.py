"""What can be bought for a use: plans by their rates, and machines that somebody offers."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import numpy as np

from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.facts import ReservedRate
from trimtab.advice.purchases.model import (
    AZURE,
    GOOGLE,
    NANO,
    YEAR_HOURS,
    Holdings,
    Ints,
    Payment,
    Plan,
    PlanKind,
    Reservation,
    Use,
    UseLine,
)
from trimtab.advice.purchases.rates import EVERY, Basis, Rates, Share
from trimtab.base.records import replace
from trimtab.costs.explorer import providers

_FAMILIES = 8
"""Families and regions that get an EC2 Instance plan of their own: those with most use left."""
_LEAST = 0.05
"""Dollars an hour of use on demand that a plan of its own is worth."""
_LEAST_UNIT = 1e-6
_MOST_UNITS = 1_000_000
RESERVATIONS = {GOOGLE: providers.GOOGLE.reservations, AZURE: providers.AZURE.reservations}
"""What a reservation is called there."""


def plan_options(use: Use, left: Ints, wanted: Wanted, rates: Rates, owner: str) -> tuple[Plan, ...]:
    """The plans that a use (of which `left` is still on demand, nano-dollars) could be put under."""
    mean = left.mean(axis=1) / NANO if left.size else np.zeros(len(use.lines))
    found = []
    for kind in wanted.may_buy:
        for family, region in _scopes(kind, use, mean):
            for years in wanted.years:
                for payment in wanted.payments:
                    scope = f" {family} {region}" if family else ""
                    id_ = f"{kind}{scope} {years}y {payment}"
                    one = Plan(id_, owner, kind, Decimal(0), family=family, region=region, years=years, payment=payment)
                    shares = rates.shares(one, use.lines)
                    if np.nansum(np.where(shares < 1, mean, np.nan)) >= _LEAST:
                        found.append(replace(one, shares=shares))
    return tuple(_best(found, mean))


def reserved_options(
    use: Use, left: Ints, wanted: Wanted, rates: Sequence[ReservedRate], owner: str
) -> tuple[Reservation, ...]:
    """The reservations that rates of a provider allow, for its use that is still on demand: one a kind and region.

    A rate of a region counts before one of all regions.
    """
    value, found = left.mean(axis=1) / NANO if left.size else np.zeros(len(use.lines)), dict[str, Reservation]()
    for rate in sorted(rates, key=lambda one: one.region == EVERY):
        if rate.years not in wanted.years or rate.payment not in wanted.payments:
            continue
        for line, mean in zip(use.lines, value, strict=True):
            if mean < _LEAST_UNIT or not _is_of(rate, line) or not line.on_demand:
                continue
            listed = line.on_demand / line.units
            hourly = rate.hourly if rate.hourly is not None else round(listed * (rate.share or Decimal(1)), 10)
            named = line.family if rate.sizes else line.type
            id_ = f"{named} {line.service} {line.region} {rate.years}y {rate.payment}"
            one = Reservation(
                id=id_, owner=owner, type=line.type, region=line.region, count=_MOST_UNITS, hourly=hourly,
                platform=line.platform, family=line.family, flexible=bool(rate.sizes), service=line.service,
                years=rate.years, payment=rate.payment, what=RESERVATIONS[rate.provider], provider=rate.provider,
            )  # fmt: skip
            found.setdefault(id_, one)
    return tuple(found.values())


def _is_of(rate: ReservedRate, line: UseLine) -> bool:
    if line.provider != rate.provider or rate.region not in (EVERY, line.region):
        return False
    return rate.family.lower() in (line.type.lower(), line.family.lower() if rate.sizes else line.type.lower())


def _best(found: Sequence[Plan], mean: np.ndarray) -> Iterator[Plan]:
    """Without options that another beats in every line at no longer a term and no more upfront."""
    order = list(Payment)

    def beaten(one: Plan, other: Plan) -> bool:
        same = (one.kind, one.family, one.region) == (other.kind, other.family, other.region)
        if not same or other is one or other.years > one.years:
            return False
        if order.index(other.payment) > order.index(one.payment):
            return False
        known = ~np.isnan(one.shares)
        better = bool((other.shares[known] <= one.shares[known]).all())
        return better and (other.years, other.payment) != (one.years, one.payment)

    return (one for one in found if not any(beaten(one, other) for other in found))


def _scopes(kind: PlanKind, use: Use, mean: np.ndarray) -> list[tuple[str, str]]:
    if kind is not PlanKind.EC2_INSTANCE:
        return [("", "")]
    sums: dict[tuple[str, str], float] = {}
    for line, one in zip(use.lines, mean, strict=True):
        if line.service == "AmazonEC2" and line.family:
            sums[line.family, line.region] = sums.get((line.family, line.region), 0.0) + float(one)
    ordered = sorted(sums, key=lambda key: -sums[key])
    return [key for key in ordered[:_FAMILIES] if sums[key] >= _LEAST]


def owner_of(use: Use, held: Holdings) -> str:
    """The account that holds most commitments, else the one that uses most."""
    sums: dict[str, float] = {}
    for one in held.plans:
        sums[one.owner] = sums.get(one.owner, 0.0) + float(one.commitment)
    for machine in held.reservations:
        sums[machine.owner] = sums.get(machine.owner, 0.0) + float(machine.hourly * machine.count)
    if not sums:
        for line, quantity in zip(use.lines, use.quantity, strict=True):
            sums[line.account] = sums.get(line.account, 0.0) + float(quantity.sum()) * float(line.on_demand)
    return max(sums, key=lambda name: sums[name], default="")


def basis_of(plan: Plan, rates: Rates, use: Use) -> tuple[str, str]:
    """The weakest basis among the rates of what a plan covers, and its source."""
    found: Iterable[Share | None] = (
        rates.share(plan.kind, plan.years, plan.payment, line)
        for line, share in zip(use.lines, plan.shares, strict=True)
        if not np.isnan(share)
    )
    weakest = max((one for one in found if one is not None), key=lambda one: one.basis, default=None)
    return (weakest.basis.word, weakest.source) if weakest else (Basis.ASSUMED.word, "")


def upfront_of(one: Plan | Reservation, share: float) -> Decimal:
    """What is paid at the start of a term."""
    hourly = one.commitment if isinstance(one, Plan) else one.hourly * one.count
    return round(hourly * Decimal(str(share)) * YEAR_HOURS * one.years, 2)
