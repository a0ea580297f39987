"""Parts add up to what was split, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.costs.apportion import apportion, to_coins

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=12, allow_nan=False)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@given(amounts, weights)
def test_parts_add_up_exactly_and_each_is_within_a_unit_of_its_quota(amount: Decimal, shares: list[int]) -> None:
    parts = apportion(amount, shares)
    assert amount == sum(parts)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - amount * share) < sum(shares) * Decimal("1e-12")


@given(st.lists(amounts, min_size=1, max_size=12))
def test_coins_add_up_to_the_rounded_total(found: list[Decimal]) -> None:
    coins = to_coins(found, "USD")
    assert sum(found).quantize(Decimal("0.01")) == sum(coins)
    assert all(abs(coin - amount) < Decimal("0.01") for coin, amount in zip(coins, found, strict=True))


def test_a_third_of_ten_dollars() -> None:
    assert [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")] == apportion(Decimal("10"), [1, 1, 1], 2)


def test_a_credit_is_split_as_a_cost_is() -> None:
    assert [Decimal("-3.34"), Decimal("-3.33"), Decimal("-3.33")] == apportion(Decimal("-10"), [1, 1, 1], 2)


def test_a_yen_has_no_smaller_coin() -> None:
    assert [Decimal(2), Decimal(1)] == to_coins([Decimal("1.6"), Decimal("1.4")], "JPY")


def test_coins_may_be_asked_to_add_up_to_a_total_of_their_own() -> None:
    assert Decimal("0.02") == sum(to_coins([Decimal("0.005"), Decimal("0.006")], "USD", Decimal("0.02")))


def test_without_any_weight_nothing_can_be_split() -> None:
    with pytest.raises(ValueError, match="bug"):
        apportion(Decimal(1), [0, 0])
