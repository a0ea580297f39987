"""Known changes of prices and commitments: what a forecast cannot see in the past, as it was announced.

A *change* says from when on lines that meet a condition cost how many times what they do: a price that is raised, a
discount or a commitment that ends. Pure, but for who reads them.
"""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from trimtab.costs.model import And, Dimension, Filter, Where
from trimtab.inventory.catalog.model import Rate, RateKind
from trimtab.inventory.catalog.rates import EVERY

_HUNDRED = Decimal(100)
_ON_DEMAND = ("On-Demand", "On Demand", "OnDemand")


class Change(Struct, frozen=True):
    """From `at_ms` on, lines that meet `where` cost `factor` times what they cost; `note` says why."""

    at_ms: int
    where: Filter | None
    factor: Decimal
    note: str


class AppliedChange(Struct, frozen=True):
    """A change in a forecast: `per_day` is what a day costs more (or less) by it."""

    at_ms: int
    note: str
    per_day: Decimal


ReadChanges = Callable[[], Awaitable[Sequence[Change]]]
"""Reads what is announced; all of it, past changes too."""


async def nothing_announced() -> Sequence[Change]:
    """Without a catalogue of own rates."""
    return ()


def changes_of(rates: Sequence[Rate]) -> list[Change]:
    """What one's own rates announce.

    Prices of one instance type that follow each other change its on-demand lines by their ratio. A discount that ends
    makes what it covered dearer by what it took off: of an instance type its on-demand lines, of a commitment (its ARN)
    what is charged through it, of `*` every on-demand line.
    """
    found = []
    prices: dict[tuple[str, str, str], list[Rate]] = {}
    for one in rates:
        if one.kind is RateKind.PRICE:
            prices.setdefault((one.subject, one.unit.value, one.currency), []).append(one)
        elif one.to_ms is not None and one.amount < _HUNDRED:
            factor = _HUNDRED / (_HUNDRED - one.amount)
            what = "commitment" if one.subject.startswith("arn:") else "discount"
            note = f"{what} of {one.amount:f} % on {one.subject} ends" + (f": {one.note}" if one.note else "")
            found.append(Change(one.to_ms, _covered(one.subject), factor, note))
    for (subject, _, _), mine in prices.items():
        for before, after in pairwise(sorted(mine, key=lambda rate: rate.from_ms)):
            if before.amount > 0 and before.amount != after.amount:
                note = f"price of {subject} from {before.amount:f} to {after.amount:f}"
                note += f": {after.note}" if after.note else ""
                found.append(Change(after.from_ms, _covered(subject), after.amount / before.amount, note))
    return sorted(found, key=lambda change: change.at_ms)


def _covered(subject: str) -> Filter | None:
    """The lines that a rate is about."""
    if ":savingsplan" in subject:
        return Where(Dimension.SAVINGS_PLAN_ARN, (subject,))
    if subject.startswith("arn:"):
        return Where(Dimension.RESERVATION_ID, (subject,))
    on_demand = Where(Dimension.PURCHASE_TYPE, _ON_DEMAND)
    return on_demand if subject == EVERY else And((Where(Dimension.INSTANCE_TYPE, (subject,)), on_demand))
