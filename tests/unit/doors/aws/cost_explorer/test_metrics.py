"""Amounts on the wire: plain digits, one unit, and never two currencies in one sum."""

from decimal import Decimal

import pytest

from trimtab.costs.model import CostRow, Metric
from trimtab.doors.aws.cost_explorer.metrics import read_metrics, text, values_of
from trimtab.doors.aws.faults import AwsError

COLUMNS = (Metric.UNBLENDED, Metric.USAGE)
WANTED = {"UnblendedCost": Metric.UNBLENDED, "UsageQuantity": Metric.USAGE}


def row(currency: str, unit: str, cost: str, quantity: str) -> CostRow:
    return CostRow(0, 1, (), currency, unit, 1, (Decimal(cost), Decimal(quantity)))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1.500000000000", "1.5"),
        ("100", "100"),
        ("0E-12", "0"),
        ("-0.000000000001", "-0.000000000001"),
        ("1E+3", "1000"),
    ],
)
def test_amounts_are_plain_digits(amount: str, expected: str) -> None:
    assert text(Decimal(amount)) == expected


def test_of_nothing_is_zero_dollars() -> None:
    assert values_of((), WANTED, COLUMNS) == {
        "UnblendedCost": {"Amount": "0", "Unit": "USD"},
        "UsageQuantity": {"Amount": "0", "Unit": "N/A"},
    }


def test_quantities_add_over_currencies_and_costs_do_not() -> None:
    rows = (row("USD", "Hrs", "1", "2"), row("EUR", "Hrs", "3", "4"))
    assert values_of(rows, {"UsageQuantity": Metric.USAGE}, COLUMNS) == {
        "UsageQuantity": {"Amount": "6", "Unit": "Hrs"}
    }
    with pytest.raises(AwsError) as told:
        values_of(rows, WANTED, COLUMNS)
    assert told.value.code == "DataUnavailableException"
    assert "EUR and USD, which are never added" in str(told.value)


@pytest.mark.parametrize("name", ["UnblendedCost", "unblendedcost", "UNBLENDED_COST"])
def test_metrics_are_taken_in_every_spelling(name: str) -> None:
    assert read_metrics([name]) == {"UnblendedCost": Metric.UNBLENDED}


@pytest.mark.parametrize("names", [[], ["Cost"], ["UnblendedCost", ""]])
def test_other_metrics_are_not(names: list[str]) -> None:
    with pytest.raises(AwsError):
        read_metrics(names)
