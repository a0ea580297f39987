"""Money in words: whole coins, thousands apart, a true minus sign."""

from decimal import Decimal

import pytest

from trimtab.base.coins import coins, exact, money, signed, sums


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (Decimal("1234.565"), "USD", "1,234.56 USD"),
        (Decimal("-4.5"), "EUR", "−4.50 EUR"),
        (Decimal("123456.7"), "JPY", "123,457 JPY"),
        (Decimal("1.2345"), "KWD", "1.234 KWD"),
        (Decimal(0), "USD", "0.00 USD"),
        (Decimal(0), "JPY", "0 JPY"),
        (12.5, "USD", "12.50 USD"),
        ("7.1", "USD", "7.10 USD"),
    ],
)
def test_amounts_are_written_in_the_coins_of_their_currency(amount: Decimal | float | str, currency: str, words: str):
    assert money(amount, currency) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (Decimal("0.0021"), "USD", "0.0021 USD"),
        (Decimal("-0.001"), "USD", "−0.0010 USD"),
        (Decimal("0.35"), "JPY", "0.35 JPY"),
        (Decimal("0.00000012"), "USD", "1e-7 USD"),
    ],
)
def test_less_than_a_coin_is_not_nothing(amount: Decimal, currency: str, words: str):
    assert money(amount, currency) == words


def test_what_rounds_to_nothing_has_no_sign():
    assert coins(Decimal("-0.001"), "USD") == "0.00"


def test_currencies_stand_in_the_order_of_the_alphabet():
    assert sums({"USD": Decimal("1.5"), "JPY": "90"}) == "90 JPY + 1.50 USD"
    assert sums({}) == ""


@pytest.mark.parametrize(("amount", "words"), [("1234.5", "+1,234.50 USD"), ("-0.5", "−0.50 USD"), ("0", "±0.00 USD")])
def test_a_change_says_its_sign(amount: str, words: str):
    assert signed(amount, "USD") == words


def test_all_digits_are_kept_where_they_are_asked_for():
    assert exact(Decimal("-1234.56789")) == "−1,234.56789"
    assert exact(Decimal("3")) == "3.00"
