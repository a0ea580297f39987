"""What changed, in words."""

from decimal import Decimal

import pytest
from tests.unit.costs.explorer.test_drivers import TAX, charge

from trimtab.base.coins import money, signed
from trimtab.costs.explorer.drivers import Charge, PoolKey, explain
from trimtab.costs.explorer.words import headline, ratio, sentence, title

D = Decimal


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1234.565", "1,234.56 USD"),
        ("0", "0.00 USD"),
        ("-3", "−3.00 USD"),
        ("0.00123", "0.0012 USD"),
        ("-0.00123", "−0.0012 USD"),
        ("0.0000000512", "5e-8 USD"),
    ],
)
def test_money_says_its_currency(amount: str, expected: str) -> None:
    assert money(D(amount), "USD") == expected


def test_signs_and_shares() -> None:
    assert [signed(D(one), "EUR") for one in ("2", "-2", "0")] == ["+2.00 EUR", "−2.00 EUR", "±0.00 EUR"]
    assert [ratio(D(8), D(9)), ratio(D(0), D(9)), ratio(D(-3), D(0))] == ["+12.5 %", "", "+100.0 %"]
    assert [ratio(D(1), D(100)), ratio(D("0.99"), D(100)), ratio(D(100), D(1))] == ["+9,900.0 %", "", "−99.0 %"]


def test_the_headline_names_every_part() -> None:
    before, after = [charge("a", "20", "100"), charge("", "5", "0", TAX)], [charge("a", "33", "150")]
    assert headline(explain("USD", before, after)) == (
        "Costs rose by 8.00 USD (+32.0 %): +10.00 USD by use, "
        "−5.00 USD by fees, taxes, credits and unused commitments, +3.00 USD by prices."
    )
    assert headline(explain("USD", before, before)) == "Nothing moved in sum: 25.00 USD in both periods."


def why(before: list[Charge], after: list[Charge]) -> tuple[str, str]:
    [driver] = explain("USD", before, after).drivers
    return title(driver), sentence(driver, "USD")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ([("a", "20", "100")], [("a", "30", "150")], "Use went from 100 to 150 Hrs (+50.0 %)."),
        ([("a", "20", "100")], [("a", "24", "100")], "a went from 0.2 to 0.24 USD per Hrs (+20.0 %)."),
        (
            [("a", "20", "100")],
            [("a", "36", "150")],
            "Use went from 100 to 150 Hrs (+50.0 %); a went from 0.2 to 0.24 USD per Hrs (+20.0 %).",
        ),
        (
            [("large", "20", "100"), ("small", "5", "50")],
            [("large", "10", "50"), ("small", "10", "100")],
            "The mix moved: large 100 → 50 Hrs, small 50 → 100 Hrs.",
        ),
        ([], [("a", "3", "1")], "New: a."),
        ([("a", "3", "1"), ("b", "2", "1")], [], "No more: a, b."),
    ],
)
def test_a_driver_says_why(before: list[tuple[str, str, str]], after: list[tuple[str, str, str]], text: str) -> None:
    found = why([charge(*one) for one in before], [charge(*one) for one in after])
    assert found == ("EC2 · Compute Instance", text)


def test_charges_without_a_quantity_are_named() -> None:
    pool = PoolKey("", "EC2", "RIFee", "")
    found = why([charge("", "9", "0", pool)], [charge("", "4", "0", pool)])
    assert found == ("EC2 · unused reservations", "From 9.00 USD to 4.00 USD.")
