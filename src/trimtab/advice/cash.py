"""What a saving takes off the next invoice, once commitments and rental contracts are applied again.

Usage that nothing covers leaves the invoice. What a Savings Plan or reservation covered is paid anyhow: the commitment
moves on to other usage on demand that it could cover (of the same family for a reservation), and saves as much as there
is of that. What a contract rents is billed whatever is used. Sums are of BILL_DAYS days, so hours in which there was
nothing else to cover are not told apart from hours in which there was: the figure is an upper bound then.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from trimtab.advice.facts import Bill, Facts
from trimtab.advice.finding import HOURS_A_MONTH

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Saving:
    """Cash a month off the invoice, what it costs a month now, and how that came about."""

    cash: Decimal | None
    cost: Decimal | None
    currency: str
    note: str


def saving(bill: Bill | None, share: float, facts: Facts) -> Saving:
    """What leaving out `share` of a resource's use saves."""
    if bill is None:
        why = "no line of the bill names it" if facts.billed else "no bill was imported"
        return Saving(None, None, "USD", f"not known: {why}")
    part = Decimal(str(share))
    uncovered = bill.billed * part
    moved = _moved(bill, part, facts)
    notes = [f"{_money(month(uncovered, bill.days))} of its own usage is billed on demand"] if uncovered else []
    if bill.covered:
        names = ", ".join(sorted(set(bill.commitments))) or "a commitment"
        notes.append(
            f"{names} covers the rest and moves on to {_money(month(moved, bill.days))} of other usage"
            if moved
            else f"{names} is paid anyhow, and there is no other usage on demand that it could cover"
        )
    if bill.rented:
        notes.append("its contract bills it whatever is used")
    cost = month(bill.billed + bill.covered + bill.rented, bill.days)
    note = "; ".join(notes) or "the bill has nothing for it"
    return Saving(month(uncovered + moved, bill.days), cost, bill.currency, note)


def month(amount: Decimal, days: int) -> Decimal:
    """An amount of `days` days as one of a month of HOURS_A_MONTH hours, in cents."""
    return (amount * HOURS_A_MONTH / (days * 24)).quantize(_CENT, ROUND_HALF_UP)


def _moved(bill: Bill, share: Decimal, facts: Facts) -> Decimal:
    """On-demand spend of others that the freed commitment covers."""
    family = bill.family if bill.reserved else ""
    pool = facts.on_demand.get((bill.currency, family), Decimal(0))
    elsewhere = max(pool - bill.billed, Decimal(0))
    return min(bill.covered_listed * share, elsewhere)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
