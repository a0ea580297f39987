"""What a budget allowed and what was spent, period by period."""

from decimal import Decimal

from msgspec import Struct
from sqlalchemy import select

from trimtab.base.clock import Clock
from trimtab.budgets import calendar, limits
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Spend, TimeUnit
from trimtab.costs.periods import Period
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import budget_periods

MOST_PERIODS = {
    TimeUnit.DAILY: 60,
    TimeUnit.MONTHLY: 12,
    TimeUnit.QUARTERLY: 4,
    TimeUnit.ANNUALLY: 5,
    TimeUnit.CUSTOM: 1,
}
"""Periods that a history has, as the API documents (years: what a bill usually holds)."""


class Spent(Struct, frozen=True):
    """One period. `budgeted` is the limit as it was then."""

    start_ms: int
    end_ms: int
    budgeted: Spend | None
    actual: Spend | None


class Performance(Struct, frozen=True):
    """The histories: limits as they were recorded, amounts as the bill has them now, late corrections included."""

    state: State
    clock: Clock
    measure: Measure

    async def of(self, budget: Budget, start_ms: int | None = None, end_ms: int | None = None) -> list[Spent]:
        """The periods of `budget` that touch `[start_ms, end_ms)`, the newest first."""
        periods = calendar.periods_until(budget, self.clock.now_ms(), MOST_PERIODS[budget.time_unit])
        mine = (budget_periods.c.account == budget.account) & (budget_periods.c.budget == budget.name)
        rows = await self.state.read(lambda connection: connection.execute(select(budget_periods).where(mine)).all())
        recorded = {row.start_ms: Spend(Decimal(row.budgeted), row.unit) for row in rows if row.budgeted}
        wanted = [one for one in periods if (end_ms is None or one[0] < end_ms) and (start_ms or 0) < one[1]]
        return [await self._spent(budget, period, recorded.get(period[0])) for period in wanted]

    async def _spent(self, budget: Budget, period: Period, recorded: Spend | None) -> Spent:
        budgeted = recorded or limits.fixed(budget, period[0])
        if budgeted is None:
            return Spent(*period, None, None)
        amount = await self.measure.spent(budget, period, budgeted.unit)
        return Spent(*period, budgeted, None if amount is None else Spend(amount, budgeted.unit))
