"""Plans of several currencies in one: converted by the dated rate, the total the sum of what is shown."""

from datetime import date
from decimal import Decimal as D

from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.presented import together
from trimtab.costs.currencies.convert import RateBook
from trimtab.costs.currencies.model import Rate

MADE_MS = 1_796_025_600_000
"""2026-11-30, a Monday; the newest rate is Friday's."""
FRIDAY = date(2026, 11, 27)
BOOK = RateBook(
    [
        Rate(date(2026, 11, 26), "EUR", "USD", D("1.5"), "old"),
        Rate(FRIDAY, "EUR", "USD", D("1.1568"), "ECB"),
        Rate(FRIDAY, "EUR", "JPY", D("181.07"), "ECB"),
    ]
)


def plan(currency: str, total: str) -> Plan:
    return Plan(MADE_MS, currency, 0, 1, D(1000), D(total), D(total) - 1, D(total) + 1)


def test_plans_are_converted_by_the_rate_of_their_day_and_add_up_as_shown() -> None:
    plans = [plan("USD", "100.01"), plan("EUR", "33.33"), plan("JPY", "5000")]
    found = together(plans, "USD", BOOK)
    assert found is not None
    assert [("USD", D("100.01"), None), ("EUR", D("38.56"), D("1.156800")), ("JPY", D("31.94"), D("0.006389"))] == [
        (one.currency, one.total, one.rate) for one in found.parts
    ]
    assert [None, FRIDAY, FRIDAY] == [one.day for one in found.parts]
    assert [(), ("ECB",), ("ECB",)] == [one.sources for one in found.parts]
    assert [D("100.01"), D("33.33"), D("5000")] == [one.original for one in found.parts]
    assert D("170.51") == found.sum("total") == sum(one.total for one in found.parts)
    assert found.sum("low") < found.sum("total") < found.sum("high")
    assert D("2163.19") == found.sum("billed")
    assert {} == found.missing


def test_a_currency_without_a_rate_is_named_and_left_out_of_the_total() -> None:
    found = together([plan("USD", "100"), plan("BRL", "70")], "USD", BOOK)
    assert found is not None
    assert (["USD"], D(100)) == ([one.currency for one in found.parts], found.sum("total"))
    assert "no rate of BRL was imported" == found.missing["BRL"]


def test_one_plan_in_the_currency_asked_for_needs_no_other() -> None:
    assert together([plan("USD", "100")], "USD", BOOK) is None
    assert together([], "USD", BOOK) is None
    assert together([plan("USD", "100")], "EUR", BOOK) is not None
