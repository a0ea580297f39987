"""What of a bill is use, and what has a month of its own."""

from decimal import Decimal

import numpy as np
import pytest

from trimtab.costs.closing.charges import Charges, Kind, LineName, kind_of, split
from trimtab.costs.closing.late import late_use
from trimtab.costs.closing.support import PLANS
from trimtab.costs.model import CostRow
from trimtab.costs.periods import month_before, next_month

DAY = 86_400_000
JUNE = 1_780_272_000_000  # 1 June 2026
APRIL = month_before(month_before(JUNE))


def row(day: int, record: str, category: str, service: str, amount: str) -> CostRow:
    """A charge so many days after the first of April."""
    at = APRIL + day * DAY
    return CostRow(at, at + DAY, (record, category, service), "USD", "N/A", 1, (Decimal(amount),))


def found(*rows: CostRow, days: int = 71) -> Charges:
    """A bill from the first of April that ends with the 10th of June."""
    use = [row(day, "Usage", "Usage", "EC2", "10") for day in range(days)]
    return split([*use, *rows], APRIL, APRIL + days * DAY, next_month(JUNE))


@pytest.mark.parametrize(
    ("record", "category", "service", "kind"),
    [
        ("Tax", "Tax", "AmazonEC2", Kind.TAX),
        ("", "Tax", "Compute", Kind.TAX),
        ("Refund", "Credit", "AmazonEC2", Kind.REFUND),
        ("", "Adjustment", "Compute", Kind.REFUND),
        ("Credit", "Credit", "AWS Support (Business)", Kind.CREDIT),
        ("", "Credit", "Compute", Kind.CREDIT),
        ("Fee", "Purchase", "AWSSupportEnterprise", Kind.SUPPORT),
        ("Usage", "Usage", "AWS Support (Business)", Kind.SUPPORT),
        ("EdpDiscount", "Credit", "AmazonEC2", None),
        ("Usage", "Usage", "AmazonEC2", None),
    ],
)
def test_lines_say_what_kind_they_are(record: str, category: str, service: str, kind: Kind | None) -> None:
    assert kind == kind_of(record, category, service)


def test_tax_and_support_are_lines_and_use_is_without_them() -> None:
    charges = found(row(0, "Tax", "Tax", "EC2", "60"), row(30, "Tax", "Tax", "S3", "70"))
    assert (Decimal(10),) * 71 == charges.use
    tax = charges.lines[LineName(Kind.TAX)]
    assert (Decimal(60), Decimal(70), 91) == (tax[0], tax[30], len(tax))
    assert Decimal(300 + 60) == charges.known(APRIL, next_month(APRIL))


def test_a_fee_is_what_comes_on_few_days_of_each_month() -> None:
    monthly = [row(day, "Usage", "Usage", "Route53", "5") for day in (0, 30, 61)]
    daily = [row(day, "Usage", "Usage", "S3", "1") for day in range(71)]
    plan = [row(day, "SavingsPlanRecurringFee", "Purchase", "Plans", "2") for day in range(71)]
    charges = found(*monthly, *daily, *plan)
    assert {LineName(Kind.FEE, "Route53")} == set(charges.lines)
    assert (Decimal(13),) * 71 == charges.use


def test_what_came_once_is_use_unless_it_was_bought() -> None:
    charges = found(row(40, "Usage", "Usage", "Snowball", "300"), row(65, "Fee", "Purchase", "Reserved", "900"))
    assert {LineName(Kind.FEE, "Reserved")} == set(charges.lines)
    assert Decimal(310) == charges.use[40]


def test_what_is_dated_after_the_bills_end_is_known_of_its_month() -> None:
    charges = found(row(90, "Tax", "Tax", "EC2", "12"))
    assert Decimal(100 + 12) == charges.known(JUNE, next_month(JUNE))


def test_days_before_the_first_amount_are_no_history() -> None:
    use = [row(day, "Usage", "Usage", "EC2", "10") for day in range(20, 71)]
    charges = split(use, APRIL, APRIL + 71 * DAY, next_month(JUNE))
    assert (APRIL + 20 * DAY, 51, 51) == (charges.start_ms, len(charges.use), len(charges.services["EC2"]))


@pytest.mark.parametrize(
    ("plan", "use", "charge"),
    [
        ("Business", 500, 100),
        ("Business", 9_000, 900),
        ("Business", 85_000, 1_000 + 4_900 + 250),
        ("Business", 300_000, 1_000 + 4_900 + 8_500 + 1_500),
        ("Enterprise", 10_000, 15_000),
        ("Enterprise", 1_200_000, 15_000 + 24_500 + 25_000 + 6_000),
        ("Enterprise On-Ramp", 60_000, 6_000),
        ("Developer", 100, 29),
    ],
)
def test_support_is_charged_by_tiers(plan: str, use: float, charge: float) -> None:
    assert pytest.approx(charge) == PLANS[plan].of(use)


def test_a_service_that_reports_late_is_missing_and_one_that_stopped_is_not() -> None:
    steady = np.full(60, 10.0)
    late, stopped, rare = steady.copy(), steady.copy(), steady.copy()
    late[-2:] = (1.0, 0.0)
    stopped[-4:] = 0.0
    rare[::3] = 0.0
    rare[-1] = 0.0
    assert not late_use({"steady": steady, "stopped": stopped, "rare": rare}, 60).any()
    missing = late_use({"steady": steady, "late": late}, 60)
    assert [9.0, 10.0] == missing[-2:].tolist()
    assert not missing[:-2].any()


def test_what_is_late_is_what_the_same_weekdays_had() -> None:
    shape = np.array([10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0] * 9)
    late = shape.copy()
    late[-1] = 0.0
    assert 16.0 == late_use({"late": late}, 63)[-1]
