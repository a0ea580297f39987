"""How budgets stand on a bill: what is summed, in which unit, with which limit."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Spend, Standing
from trimtab.costs.currencies.model import Rate
from trimtab.costs.currencies.room import Currencies
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.explorer.commitments import CommitmentUse, SpendCoverage
from trimtab.costs.explorer.explorer import Explorer, Slice
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Where
from trimtab.costs.outlook import Outlooks
from trimtab.costs.outlook_model import Expected
from trimtab.costs.read import CostReader
from trimtab.store.state.database import State
from trimtab.timeseries.forecast.model import TooLittleHistory

DAY = 86_400_000


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


def standing(bill: Bill, type_: str = "COST", currencies: Currencies | None = None, **form: Any) -> Standing:
    whole = {
        "BudgetType": type_,
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": at("2026-01-01"), "End": at("2087-06-15")},
    }
    budget = Budget("1" * 12, "b", {**whole, **form}, 0, 0)
    asked = cast(CostReader, bill), cast(Explorer, bill), cast(Outlooks, bill)
    clock = ManualClock(at("2026-06-10") + 3_600_000)
    measure = Measure(*asked, lambda _: None, clock, currencies=currencies)
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


class Daily(Bill):
    """The same by day where days are asked for."""

    def __init__(self, *currencies: str, since: dict[str, str] | None = None) -> None:
        super().__init__(*currencies)
        self.since = {name: at(day) for name, day in (since or {}).items()}

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        whole = query.granularity is not Granularity.DAILY
        spans = [(query.start_ms, query.end_ms)]
        if not whole:
            spans = [(day, day + DAY) for day in range(query.start_ms, query.end_ms, DAY)]
        found = []
        for span in spans:
            for row in await super().costs(scope, replace(query, start_ms=span[0], end_ms=span[1])):
                since = self.since.get(row.currency, 0)
                if row.end_ms > since:
                    found.append(row)
        return found


def rates(state: State, presentation: str = "", **pairs: str) -> Currencies:
    found = Currencies(RateStore(state, ManualClock()), presentation)
    told = [Rate(date(2026, 6, 1), "EUR", quote, Decimal(rate), "ECB") for quote, rate in pairs.items()]
    told += [Rate(date(2026, 6, 8), "EUR", quote, Decimal(rate), "ECB") for quote, rate in pairs.items()]
    if told:
        asyncio.run(found.rates.put("ECB", told))
    return found


def test_lines_in_another_currency_count_by_the_rates_of_their_days(state: State) -> None:
    found = standing(Daily("EUR", "USD"), currencies=rates(state, USD="2"), **USD)
    assert Spend(Decimal("300.00"), "USD") == found.actual  # ten days of 10 USD, and of 10 EUR at 2
    assert "no forecast: cannot forecast: 3 days" == found.problem
    assert found.presented is None


def test_what_no_rate_brings_to_the_limits_currency_is_left_out_and_named(state: State) -> None:
    found = standing(Daily("EUR", "USD"), currencies=rates(state), **USD)
    assert Spend(Decimal(100), "USD") == found.actual
    assert found.problem.startswith("EUR is left out: no rate of EUR and USD was imported; no forecast")


class Forecast(Daily):
    """Forecasts the lines in one currency only, whatever is asked, and keeps the questions."""

    def __init__(self, *currencies: str, answers: str = "USD") -> None:
        super().__init__(*currencies)
        self.questions: list[Any] = []
        self.answers = answers

    async def ask(self, scope: Any, query: Any) -> Any:
        self.questions.append(query.where)
        expected = Expected(0, 1, Decimal(400), Decimal(390), Decimal(410), Decimal(0))
        only = _asked(query.where, ())
        return SimpleNamespace(currency=only[0] if only else self.answers, total=expected)


def test_a_forecast_is_of_everything_that_rates_bring_together(state: State) -> None:
    bill = Forecast("EUR", "USD")
    found = standing(bill, currencies=rates(state, USD="2"), **USD)
    assert Spend(Decimal(400), "USD") == found.forecast
    assert [None] == bill.questions


def test_a_forecast_in_another_currency_is_not_the_budgets(state: State) -> None:
    bill = Forecast("EUR", "USD", answers="EUR")
    found = standing(bill, currencies=rates(state, USD="2"), **USD)
    assert Spend(Decimal(400), "USD") == found.forecast
    assert [None, And((Where(Dimension.CURRENCY, ("USD",)),))] == bill.questions


def test_what_was_spent_is_shown_in_the_presentation_currency_too(state: State) -> None:
    found = standing(Daily("USD"), currencies=rates(state, "EUR", USD="4"), **USD)
    assert (Spend(Decimal(100), "USD"), Spend(Decimal("25.00"), "EUR")) == (found.actual, found.presented)


def test_without_a_limit_the_currency_of_the_period_or_of_presentation_is_taken(state: State) -> None:
    options = {"AutoAdjustType": "HISTORICAL", "HistoricalOptions": {"BudgetAdjustmentPeriod": 1}}
    both = standing(Daily("EUR", "USD"), currencies=rates(state, "EUR", USD="4"), AutoAdjustData=options)
    assert Spend(Decimal("125.00"), "EUR") == both.actual
    later = Daily("EUR", "USD", since={"EUR": "2026-12-01"})
    assert Spend(Decimal(100), "USD") == standing(later, AutoAdjustData=options).actual


def test_without_a_bill_nothing_is_known() -> None:
    found = standing(Nothing(), **USD)
    assert found.actual is None
    assert found.limit == Spend(Decimal(90), "USD")
    assert "no bill" in found.problem


def test_shares_are_percentages_of_a_limit_of_100() -> None:
    found = standing(Bill(), "SAVINGS_PLANS_UTILIZATION")
    assert (found.actual, found.limit) == (Spend(Decimal("90.00"), "PERCENTAGE"), Spend(Decimal(100), "PERCENTAGE"))
    assert "a Savings Plan could cover" in standing(Bill(), "SAVINGS_PLANS_COVERAGE").problem
