"""Amounts on Cost Explorer's wire: two currencies are never added, and one without any amount is none."""

from decimal import Decimal

import pytest

from trimtab.costs.model import CostRow, Metric
from trimtab.doors.aws.cost_explorer.metrics import values_of
from trimtab.doors.aws.faults import AwsError

METRICS = {"UnblendedCost": Metric.UNBLENDED, "AmortizedCost": Metric.AMORTIZED}
COLUMNS = (Metric.UNBLENDED, Metric.AMORTIZED)


def row(currency: str, *amounts: str) -> CostRow:
    return CostRow(0, 1, (), currency, "Hrs", 1, tuple(map(Decimal, amounts)))


def test_the_currency_that_has_an_amount_answers() -> None:
    found = values_of([row("EUR", "0", "2"), row("USD", "5", "0")], METRICS, COLUMNS)
    expected = {
        "UnblendedCost": {"Amount": "5", "Unit": "USD"},
        "AmortizedCost": {"Amount": "2", "Unit": "EUR"},
    }
    assert expected == found


def test_nothing_has_the_currency_of_its_lines() -> None:
    found = values_of([row("EUR", "0", "0")], METRICS, COLUMNS)
    assert {"Amount": "0", "Unit": "EUR"} == found["UnblendedCost"]
    assert {"Amount": "0", "Unit": "USD"} == values_of([], METRICS, COLUMNS)["UnblendedCost"]


def test_amounts_in_two_currencies_are_not_one() -> None:
    with pytest.raises(AwsError, match="the bill is in EUR and USD, which are never added"):
        values_of([row("EUR", "1", "0"), row("USD", "5", "0")], METRICS, COLUMNS)
