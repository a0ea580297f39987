"""The tiles of the page: what machines with GPUs cost, what an hour of them costs paid and used, and what idled."""

from decimal import Decimal

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.idle.split import IdleReport
from trimtab.economics.unit.model import ZERO, Ledger
from trimtab.web.tiles import Tile


def tiles_of(ledger: Ledger, idle: IdleReport) -> list[Tile]:
    """Of the currency with most cost; the others are in the tables."""
    totals: dict[str, Decimal] = {}
    for one in ledger.slices:
        totals[one.currency] = totals.get(one.currency, ZERO) + one.cost
    currency = max(totals, key=lambda name: totals[name])
    mine = [one for one in ledger.slices if one.currency == currency]
    cost, hours = totals[currency], sum(one.gpu_hours for one in mine)
    active = sum(one.gpu_hours for one in mine if one.use is Use.ACTIVE)
    estimated = sum((one.cost for one in mine if one.estimated), ZERO)
    error = "" if ledger.error is None else f", usually {ledger.error:.2%} off"
    told = f"{estimated:,.0f} of it estimated{error}" if estimated else "all of it billed"
    idled = idle.total.get(currency, ZERO)
    share = idle.unexplained_share
    return [
        Tile("Machines with GPUs", f"{cost:,.0f}", currency, told),
        Tile("A GPU-hour, paid", _per(cost, hours), currency, f"{hours:,.0f} GPU-hours"),
        Tile("A GPU-hour, used", _per(cost, active), currency, f"{active:,.0f} GPU-hours of work"),
        Tile(
            "Idle",
            f"{idled:,.0f}",
            currency,
            "" if share is None else f"{share:.0%} of it unexplained",
            href="/unit-costs?tab=idle",
        ),
    ]


def _per(cost: Decimal, hours: float) -> str:
    return f"{cost / Decimal(f'{hours:.6f}'):,.2f}" if hours > 0 else "–"
