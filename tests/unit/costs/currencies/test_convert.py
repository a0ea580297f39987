"""Amounts in another currency: by the rate of their day, exactly, rounded once, and never where no rate says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.costs.currencies.convert import RateBook, Worth, rounded, together
from trimtab.costs.currencies.model import Rate
from trimtab.costs.currencies.read_csv import read_rates

FRIDAY = date(2026, 11, 20)


def ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def rate(pair: str, amount: str, day: date = FRIDAY, source: str = "ECB") -> Rate:
    return Rate(day, pair[:3], pair[4:], Decimal(amount), source)


def factor(book: RateBook, from_: str, to: str, day: date = FRIDAY) -> Fraction:
    found = book.worth(from_, to, day)
    assert isinstance(found, Worth), found
    return found.factor


def test_a_rate_counts_from_its_day_on_for_a_week() -> None:
    book = RateBook([rate("EUR/USD", "1.1"), rate("EUR/USD", "1.2", FRIDAY + timedelta(3))])
    assert Fraction(11, 10) == factor(book, "EUR", "USD", FRIDAY + timedelta(2))
    assert Fraction(12, 10) == factor(book, "EUR", "USD", FRIDAY + timedelta(3))
    assert Fraction(12, 10) == factor(book, "EUR", "USD", FRIDAY + timedelta(10))
    assert "no rate between EUR and USD of 2026-12-01 or the 7 days before" in str(
        book.worth("EUR", "USD", FRIDAY + timedelta(11))
    )
    assert "of 2026-11-19" in str(book.worth("EUR", "USD", FRIDAY - timedelta(1)))
    assert "no rate of CHF was imported" == book.worth("CHF", "USD", FRIDAY)


def test_a_rate_is_read_backwards_and_over_a_common_currency_exactly() -> None:
    book = RateBook([rate("EUR/USD", "1.1568"), rate("EUR/JPY", "179.35", source="mine"), rate("USD/CHF", "0.9")])
    assert 1 / Fraction("1.1568") == factor(book, "USD", "EUR")
    assert Fraction("179.35") / Fraction("1.1568") == factor(book, "USD", "JPY")
    found = book.worth("USD", "JPY", FRIDAY)
    assert isinstance(found, Worth)
    assert ("ECB", "mine") == found.sources
    assert "no rate between JPY and CHF" in str(book.worth("JPY", "CHF", FRIDAY))  # two steps are none
    assert Worth(Fraction(1), ()) == book.worth("XXX", "XXX", FRIDAY)


def test_the_rate_that_came_last_counts_of_one_day_and_the_newest_of_several() -> None:
    assert Fraction(2) == factor(RateBook([rate("EUR/USD", "1"), rate("EUR/USD", "2", source="b")]), "EUR", "USD")
    newer = [rate("EUR/USD", "1"), rate("USD/EUR", "4", FRIDAY + timedelta(1))]
    assert Fraction(1, 4) == factor(RateBook(newer), "EUR", "USD", FRIDAY + timedelta(1))
    over = [rate("EUR/USD", "2"), rate("EUR/CHF", "4"), rate("GBP/USD", "1", FRIDAY + timedelta(1))]
    over.append(rate("GBP/CHF", "3", FRIDAY + timedelta(1)))
    assert Fraction(3) == factor(RateBook(over), "USD", "CHF", FRIDAY + timedelta(2))  # over GBP, which is newer


def test_a_sum_is_rounded_once_and_keeps_its_originals() -> None:
    book = RateBook([rate("EUR/USD", "3")])
    amounts = {(ms(FRIDAY), "USD"): Decimal("0.01"), (ms(FRIDAY + timedelta(1)), "USD"): Decimal("0.01")}
    assert Decimal("0.01") == together(amounts, "EUR", book).total  # 0.0033… twice is 0.0067
    found = together({**amounts, (ms(FRIDAY), "EUR"): Decimal("1.5")}, "EUR", book)
    assert Decimal("1.51") == found.total
    assert {"USD": Decimal("0.02"), "EUR": Decimal("1.5")} == found.originals
    assert (("ECB",), True, False) == (found.sources, found.rounded, found.is_one)


def test_a_missing_rate_makes_no_total_and_names_the_currency() -> None:
    found = together({(ms(FRIDAY), "USD"): Decimal(1), (ms(FRIDAY), "CHF"): Decimal(2)}, "USD", RateBook())
    assert found.total is None
    assert {"CHF": "no rate of CHF and USD was imported"} == found.missing
    assert {"USD": Decimal(1), "CHF": Decimal(2)} == found.originals


def test_nothing_to_convert_is_the_exact_sum_and_zeros_need_no_rate() -> None:
    exact = together({(ms(FRIDAY), "USD"): Decimal("0.000000000001")}, "USD", RateBook())
    assert (Decimal("0.000000000001"), False, True) == (exact.total, exact.rounded, exact.is_one)
    zero = together({(ms(FRIDAY), "USD"): Decimal(1), (ms(FRIDAY), "EUR"): Decimal(0)}, "USD", RateBook())
    assert Decimal(1) == zero.total


@pytest.mark.parametrize(
    ("exact", "currency", "expected"),
    [("0.005", "USD", "0.00"), ("0.015", "USD", "0.02"), ("-0.005", "USD", "0.00"), ("-0.015", "USD", "-0.02"),
     ("0.5", "JPY", "0"), ("1.5", "JPY", "2"), ("1/3", "KWD", "0.333"), ("-1/3", "USD", "-0.33")],
)  # fmt: skip
def test_amounts_are_rounded_half_to_even_in_coins(exact: str, currency: str, expected: str) -> None:
    found = rounded(Fraction(exact), currency)
    assert Decimal(expected) == found
    assert Decimal(expected).as_tuple().exponent == found.as_tuple().exponent


@given(
    st.decimals("0.0001", 10**6, places=6),
    st.decimals("0.0001", 10**6, places=6),
    st.decimals(-(10**9), 10**9, places=12),
)
def test_there_and_back_again_is_the_same(usd: Decimal, jpy: Decimal, amount: Decimal) -> None:
    book = RateBook([rate("EUR/USD", str(usd)), rate("EUR/JPY", str(jpy))])
    assert 1 == factor(book, "USD", "JPY") * factor(book, "JPY", "USD")
    assert Fraction(amount) == Fraction(amount) * factor(book, "USD", "JPY") * factor(book, "JPY", "USD")
    half = together({(ms(FRIDAY), "USD"): amount}, "JPY", book).total
    assert half is not None
    assert abs(Fraction(half) - Fraction(amount) * factor(book, "USD", "JPY")) <= Fraction(1, 2)


ECB = "Date,USD,JPY,ISK,\n2026-11-27,1.1568,179.35,N/A,\n2026-11-26,1.16,180,,\n\n"


def test_the_ecb_file_is_what_a_euro_was_worth() -> None:
    found = read_rates("\ufeff" + ECB, "ECB reference rates")
    assert [("USD", "1.1568"), ("JPY", "179.35"), ("USD", "1.16"), ("JPY", "180")] == [
        (one.quote, str(one.rate)) for one in found
    ]
    assert {("EUR", "ECB reference rates")} == {(one.base, one.source) for one in found}
    assert date(2026, 11, 27) == found[0].day
    daily = read_rates("Date, USD, JPY, \n27 November 2026, 1.1568, 179.35, \n", "ECB")
    assert found[:2] == [Rate(one.day, one.base, one.quote, one.rate, "ECB reference rates") for one in daily]


def test_a_rate_a_line_in_any_order_of_columns() -> None:
    found = read_rates("from,to,date,rate\neur,usd,2026-11-27,1.1568\n", "mine")
    assert [Rate(date(2026, 11, 27), "EUR", "USD", Decimal("1.1568"), "mine")] == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got the columns none"),
        ("day,a,b\n", "expected date, from, to and rate"),
        ("date,from,to,rate\n", "the file has none"),
        ("date,from,to,rate\n2026-11-27,EUR,USD,0\n", "line 2 has the rate '0'"),
        ("date,from,to,rate\n2026-11-27,EUR,USD,NaN\n", "line 2 has the rate 'NaN'"),
        ("date,from,to,rate\n2026-11-27,EUR,USD,1e99\n", "line 2 has the rate"),
        ("date,from,to,rate\n2026-11-27,EUR,EUR,1\n", "line 2 is from EUR to itself"),
        ("date,from,to,rate\n27.11.2026,EUR,USD,1\n", "line 2 has the date '27.11.2026'"),
        ("date,from,to,rate\n2026-11-27,EURO,USD,1\n", "line 2 has the currency 'EURO'"),
        ("Date,Dollar\n2026-11-27,1\n", "the head has the currency 'Dollar'"),
    ],
)
def test_a_file_that_is_none_says_where(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read rates") as problem:
        read_rates(text, "mine")
    assert words in str(problem.value)
