"""How a budget stands: what the bill has of its period, what the period is expected to come to, and the limit."""

from decimal import Decimal

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.measures import HOURS
from trimtab.base.records import replace
from trimtab.budgets import calendar, limits
from trimtab.budgets.filters import ReadFilter, metric_of, where_of
from trimtab.budgets.live import NOT_LIVE, Estimated, LiveCosts, MlObject, object_of
from trimtab.budgets.model import Budget, BudgetType, Spend, Standing, TimeUnit
from trimtab.costs.currencies.room import Currencies, by_day, in_words
from trimtab.costs.explorer import eligible
from trimtab.costs.explorer.commitments import HourCoverage, SpendCoverage, total_use
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.model import And, CostQuery, Dimension, Filter, Granularity, Where
from trimtab.costs.outlook import Outlooks
from trimtab.costs.outlook_model import Expected, OutlookQuery
from trimtab.costs.periods import Period
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.model import TooLittleHistory

PERCENT = "PERCENTAGE"
_HUNDRED = Decimal(100)
_DIGITS = Decimal("0.01")
_LEVEL = 0.8
_PAST_DAYS = 400
"""How far back the currency of a budget without a limit is looked for, where its period has none."""


class Measure(Struct, frozen=True):
    """Asks the bill. Units of usage are never added, and currencies only by the rates of their days: what has another
    unit than the limit and no rate does not count, and is named."""

    reader: CostReader
    explorer: Explorer
    outlooks: Outlooks
    read: ReadFilter
    clock: Clock
    live: LiveCosts = NOT_LIVE
    currencies: Currencies | None = None

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
        return (await self._sum(budget, period, unit))[0]

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
        limit = fixed or kept or await self._adjusted(budget, standing, unit)
        if limit is None and not standing.problem:
            return replace(standing, problem="the limit cannot be adjusted yet: the bill has no whole period before")
        return replace(standing, limit=limit)

    async def _so_far(self, budget: Budget, standing: Standing, where: Filter | None, unit: str) -> Standing:
        """What was billed, and of days that are not billed whole what they are estimated at: no less than the bill has
        of them already.
        """
        period = standing.start_ms, self._until(standing.end_ms)
        usage = budget.type is BudgetType.USAGE
        live = await self.live.open_days(budget.scope, where, metric_of(budget.form), *period, "" if usage else unit)
        if live is None or live.since_ms >= period[1]:
            billed, note = await self._sum(budget, period, unit)
            shown = await self._presented(budget, period, Decimal(0), unit)
            return replace(standing, actual=Spend(billed, unit), problem=note, presented=shown)
        since = max(live.since_ms, period[0])
        billed, note = await self._sum(budget, (period[0], since), unit)
        begun, noted = await self._sum(budget, (since, period[1]), unit)
        if begun > live.amount:
            since, billed, note = period[1], billed + begun, note or noted
            live = replace(live, amount=Decimal(0), lower=Decimal(0), upper=Decimal(0))
        shown = await self._presented(budget, (period[0], since), live.amount, unit)
        found = replace(_with_live(standing, billed, live, unit), presented=shown)
        return replace(found, problem="; ".join(part for part in (found.problem, note) if part))

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
        # Of several currencies rates make one, as they do of what was spent; without them the unit's lines alone count.
        found: Expected | None = None
        told: Exception | None = None
        for one in await self._filters_of(budget, standing, where, unit):
            query = OutlookQuery(
                standing.start_ms, standing.end_ms, metric_of(budget.form), Granularity.MONTHLY, one, _LEVEL, unit
            )
            try:
                outlook = await self.outlooks.ask(budget.scope, query)
            except (TooLittleHistory, InvalidInput) as problem:  # or a period that ends after what forecasts reach
                told = problem
                continue
            if budget.type is BudgetType.USAGE or outlook.currency == unit:
                found = outlook.total
                break
        if found is None:
            why = f"no forecast: {told}" if told else ""
            return replace(standing, problem="; ".join(part for part in (standing.problem, why) if part))
        # What was spent by now is spent, whatever the past says of the whole.
        least = standing.actual.amount if standing.actual else found.mean
        sure = least if standing.actual_lower is None else standing.actual_lower
        forecast = Spend(max(found.mean, least), unit)
        upper = max(found.upper, forecast.amount)
        return replace(standing, forecast=forecast, forecast_lower=max(found.lower, sure), forecast_upper=upper)

    async def _adjusted(self, budget: Budget, standing: Standing, unit: str) -> Spend | None:
        if limits.adjusts(budget) == "FORECAST":
            return standing.forecast
        amounts = [
            (await self._sum(budget, period, unit))[0] for period in limits.history_wanted(budget, standing.start_ms)
        ]
        mean = limits.average(amounts)
        return None if mean is None else Spend(mean, unit)

    async def _sum(self, budget: Budget, period: Period, unit: str) -> tuple[Decimal, str]:
        """What the bill has of a period in `unit`, lines in other currencies by their day's rates; and what of it is
        left out for want of a rate, in words."""
        if period[0] >= period[1]:
            return Decimal(0), ""
        metric = (metric_of(budget.form),)
        if budget.type is BudgetType.USAGE or self.currencies is None:
            rows = await self.reader.costs(budget.scope, CostQuery(*period, metric, where=self._where(budget, unit)))
            return sum((row.amounts[0] for row in rows), Decimal(0)), ""
        query = CostQuery(*period, metric, where=where_of(budget.form, self.read))
        found = await self.currencies.of_bill(self.reader, budget.scope, query, unit)
        if found is None or found.total is None:
            originals = {} if found is None else found.originals
            return originals.get(unit, Decimal(0)), "" if found is None else in_words(found)
        return found.total, ""

    async def _presented(self, budget: Budget, period: Period, estimated: Decimal, unit: str) -> Spend | None:
        """What was billed and estimated in the presentation currency, where that is another and rates say how."""
        if budget.type is BudgetType.USAGE or self.currencies is None or not self.currencies.presentation:
            return None
        shown, amounts = self.currencies.presentation, dict[tuple[int, str], Decimal]()
        if shown == unit:
            return None
        if period[0] < period[1]:
            where = where_of(budget.form, self.read)
            query = CostQuery(*period, (metric_of(budget.form),), Granularity.DAILY, where=where)
            amounts = by_day(await self.reader.costs(budget.scope, query))
        today = (self.clock.now_ms() // DAY_MS * DAY_MS, unit)
        amounts[today] = amounts.get(today, Decimal(0)) + estimated
        found = await self.currencies.together(amounts)
        return None if found is None or found.total is None else Spend(found.total, shown)

    async def _filters_of(
        self, budget: Budget, standing: Standing, where: Filter | None, unit: str
    ) -> list[Filter | None]:
        """What a forecast is asked of: everything, where rates say what lines in other currencies are worth, else the
        lines in the budget's own."""
        if budget.type is BudgetType.USAGE or self.currencies is None:
            return [where]
        every = where_of(budget.form, self.read)
        query = CostQuery(standing.start_ms, self._until(standing.end_ms), (metric_of(budget.form),), where=every)
        found = await self.currencies.of_bill(self.reader, budget.scope, query, unit)
        converts = found is not None and found.total is not None and not found.is_one
        return [every, where] if converts else [where]

    async def _unit(self, budget: Budget, period: Period) -> str:
        """The unit of a budget whose limit is not given: the one that the bill has. Raises _Unmeasurable."""
        given = budget.form.get("BudgetLimit")
        if given:
            return str(given["Unit"])
        usage, until = budget.type is BudgetType.USAGE, self._until(period[1])
        units: list[str] = []
        for since in (period[0], period[0] - _PAST_DAYS * DAY_MS):
            query = CostQuery(since, until, (metric_of(budget.form),), where=self._where(budget, ""))
            rows = await self.reader.costs(budget.scope, query)
            units = sorted({row.unit if usage else row.currency for row in rows if row.amounts[0] or usage})
            if len(units) == 1 and units != ["N/A"]:
                return units[0]
            if units:
                break
        shown = self.currencies.presentation if self.currencies and not usage else ""
        if len(units) > 1 and shown and self.currencies is not None:
            found = await self.currencies.of_bill(self.reader, budget.scope, query)
            if found is not None and found.total is not None:
                return shown
        told = " and ".join(units) or "nothing"
        raise _Unmeasurable(f"the bill has {told} for it: give BudgetLimit with the Unit that is meant")

    def _where(self, budget: Budget, unit: str) -> Filter | None:
        """The lines that count: the budget's filter, in one currency or unit."""
        parts = [part for part in (where_of(budget.form, self.read),) if part is not None]
        if unit and budget.type is BudgetType.USAGE:
            same = HOURS if unit.lower() in HOURS else (unit,)
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
                of_aws = eligible.within(where, eligible.AWS)
                uses = await self.explorer.commitments(budget.scope, period, kind=kind, where=of_aws)
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
