"""Utilisation, coverage and the effective savings rate by hand."""

from decimal import Decimal

from trimtab.costs.explorer.commitments import (
    CommitmentUse,
    HourCoverage,
    SavingsRate,
    SpendCoverage,
    share,
    total_use,
)

D = Decimal
USE = CommitmentUse(total=D(40), used=D(30), recurring=D(40), on_demand=D("42.5"), covered=D(30))
RESERVATION = CommitmentUse(
    total=D("178.56"),
    used=D("89.28"),
    recurring=D("74.4"),
    on_demand=D("148.8"),
    covered=D("89.28"),
    hours=D(1488),
    unused_hours=D(744),
)


def test_a_plan_is_used_by_cost() -> None:
    assert (USE.utilization, USE.unused, USE.upfront) == (D("0.75"), D(10), D(0))
    assert USE.net_savings == D("2.5")
    assert USE.potential_savings == D("16.666666666667")


def test_a_reservation_is_used_by_hours() -> None:
    assert (RESERVATION.utilization, RESERVATION.used_hours) == (D("0.5"), D(744))
    assert RESERVATION.upfront == D("104.16")
    assert RESERVATION.net_savings == D("-29.76")


def test_what_was_not_committed_has_no_utilisation() -> None:
    assert CommitmentUse().utilization is None
    assert CommitmentUse().potential_savings is None


def test_a_month_is_shared_out_by_days() -> None:
    day = RESERVATION.part(1, 31)
    assert day.total == D("5.76")
    assert day.hours == D(48)
    assert RESERVATION.part(31, 31) == RESERVATION
    assert total_use([day] * 31).total == RESERVATION.total


def test_hours_are_covered_where_reserved() -> None:
    found = HourCoverage(D(1116), D(0), D(8928)).plus(HourCoverage(D(0), D(180), D(0), D(1200), D("32.4")))
    assert (found.total, found.share) == (D(1296), D("0.861111111111"))
    assert found.units_share == D("0.881516587678")
    assert HourCoverage().share is None


def test_spend_is_covered_at_on_demand_rates() -> None:
    assert SpendCoverage(D(51), D("32.4")).share == D("0.611510791367")
    assert SpendCoverage().share is None


def test_the_savings_rate_counts_unused_commitments() -> None:
    # 300 on demand, paid 202.32 for use and 48.64 for nothing.
    found = SavingsRate(D(300), D("202.32")).plus(SavingsRate(D(0), D("48.64"), D("48.64")))
    assert (found.savings, found.rate) == (D("49.04"), D("0.163466666667"))
    assert SavingsRate().rate is None


def test_a_share_of_nothing_is_unknown() -> None:
    assert share(D(1), D(0)) is None
