"""How budgets stand on a bill: what is summed, in which unit, with which limit."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from trimtab.base.clock import ManualClock
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Spend, Standing
from trimtab.costs.explorer.commitments import CommitmentUse, SpendCoverage
from trimtab.costs.explorer.explorer import Explorer, Slice
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Where
from trimtab.costs.outlook import Outlooks
from trimtab.costs.read import CostReader
from trimtab.timeseries.forecast.model import TooLittleHistory


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


class Bill:
    """Ten a day in each currency, from the first of March; the currency that is asked for, or both."""

    first, last = at("2026-03-01"), at("2026-06-11")

    def __init__(self, *currencies: str) -> None:
        self.currencies = currencies or ("USD",)

    async def extent(self) -> tuple[int, int] | None:
        return self.first, self.last

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        days = max(0, min(query.end_ms, self.last) - max(query.start_ms, self.first)) // 86_400_000
        wanted = [one for one in self.currencies if one in _asked(query.where, self.currencies)]
        if not days:
            return []
        return [CostRow(query.start_ms, query.end_ms, (), one, "Hrs", days, (Decimal(10 * days),)) for one in wanted]

    async def commitments(self, scope: Any, span: Any, **more: Any) -> dict[Slice, CommitmentUse]:
        assert more["kind"] == "Savings Plan"
        return {Slice(*span, (), "USD"): CommitmentUse(total=Decimal(10), used=Decimal(9))}

    async def spend_coverage(self, scope: Any, span: Any, **more: Any) -> dict[Slice, SpendCoverage]:
        return {}

    async def ask(self, scope: Any, query: Any) -> Any:
        raise TooLittleHistory("cannot forecast: 3 days")


class Nothing(Bill):
    async def extent(self) -> None:
        return None


def _asked(where: Filter | None, every: tuple[str, ...]) -> tuple[str, ...]:
    parts = where.parts if isinstance(where, And) else (where,)
    found = [one.values for one in parts if isinstance(one, Where) and one.facet is Dimension.CURRENCY]
    return found[0] if found else every


def standing(bill: Bill, type_: str = "COST", **form: Any) -> Standing:
    whole = {
        "BudgetType": type_,
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": at("2026-01-01"), "End": at("2087-06-15")},
    }
    budget = Budget("1" * 12, "b", {**whole, **form}, 0, 0)
    asked = cast(CostReader, bill), cast(Explorer, bill), cast(Outlooks, bill)
    measure = Measure(*asked, lambda _: None, ManualClock(at("2026-06-10") + 3_600_000))
    return asyncio.run(measure.standing(budget))


USD = {"BudgetLimit": {"Amount": "90", "Unit": "USD"}}


def test_the_month_is_summed_to_today_in_the_limits_currency() -> None:
    found = standing(Bill("EUR", "USD"), **USD)
    assert (found.start_ms, found.end_ms) == (at("2026-06-01"), at("2026-07-01"))
    assert found.limit == Spend(Decimal(90), "USD")
    assert found.actual == Spend(Decimal(100), "USD")
    assert found.forecast is None
    assert found.problem == "no forecast: cannot forecast: 3 days"


def test_a_historical_limit_is_the_mean_of_the_months_before() -> None:
    options = {"AutoAdjustType": "HISTORICAL", "HistoricalOptions": {"BudgetAdjustmentPeriod": 2}}
    found = standing(Bill(), AutoAdjustData=options)
    assert found.limit == Spend(Decimal("305.00"), "USD")  # April's 300 and May's 310


def test_of_two_currencies_none_is_chosen() -> None:
    options = {"AutoAdjustType": "HISTORICAL", "HistoricalOptions": {"BudgetAdjustmentPeriod": 2}}
    found = standing(Bill("EUR", "USD"), AutoAdjustData=options)
    assert found.actual is None
    assert "EUR and USD" in found.problem


def test_without_a_bill_nothing_is_known() -> None:
    found = standing(Nothing(), **USD)
    assert found.actual is None
    assert found.limit == Spend(Decimal(90), "USD")
    assert "no bill" in found.problem


def test_shares_are_percentages_of_a_limit_of_100() -> None:
    found = standing(Bill(), "SAVINGS_PLANS_UTILIZATION")
    assert (found.actual, found.limit) == (Spend(Decimal("90.00"), "PERCENTAGE"), Spend(Decimal(100), "PERCENTAGE"))
    assert "a Savings Plan could cover" in standing(Bill(), "SAVINGS_PLANS_COVERAGE").problem
