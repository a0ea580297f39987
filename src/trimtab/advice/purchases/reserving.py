"""What to reserve, by AWS's documented rule: the categories of use that a reservation covers, and how many to buy.

Source: "Accessing reservation recommendations", AWS Cost Management User Guide, and the API reference of
`ReservationPurchaseRecommendationDetail`:

    what is looked at   on-demand hours of 7, 30 or 60 days; what reservations, plans and spot cover is left out
    categories          region, platform (system and tenancy, or engine, edition and licence), deployment and size;
                        where a reservation is flexible in size, a family in units of its smallest size
    how many            every count up to the most that ran is simulated; the one that saves most is advised
    capacity            of DynamoDB, by region and kind, in blocks of 100 units
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.advice.purchases.documented import ReservationAdvice, ReservationTerms, best_count
from trimtab.advice.purchases.lines import DEDICATED, size_flexible, units_of, zones_of
from trimtab.advice.purchases.model import NANO, UPFRONT, YEAR_HOURS, Floats, Ints, Payment, UseLine
from trimtab.advice.purchases.rates import Rates
from trimtab.base.records import replace

BLOCK = 100
"""Capacity units of DynamoDB that one reservation is of."""
SERVICES = frozenset(
    (
        "AmazonEC2",
        "AmazonRDS",
        "AmazonRedshift",
        "AmazonElastiCache",
        "AmazonES",
        "AmazonMemoryDB",
        "AmazonDynamoDB",
    )
)
"""Services that have reservations, by the bill's codes."""
_DIGITS = 6
"""Of a count of machines: what is left on demand is whole nano-dollars, so that the rest is rounding."""
_CAPACITY: Mapping[str, str] = {"WriteCapacityUnit-Hrs": "WCU", "ReadCapacityUnit-Hrs": "RCU"}
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
_MANAGED_FROM = "micro"
"""The smallest size of a burstable class of databases and caches: they have no nano."""


class Pool(Struct, frozen=True, kw_only=True):
    """Hours of what one reservation could cover.

    `line` is of what would be reserved: the size, and what an hour of one costs on demand. `machines[hour]` is how many
    of it ran on demand, a part of one included. `capacity`: WCU or RCU, where it is capacity and not a machine.
    """

    line: UseLine
    account: str
    machines: Floats
    flexible: bool
    capacity: str = ""

    @property
    def standby(self) -> bool:
        """Whether it is a database with one in a second zone."""
        return zones_of(self.line.service, self.line.usage_type) > 1


class Reserve(Struct, frozen=True, kw_only=True):
    """What is advised for a pool: how many, what an hour of one costs, and what the hours looked at would have cost."""

    pool: Pool
    advice: ReservationAdvice
    hourly: Decimal
    lookback_cost: Decimal

    @property
    def on_demand(self) -> Decimal:
        """What the pool costs on demand, a month."""
        return Decimal(str(float(self.pool.machines.mean()))) * self.pool.line.on_demand * 730


def pools(
    lines: Sequence[UseLine], left: Ints, service: str, sizes: Sequence[str], *, linked: bool, account: str = ""
) -> list[Pool]:
    """The pools of a service over what of its use is on demand (`left`, nano-dollars by line and hour).

    `sizes` are the instance types that there are, by which the smallest of a family is known; `linked` keeps accounts
    apart; `account` leaves the others out.
    """
    rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        if line.service != service or (account and line.account != account) or not line.on_demand:
            continue
        owner = line.account if linked else ""
        kind = capacity_of(line)
        if kind:
            rows[owner, line.region, "", kind, ""].append(at)
        elif line.family and service != "AmazonDynamoDB":
            flexible = size_flexible(service, line.platform, line.family)
            standby = str(zones_of(service, line.usage_type))
            rows[owner, line.region, line.platform, line.family if flexible else line.type, standby].append(at)
    return [
        _pool(owner, [lines[at] for at in places], left[places], sizes) for (owner, *_), places in sorted(rows.items())
    ]


def _pool(owner: str, lines: Sequence[UseLine], left: Ints, sizes: Sequence[str]) -> Pool:
    first = min(lines, key=lambda line: line.units)
    kind = capacity_of(first)
    flexible = not kind and size_flexible(first.service, first.platform, first.family)
    reserved = (
        _smallest(first, sizes) if flexible else replace(first, on_demand=first.on_demand * (BLOCK if kind else 1))
    )
    prices = np.array([float(line.on_demand) for line in lines])
    units = np.array([float(line.units / reserved.units) for line in lines]) / (BLOCK if kind else 1)
    machines = np.round((left / NANO / prices[:, None] * units[:, None]).sum(axis=0), _DIGITS)
    return Pool(line=reserved, account=owner, machines=machines, flexible=flexible, capacity=kind)


def _smallest(line: UseLine, sizes: Sequence[str]) -> UseLine:
    """The line as it were of the smallest size of its family, whether that ran or not.

    The price of an hour follows the units, as it does in every family that is flexible.
    """
    prefix, family = ("", line.family) if line.service == "AmazonEC2" else line.family.split(".", 1)
    managed = line.service != "AmazonEC2"
    least = _SIZES.index(_MANAGED_FROM) if managed else 0
    named = {type_.partition(".")[2] for type_ in sizes if type_.partition(".")[0] == family}
    size = next((one for one in _SIZES[least:] if one in named), "")
    if not size:
        return line
    type_ = ".".join(part for part in (prefix, family, size) if part)
    units = units_of(type_) * zones_of(line.service, line.usage_type)
    if units >= line.units:
        return line
    return replace(line, type=type_, units=units, on_demand=line.on_demand * units / line.units)


def capacity_of(line: UseLine) -> str:
    """WCU or RCU where the line is provisioned capacity of DynamoDB's standard tables."""
    if line.service != "AmazonDynamoDB":
        return ""
    found = next((kind for name, kind in _CAPACITY.items() if line.usage_type.endswith(name)), "")
    return "" if "Repl" in line.usage_type or "IA-" in line.usage_type else found


def reserve_pool(
    pool: Pool, rates: Rates, years: int, payment: Payment, *, convertible: bool = False
) -> Reserve | None:
    """What to reserve for a pool; None where nothing saves, or nobody says what such a reservation costs."""
    share = rates.reserved(pool.line, years, payment, convertible=convertible)
    if share is None:
        return None
    hourly = pool.line.on_demand * share.share
    upfront = hourly * YEAR_HOURS * years * Decimal(str(UPFRONT[payment]))
    monthly = hourly * YEAR_HOURS / 12 * (1 - Decimal(str(UPFRONT[payment])))
    advice = best_count(pool.machines, pool.line.on_demand, ReservationTerms(upfront, monthly, 12 * years))
    if not advice.count:
        return None
    beyond = Decimal(str(round(float(np.maximum(pool.machines - advice.count, 0).sum()), 6)))
    cost = hourly * advice.count * pool.machines.shape[0] + beyond * pool.line.on_demand
    return Reserve(pool=pool, advice=advice, hourly=hourly, lookback_cost=cost)


def tenancy_of(line: UseLine) -> str:
    """As Cost Explorer words it."""
    return "dedicated" if line.platform.endswith(DEDICATED) else "shared"
