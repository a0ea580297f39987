"""The tiles of the page: what machines with GPUs cost, what an hour of them costs, and what idled."""

from decimal import Decimal

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.idle.split import IdleReport
from trimtab.economics.unit.model import ZERO, Ledger
from trimtab.figures.areas.money import GPU_TIME, IDLE, PER_ACTIVE, PER_EXISTING
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
    partly = idle.partly.get(currency, ZERO)
    idled = idle.total.get(currency, ZERO) + partly
    share = idle.unexplained_share
    return [
        Tile(GPU_TIME, f"{cost:,.0f}", currency, told),
        Tile(PER_EXISTING, _per(cost, hours), currency, f"{hours:,.0f} GPU-hours"),
        Tile(PER_ACTIVE, _per(cost, active), currency, f"{active:,.0f} GPU-hours of work"),
        Tile(
            IDLE,
            f"{idled:,.0f}",
            currency,
            _explained(idled, partly, share),
            href="/unit-costs?tab=idle",
        ),
    ]


def _explained(idled: Decimal, partly: Decimal, share: float | None) -> str:
    """What of the idle dollars is of GPUs that were partly at work, and how much of the rest has no cause."""
    parts = [f"{partly:,.0f} of it of GPUs partly at work"] if partly and idled else []
    return " · ".join(parts + ([] if share is None else [f"{share:.0%} of the rest unexplained"]))


def _per(cost: Decimal, hours: float) -> str:
    return f"{cost / Decimal(f'{hours:.6f}'):,.2f}" if hours > 0 else "–"
