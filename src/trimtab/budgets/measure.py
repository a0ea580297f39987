"""How a budget stands: what the bill has of its period, what the period is expected to come to, and the limit."""

from dataclasses import dataclass, replace
from decimal import Decimal

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.budgets import calendar, limits
from trimtab.budgets.filters import ReadFilter, metric_of, where_of
from trimtab.budgets.live import NOT_LIVE, Estimated, LiveCosts, MlObject, object_of
from trimtab.budgets.model import Budget, BudgetType, Spend, Standing, TimeUnit
from trimtab.costs.explorer import eligible
from trimtab.costs.explorer.commitments import HourCoverage, SpendCoverage, total_use
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.model import And, CostQuery, Dimension, Filter, Granularity, Where
from trimtab.costs.outlook import OutlookQuery, Outlooks
from trimtab.costs.periods import Period
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.model import TooLittleHistory

PERCENT = "PERCENTAGE"
_HUNDRED = Decimal(100)
_DIGITS = Decimal("0.01")
_LEVEL = 0.8
_HOURS = frozenset(eligible.HOURS)


@dataclass(frozen=True, slots=True)
class Measure:
    """Asks the bill. Currencies and units of usage are never added: only what has the limit's unit counts."""

    reader: CostReader
    explorer: Explorer
    outlooks: Outlooks
    read: ReadFilter
    clock: Clock
    live: LiveCosts = NOT_LIVE

    async def standing(self, budget: Budget, kept_limit: Spend | None = None) -> Standing:
        """How `budget` stands now. `kept_limit` is the limit that this period was given before, if it adjusts itself.

        What cannot be known is None and `problem` says why. Raises Unavailable, QueryAborted.
        """
        now_ms = self.clock.now_ms()
        period = calendar.period_at(budget, now_ms)
        if period is None:
            return self._outside(budget, now_ms)
        standing = Standing(*period, now_ms)
        if await self.reader.extent() is None:
            limit = limits.fixed(budget, period[0])
            return replace(
                standing, limit=limit, problem="no bill has been imported; `trimtab import FILE` imports one"
            )
        if budget.type.is_share:
            return await self._share(budget, standing)
        try:
            return await self._amounts(budget, standing, kept_limit)
        except _Unmeasurable as problem:
            return replace(standing, limit=limits.fixed(budget, period[0]), problem=str(problem))

    async def spent(self, budget: Budget, period: Period, unit: str) -> Decimal | None:
        """What the bill has of a period, in `unit` (a percentage of share budgets); None where there is nothing."""
        if budget.type.is_share:
            return await self._percentage(budget, period)
        return await self._sum(budget, period, self._where(budget, unit))

    async def _amounts(self, budget: Budget, standing: Standing, kept: Spend | None) -> Standing:
        period = standing.start_ms, standing.end_ms
        fixed = limits.fixed(budget, period[0])
        if (what := object_of(where_of(budget.form, self.read))) is not None:
            return await self._object(budget, standing, what, fixed)
        unit = fixed.unit if fixed else await self._unit(budget, period)
        where = self._where(budget, unit)
        standing = await self._so_far(budget, standing, where, unit)
        if budget.time_unit is not TimeUnit.DAILY:
            standing = await self._forecast(budget, standing, where, unit)
        limit = fixed or kept or await self._adjusted(budget, standing, where, unit)
        if limit is None and not standing.problem:
            return replace(standing, problem="the limit cannot be adjusted yet: the bill has no whole period before")
        return replace(standing, limit=limit)

    async def _so_far(self, budget: Budget, standing: Standing, where: Filter | None, unit: str) -> Standing:
        """What was billed, and of days that are not billed what they are estimated at."""
        period = standing.start_ms, self._until(standing.end_ms)
        usage = budget.type is BudgetType.USAGE
        live = await self.live.open_days(budget.scope, where, metric_of(budget.form), *period, "" if usage else unit)
        if live is None or live.since_ms >= period[1]:
            return replace(standing, actual=Spend(await self._sum(budget, period, where), unit))
        billed = await self._sum(budget, (period[0], max(live.since_ms, period[0])), where)
        return _with_live(standing, billed, live, unit)

    async def _object(self, budget: Budget, standing: Standing, what: MlObject, fixed: Spend | None) -> Standing:
        """What an ML object cost in the period, or costs for each thousand."""
        unit = fixed.unit if fixed else "USD"
        period = standing.start_ms, min(standing.end_ms, self.clock.now_ms())
        live = await self.live.of_object(budget.scope, what, *period, unit)
        if live is None:
            names = ", ".join(what.names)
            return replace(standing, limit=fixed, problem=f"nothing is known of the cost of {what.kind} {names} yet")
        return replace(_with_live(standing, Decimal(0), live, unit), limit=fixed, problem=live.note)

    async def _forecast(self, budget: Budget, standing: Standing, where: Filter | None, unit: str) -> Standing:
        query = OutlookQuery(
            standing.start_ms, standing.end_ms, metric_of(budget.form), Granularity.MONTHLY, where, _LEVEL
        )
        try:
            found = (await self.outlooks.ask(budget.scope, query)).total
        except (TooLittleHistory, InvalidInput) as problem:  # or a period that ends after what forecasts reach
            return replace(standing, problem=f"no forecast: {problem}")
        # What was spent by now is spent, whatever the past says of the whole.
        least = standing.actual.amount if standing.actual else found.mean
        sure = least if standing.actual_lower is None else standing.actual_lower
        forecast = Spend(max(found.mean, least), unit)
        upper = max(found.upper, forecast.amount)
        return replace(standing, forecast=forecast, forecast_lower=max(found.lower, sure), forecast_upper=upper)

    async def _adjusted(self, budget: Budget, standing: Standing, where: Filter | None, unit: str) -> Spend | None:
        if limits.adjusts(budget) == "FORECAST":
            return standing.forecast
        amounts = [
            await self._sum(budget, period, where) for period in limits.history_wanted(budget, standing.start_ms)
        ]
        mean = limits.average(amounts)
        return None if mean is None else Spend(mean, unit)

    async def _sum(self, budget: Budget, period: Period, where: Filter | None) -> Decimal:
        if period[0] >= period[1]:
            return Decimal(0)
        query = CostQuery(*period, (metric_of(budget.form),), where=where)
        return sum((row.amounts[0] for row in await self.reader.costs(budget.scope, query)), Decimal(0))

    async def _unit(self, budget: Budget, period: Period) -> str:
        """The unit of a budget whose limit is not given: the one that the bill has. Raises _Unmeasurable."""
        given = budget.form.get("BudgetLimit")
        if given:
            return str(given["Unit"])
        since = period[0] - 400 * DAY_MS
        query = CostQuery(since, self._until(period[1]), (metric_of(budget.form),), where=self._where(budget, ""))
        rows = await self.reader.costs(budget.scope, query)
        usage = budget.type is BudgetType.USAGE
        units = sorted({row.unit if usage else row.currency for row in rows})
        if len(units) != 1 or units == ["N/A"]:
            told = " and ".join(units) or "nothing"
            raise _Unmeasurable(f"the bill has {told} for it: give BudgetLimit with the Unit that is meant")
        return units[0]

    def _where(self, budget: Budget, unit: str) -> Filter | None:
        """The lines that count: the budget's filter, in one currency or unit."""
        parts = [part for part in (where_of(budget.form, self.read),) if part is not None]
        if unit and budget.type is BudgetType.USAGE:
            same = eligible.HOURS if unit.lower() in _HOURS else (unit,)
            parts.append(Where(Dimension.USAGE_UNIT, tuple(one.lower() for one in same), ignore_case=True))
        elif unit:
            parts.append(Where(Dimension.CURRENCY, (unit,)))
        return And(tuple(parts)) if parts else None

    async def _share(self, budget: Budget, standing: Standing) -> Standing:
        limit = Spend(_HUNDRED, PERCENT)
        found = await self._percentage(budget, (standing.start_ms, self._until(standing.end_ms)))
        if found is None:
            return replace(
                standing, limit=limit, problem=f"the bill has nothing of this period that {_ABOUT[budget.type]}"
            )
        return replace(standing, limit=limit, actual=Spend(found, PERCENT))

    async def _percentage(self, budget: Budget, period: Period) -> Decimal | None:
        where = where_of(budget.form, self.read)
        match budget.type:
            case BudgetType.RI_UTILIZATION | BudgetType.SP_UTILIZATION:
                kind = eligible.RESERVED if budget.type is BudgetType.RI_UTILIZATION else eligible.SAVINGS_PLAN
                uses = await self.explorer.commitments(budget.scope, period, kind=kind, where=where)
                share = total_use(uses.values()).utilization
            case BudgetType.RI_COVERAGE:
                hours = HourCoverage()
                for one in (await self.explorer.hour_coverage(budget.scope, period, where=where)).values():
                    hours = hours.plus(one)
                share = hours.share
            case _:
                spend = SpendCoverage()
                for part in (await self.explorer.spend_coverage(budget.scope, period, where=where)).values():
                    spend = spend.plus(part)
                share = spend.share
        return None if share is None else (share * _HUNDRED).quantize(_DIGITS)

    def _until(self, end_ms: int) -> int:
        """The end of what can have been billed: today's."""
        return min(end_ms, (self.clock.now_ms() // DAY_MS + 1) * DAY_MS)

    def _outside(self, budget: Budget, now_ms: int) -> Standing:
        when = "has not begun" if now_ms < budget.start_ms else "is over"
        return Standing(budget.start_ms, budget.end_ms, now_ms, problem=f"the budget {when}")


def _with_live(standing: Standing, billed: Decimal, live: Estimated, unit: str) -> Standing:
    """Billed and estimated together. Without bounds nothing of the estimate is sure, so the lower end is the bill's."""
    return replace(
        standing,
        actual=Spend(billed + live.amount, unit),
        actual_lower=billed + (live.lower if live.lower is not None else Decimal(0)),
        estimated=live.amount,
        estimate_error=live.error,
        estimated_from_ms=live.since_ms,
        problem=live.note,
    )


class _Unmeasurable(Exception):
    """What a budget is to sum is not one amount."""


_ABOUT = {
    BudgetType.RI_UTILIZATION: "was reserved",
    BudgetType.RI_COVERAGE: "a reservation could cover",
    BudgetType.SP_UTILIZATION: "a Savings Plan committed to",
    BudgetType.SP_COVERAGE: "a Savings Plan could cover",
}
