"""Where a bill is going: what is known counts as it is, what is not is forecast by day and added up by month."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.costs.announced import Change, changes_of
from trimtab.costs.currencies.model import Rate as ExchangeRate
from trimtab.costs.currencies.room import Currencies
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.model import And, CostRow, Dimension, Filter, Granularity, Metric, Where
from trimtab.costs.outlook import Outlooks, calendar_of
from trimtab.costs.outlook_model import Outlook, OutlookQuery
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.store.state.database import State
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory
from trimtab.timeseries.forecast.predict import predict

DAY = 86_400_000


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


FIRST, END = at("2025-10-01"), at("2026-05-11")
FEE = Decimal(310)


class Bill:
    """A bill of 10 a day, 4 at weekends, and a fee of 310 on the first of each month; it counts what it is asked.

    Of further currencies it has the given amount, on its last `days`.
    """

    def __init__(self, currency: str = "USD", days: int = 0, **others: str) -> None:
        self.currency = currency
        self.days = days
        self.others = others

    async def extent(self) -> tuple[int, int]:
        return FIRST, END

    async def costs(self, scope: Any, query: Any) -> list[CostRow]:
        rows = []
        for day in range(query.start_ms, query.end_ms, DAY):
            keys = tuple("Usage" for _ in query.group_by)
            if day >= END:
                break
            rows.append(CostRow(day, day + DAY, keys, self.currency, "Hrs", 1, (self.amount(day),)))
            for name, amount in self.others.items():
                if day >= END - self.days * DAY:
                    rows.append(CostRow(day, day + DAY, keys, name, "Hrs", 1, (Decimal(amount),)))
        asked = _asked(query.where)
        return [row for row in rows if asked is None or row.currency in asked]

    @staticmethod
    def amount(day_ms: int) -> Decimal:
        day = datetime.fromtimestamp(day_ms / 1000, UTC)
        return Decimal(4 if day.weekday() > 4 else 10) + (FEE if day.day == 1 else 0)


def _asked(where: Filter | None) -> tuple[str, ...] | None:
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Where) and part.facet is Dimension.CURRENCY:
            return part.values
    return None


class Here:
    """A forecaster in this process."""

    def __init__(self) -> None:
        self.asked = 0

    async def predict(self, question: Question) -> Forecast:
        self.asked += 1
        return predict(question)


def ask(outlooks: Outlooks, first: str, last: str, **more: Any) -> Outlook:
    return asyncio.run(outlooks.ask(EVERYTHING, OutlookQuery(at(first), at(last), **more)))


def outlooks(bill: Bill | None = None, forecaster: Here | None = None) -> Outlooks:
    clock = ManualClock()
    clock.at_ms = END + 3600_000
    return Outlooks(bill or Bill(), forecaster or Here(), clock)  # type: ignore[arg-type]  # what is asked of them


def test_an_announced_change_moves_the_days_from_then_on() -> None:
    async def announced() -> list[Change]:
        raised = Change(at("2026-05-21"), None, Decimal("1.5"), "price raised")
        return [
            raised,
            Change(at("2026-01-01"), None, Decimal(9), "long ago"),
            Change(at("2027-01-01"), None, Decimal(9), "later"),
        ]

    plain = ask(outlooks(), "2026-05-01", "2026-06-01")
    found = asyncio.run(outlooks().knowing(announced).ask(EVERYTHING, OutlookQuery(at("2026-05-01"), at("2026-06-01"))))
    (change,) = found.changes
    assert (at("2026-05-21"), Decimal("4.14")) == (change.at_ms, change.per_day)  # half of last week's mean of 8.29
    assert plain.periods[19].mean == found.periods[19].mean
    assert plain.periods[20].mean + change.per_day == found.periods[20].mean
    assert plain.total.mean + 11 * change.per_day == found.total.mean
    assert plain.total.upper + 11 * change.per_day == found.total.upper


def test_own_rates_announce_prices_discounts_and_commitments() -> None:
    def rate(kind: RateKind, subject: str, amount: str, first: str, last: str | None = None) -> Rate:
        until = at(last) if last else None
        return Rate(kind, subject, RateUnit.INSTANCE_HOUR, Decimal(amount), "USD", at(first), until)

    plan = "arn:aws:savingsplans::1:savingsplan/a"
    found = changes_of(
        [
            rate(RateKind.PRICE, "p5.48xlarge", "40", "2026-01-01"),
            rate(RateKind.PRICE, "p5.48xlarge", "50", "2026-06-01"),
            rate(RateKind.DISCOUNT, plan, "20", "2025-06-01", "2026-07-01"),
            rate(RateKind.DISCOUNT, "*", "5", "2025-06-01"),
        ]
    )
    assert [(at("2026-06-01"), Decimal("1.25")), (at("2026-07-01"), Decimal("1.25"))] == [
        (one.at_ms, one.factor) for one in found
    ]
    assert Where(Dimension.SAVINGS_PLAN_ARN, (plan,)) == found[1].where
    assert "commitment of 20 %" in found[1].note


def test_months_add_what_is_known_to_what_is_forecast() -> None:
    found = ask(outlooks(), "2026-04-01", "2026-07-01", granularity=Granularity.MONTHLY)
    april, may, june = found.periods
    assert april.known == april.mean == april.lower == april.upper
    truth = {one.start_ms: sum(Bill.amount(day) for day in range(one.start_ms, one.end_ms, DAY)) for one in (may, june)}
    for month in (may, june):
        assert abs(month.mean - truth[month.start_ms]) / truth[month.start_ms] < Decimal("0.02")
        assert month.lower <= month.mean <= month.upper
    assert may.known == sum(Bill.amount(day) for day in range(may.start_ms, END, DAY))
    assert found.total.mean == pytest.approx(april.mean + may.mean + june.mean, abs=Decimal("0.02"))
    assert (found.currency, found.unit, found.metric, found.known_until_ms) == ("USD", "Hrs", Metric.UNBLENDED, END)
    assert found.error < 0.05


def test_days_ahead_keep_the_weekend() -> None:
    found = ask(outlooks(), "2026-05-11", "2026-05-18")
    assert [round(one.mean) for one in found.periods] == [10, 10, 10, 10, 10, 4, 4]


def test_the_same_question_is_forecast_once() -> None:
    forecaster = Here()
    room = outlooks(forecaster=forecaster)
    assert ask(room, "2026-05-11", "2026-05-18") == ask(room, "2026-05-11", "2026-05-18")
    assert forecaster.asked == 1


@pytest.mark.parametrize(
    ("first", "last", "more", "problem"),
    [
        ("2026-05-18", "2026-05-11", {}, "an end after the start"),
        ("2026-05-11", "2029-05-11", {}, "cannot forecast more than"),
        ("2026-05-11", "2026-05-12", {"granularity": Granularity.HOURLY}, "expected DAILY or MONTHLY"),
        ("2026-05-11", "2026-05-12", {"level": 1.0}, r"expected 0\.51 to 0\.99"),
    ],
)
def test_what_cannot_be_forecast_is_said(first: str, last: str, more: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        ask(outlooks(), first, last, **more)


def test_currencies_are_not_added() -> None:
    with pytest.raises(InvalidInput, match="the bill is in EUR and USD, which are never added; filter by CURRENCY"):
        ask(outlooks(Bill(days=300, EUR="1")), "2026-05-01", "2026-06-01")
    only = Where(Dimension.CURRENCY, ("EUR",))
    found = ask(outlooks(Bill(days=300, EUR="1")), "2026-05-01", "2026-06-01", where=only)
    assert ("EUR", "") == (found.currency, found.note)


def test_the_currency_that_has_data_is_forecast_and_the_other_named() -> None:
    plain = ask(outlooks(), "2026-05-01", "2026-06-01")
    nothing = ask(outlooks(Bill(days=300, EUR="0")), "2026-05-01", "2026-06-01")
    assert (plain.total, "USD") == (nothing.total, nothing.currency)
    assert "of EUR nothing was billed" == nothing.note
    short = ask(outlooks(Bill(days=2, EUR="5")), "2026-05-01", "2026-06-01")
    assert (plain.total, "USD") == (short.total, short.currency)
    assert short.note.startswith("EUR is left out: ")


def test_several_currencies_are_forecast_in_one_by_the_rates_of_their_days(state: State) -> None:
    currencies = Currencies(RateStore(state, ManualClock()), "EUR")
    days = [date(2025, 9, 30) + timedelta(days=at_) for at_ in range(0, 240, 5)]
    rates = [ExchangeRate(day, "EUR", "USD", Decimal(2), "ECB") for day in days]
    asyncio.run(currencies.rates.put("ECB", rates))
    clock = ManualClock(END + 3600_000)
    both = Outlooks(Bill(days=300, EUR="1"), Here(), clock, currencies=currencies)  # type: ignore[arg-type]
    found = ask(both, "2026-05-01", "2026-05-11")
    assert ("EUR", "USD by the rates of ECB") == (found.currency, found.note)
    usd = sum(Bill.amount(at("2026-05-01") + number * DAY) for number in range(10))
    assert usd / 2 + 10 == found.total.known
    assert "USD" == ask(both, "2026-05-01", "2026-05-11", currency="USD").currency
    asyncio.run(currencies.rates.remove("ECB"))
    with pytest.raises(InvalidInput, match="never added"):
        ask(both, "2026-05-01", "2026-05-11")


def test_too_far_for_so_little_history() -> None:
    with pytest.raises(TooLittleHistory, match="expected at least"):
        ask(outlooks(), "2026-05-11", "2027-03-01", granularity=Granularity.MONTHLY)


def test_the_calendar_marks_firsts_and_lasts() -> None:
    marks = calendar_of(at("2026-02-27"), 4)
    assert marks.tolist() == [[False] * 3, [False, False, True], [True, False, False], [False, True, False]]
