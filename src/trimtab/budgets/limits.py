"""The limit of a period: fixed, planned by month or quarter, or adjusted to what was spent or is expected."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from trimtab.budgets import calendar
from trimtab.budgets.model import Budget, Spend, TimeUnit
from trimtab.costs.periods import Period

PLANNED = {TimeUnit.MONTHLY: 12, TimeUnit.QUARTERLY: 4}
"""Limits that a planned budget has, by its time unit."""
_CENT = Decimal("0.01")


def fixed(budget: Budget, start_ms: int) -> Spend | None:
    """The limit that the form itself gives the period from `start_ms`; None where it is adjusted, or none is planned.

    After the last planned period its limit goes on.
    """
    planned = planned_limits(budget.form)
    if planned:
        due = [at for at in planned if at <= start_ms]
        return planned[max(due)] if due else None
    limit = budget.form.get("BudgetLimit")
    return None if limit is None or adjusts(budget) else Spend(Decimal(limit["Amount"]), limit["Unit"])


def planned_limits(form: Mapping[str, Any]) -> dict[int, Spend]:
    """Planned limits by the start of their period, in ms."""
    given = form.get("PlannedBudgetLimits") or {}
    return {int(key) * 1000: Spend(Decimal(one["Amount"]), one["Unit"]) for key, one in given.items()}


def adjusts(budget: Budget) -> str:
    """HISTORICAL or FORECAST where the limit adjusts itself, else ""."""
    return str((budget.form.get("AutoAdjustData") or {}).get("AutoAdjustType") or "")


def history_wanted(budget: Budget, at_ms: int) -> list[Period]:
    """The periods whose average is the limit of a HISTORICAL budget."""
    options = (budget.form.get("AutoAdjustData") or {}).get("HistoricalOptions") or {}
    return calendar.lookback(budget.time_unit, at_ms, int(options.get("BudgetAdjustmentPeriod") or 1))


def average(amounts: Sequence[Decimal]) -> Decimal | None:
    """The mean of the periods that had anything at all, to the cent: the moving average of a HISTORICAL budget."""
    known = list(amounts)
    while known and not known[0]:
        known.pop(0)  # before the first cost there was nothing to learn from
    if not known:
        return None
    with localcontext() as context:
        context.prec = 60
        return (sum(known, Decimal(0)) / len(known)).quantize(_CENT)
