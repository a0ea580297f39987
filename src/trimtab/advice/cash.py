"""What a saving takes off the next invoice, once commitments and rental contracts are applied again.

Usage that nothing covers leaves the invoice. What a Savings Plan or reservation covered is paid anyhow: the commitment
moves on to other usage on demand that it could cover (of the same family for a reservation), and saves as much as there
is of that. What a contract rents, and what a purchase costs, is billed whatever is used. Electricity leaves the invoice
as far as it was measured: by the GPU's own draw at the bill's price, else by what was metered of the machine; what a
rate card takes at full load says nothing of it. Sums are of BILL_DAYS days, so hours in which there was nothing else to
cover are not told apart from hours in which there was: the figure is an upper bound then.
"""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from trimtab.advice.facts import Bill, Facts
from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.base.coins import money

_CENT = Decimal("0.01")


class Saving(Struct, frozen=True):
    """Cash a month off the invoice, what it costs a month now, and how that came about."""

    cash: Decimal | None
    cost: Decimal | None
    currency: str
    note: str


def saving(bill: Bill | None, share: float, facts: Facts, kwh: float | None = None) -> Saving:
    """What leaving out `share` of a resource's use saves; `kwh` is the electricity of that, a month, where measured."""
    if bill is None:
        why = "no line of the bill names it" if facts.billed else "no bill was imported"
        return Saving(None, None, "USD", f"not known: {why}")
    part = Decimal(str(share))
    uncovered = bill.billed * part
    moved = _moved(bill, part, facts)
    notes = (
        [f"{money(month(uncovered, bill.days), bill.currency)} of its own usage is billed on demand"]
        if uncovered
        else []
    )
    if bill.covered:
        names = ", ".join(sorted(set(bill.commitments))) or "a commitment"
        notes.append(
            f"{names} covers the rest and moves on to {money(month(moved, bill.days), bill.currency)} of other usage"
            if moved
            else f"{names} is paid anyhow, and there is no other usage on demand that it could cover"
        )
    if bill.rented:
        what = "its purchase and its place are paid" if bill.owned else "its contract bills it"
        notes.append(f"{what} whatever is used")
    power, said = _power(bill, part, kwh)
    notes += [said] if said else []
    note = "; ".join(notes) or "the bill has nothing for it"
    cash = None if power is None else month(uncovered + moved, bill.days) + power
    return Saving(cash, month(bill.total, bill.days), bill.currency, note)


def month(amount: Decimal, days: int) -> Decimal:
    """An amount of `days` days as one of a month of HOURS_A_MONTH hours, in cents."""
    return (amount * HOURS_A_MONTH / (days * 24)).quantize(_CENT, ROUND_HALF_UP)


def _power(bill: Bill, share: Decimal, kwh: float | None) -> tuple[Decimal | None, str]:
    """What of the electricity leaves the invoice a month, and why; None where nothing measured it."""
    if not bill.power:
        return Decimal(0), ""
    most = month(bill.power, bill.days)
    if kwh is not None and bill.power_kwh:
        used = Decimal(str(kwh))
        saved = min((used * bill.power / bill.power_kwh).quantize(_CENT, ROUND_HALF_UP), most)
        return saved, f"{money(saved, bill.currency)} of its electricity, {used:,.1f} kWh as measured, is not drawn"
    if bill.power_measured:
        saved = month(bill.power_measured * share, bill.days)
        return saved, f"{money(saved, bill.currency)} of its electricity, as metered, is not drawn"
    return (
        None,
        f"not known: nothing measures its power, which the bill takes at full load for {money(most, bill.currency)}",
    )


def _moved(bill: Bill, share: Decimal, facts: Facts) -> Decimal:
    """On-demand spend of others that the freed commitment covers."""
    family = bill.family if bill.reserved else ""
    pool = facts.on_demand.get((bill.currency, family), Decimal(0))
    elsewhere = max(pool - bill.billed, Decimal(0))
    return min(bill.covered_listed * share, elsewhere)
