"""What a line of a month comes to, by the way that was nearest on closed months."""

import pytest

from trimtab.costs.closing.charges import Kind, LineName
from trimtab.costs.closing.support import PLANS
from trimtab.costs.closing.ways import Expectation, LineMonth, bases_of, comes_daily, expect

USED = (8_000.0, 12_000.0, 9_000.0, 20_000.0, 15_000.0)


def months(amounts: list[float], *, so_far: list[float] | None = None, **off: float) -> list[LineMonth]:
    """Closed months of `USED`, with what the line came to in each."""
    lines = {LineName(Kind(kind.replace("_", " "))): amount for kind, amount in off.items()}
    early = so_far or [0.0] * len(amounts)
    return [
        LineMonth(bases_of(used, lines), 30, 20, so_far=known, amount=amount)
        for used, amount, known in zip(USED, amounts, early, strict=False)
    ]


def now(use: float, so_far: float = 0.0, **more: float) -> LineMonth:
    return LineMonth(bases_of(use, {}), 30, 20, so_far=so_far, **more)  # type: ignore[arg-type]  # `daily` is 0 or 1


def ask(kind: Kind, past: list[LineMonth], month: LineMonth, *, dollars: bool = True) -> Expectation:
    return expect(kind, past, month, 0.8, dollars=dollars)


def test_tax_is_its_rate_on_what_is_charged() -> None:
    found = ask(Kind.TAX, months([0.2 * used for used in USED]), now(30_000))
    assert pytest.approx(6_000) == found.amount == found.lower == found.upper
    assert "a share of everything before tax" == found.why


def test_tax_is_on_what_credits_leave_where_closed_months_say_so() -> None:
    past = [
        LineMonth(bases_of(used, {LineName(Kind.CREDIT): credit}), 30, 20, amount=0.2 * (used + credit))
        for used, credit in zip(USED, (-100.0, -4_000.0, -50.0, -9_000.0, -1_000.0), strict=True)
    ]
    found = ask(Kind.TAX, past, LineMonth(bases_of(30_000, {LineName(Kind.CREDIT): -10_000.0}), 30, 20))
    assert pytest.approx(4_000) == found.amount
    assert "a share of everything before tax less credits" == found.why


def test_support_is_told_by_the_tiers_of_its_plan_from_one_month_on() -> None:
    business = [PLANS["Business"].of(used) + 0.004 for used in USED]  # as a bill rounds
    for count in (1, 5):
        found = ask(Kind.SUPPORT, months(business[:count]), now(100_000))
        assert pytest.approx(1_000 + 4_900 + 1_000) == found.amount
        assert found.why.startswith("the tiers of AWS Business support")


def test_support_in_another_currency_is_a_share() -> None:
    found = ask(Kind.SUPPORT, months([0.06 * used for used in USED]), now(50_000), dollars=False)
    assert (pytest.approx(3_000), "a share of use") == (found.amount, found.why)


def test_a_fee_that_came_is_what_it_came_to_and_one_to_come_is_as_usual() -> None:
    past = months([100.0] * 4 + [120.0], so_far=[100.0] * 4 + [120.0])
    assert 125 == ask(Kind.FEE, past, now(9_000, 125.0)).amount
    assert 120 == ask(Kind.FEE, months([100.0, 100.0, 120.0, 120.0, 120.0]), now(9_000)).amount
    once = ask(Kind.FEE, months([0.0, 0.0, 900.0, 0.0, 0.0]), now(9_000))
    assert (0, "not of every month") == (once.amount, once.why)


def test_credits_end_when_the_last_month_had_less_than_half() -> None:
    assert -500 == ask(Kind.CREDIT, months([-500.0] * 5), now(9_000)).amount
    ended = ask(Kind.CREDIT, months([-500.0] * 4 + [-90.0]), now(9_000))
    assert (0, 0, 0) == (ended.amount, ended.lower, ended.upper)
    assert ended.why.startswith("ended")


def test_daily_credits_end_with_the_days_that_have_none() -> None:
    past = months([-600.0] * 5, so_far=[-200.0] * 5)
    assert -200 - 20 * 20 == ask(Kind.CREDIT, past, now(9_000, -200.0, rate=-20.0, daily=True)).amount
    ended = ask(Kind.CREDIT, past, now(9_000, -90.0, rate=0.0, daily=True))
    assert (-90, "ended: nothing in the last week of the bill") == (ended.amount, ended.why)


def test_refunds_are_expected_for_the_days_that_are_left_alone() -> None:
    past = months([-300.0] * 5, so_far=[-100.0] * 5)
    found = ask(Kind.REFUND, past, now(9_000, -50.0))
    assert pytest.approx(-50 - 300 * 20 / 30) == found.amount
    assert found.lower <= found.amount <= found.upper <= 0


def test_nothing_is_expected_to_be_less_than_has_come() -> None:
    found = ask(Kind.TAX, months([0.2 * used for used in USED]), now(100.0, 4_000.0))
    assert 4_000 == found.amount == found.lower
    assert "new this month" == ask(Kind.TAX, [], now(100.0, 4_000.0)).why


def test_bounds_are_as_wide_as_the_line_was_off() -> None:
    past = months([0.2 * used + wrong for used, wrong in zip(USED, (0, 100, -100, 120, -90), strict=True)])
    found = ask(Kind.TAX, past, now(10_000))
    assert 90 < found.upper - found.amount < 400
    assert 90 < found.amount - found.lower < 400


def test_a_single_month_teaches_a_rate_with_wide_bounds() -> None:
    found = ask(Kind.TAX, months([1_600.0]), now(10_000))
    assert (pytest.approx(2_000), pytest.approx(1_000), pytest.approx(3_000)) == (
        found.amount,
        found.lower,
        found.upper,
    )


def test_a_line_comes_daily_where_most_months_have_it_on_many_days() -> None:
    assert comes_daily([30, 28, 0, 31])
    assert not comes_daily([1, 3, 1])
    assert not comes_daily([])
