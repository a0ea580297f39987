"""What changed, worked out by hand; and for any charges the parts add up to the change exactly."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from trimtab.costs.explorer.drivers import Charge, ItemKey, Part, PoolKey, explain

POOL = PoolKey("", "EC2", "Compute Instance", "Hrs")
TAX = PoolKey("", "EC2", "Tax", "")


def charge(name: str, cost: str, hours: str, pool: PoolKey = POOL) -> Charge:
    return Charge(pool, ItemKey(name, "RunInstances", "On-Demand", "Usage"), Decimal(cost), Decimal(hours))


def parts(before: list[Charge], after: list[Charge]) -> dict[str, str]:
    found = explain("USD", before, after)
    return {part.value: f"{amount.normalize():f}" for part, amount in found.parts.items() if amount}


def test_more_of_the_same_is_quantity() -> None:
    assert parts([charge("a", "20", "100")], [charge("a", "30", "150")]) == {"quantity": "10"}


def test_the_same_at_another_price_is_price() -> None:
    assert parts([charge("a", "20", "100")], [charge("a", "22", "100")]) == {"price": "2"}


def test_a_move_to_a_cheaper_kind_is_mix() -> None:
    before = [charge("large", "20", "100"), charge("small", "5", "50")]
    after = [charge("large", "10", "50"), charge("small", "10", "100")]
    assert parts(before, after) == {"mix": "-5"}


def test_a_kind_that_is_new_to_its_pool_is_mix_at_its_own_price() -> None:
    # 100 h at 0.2 become 80 h at 0.2 and 40 h at 0.5: 20 h more at 0.2 = 4; the rest of 16 is the dearer kind.
    after = [charge("a", "16", "80"), charge("b", "20", "40")]
    assert parts([charge("a", "20", "100")], after) == {"quantity": "4", "mix": "12"}


def test_all_three_at_once_by_hand() -> None:
    # Q 150 → 200, C 25 → 41. quantity 25·50/150 = 8⅓; at old prices 100·0.2 + 100·0.1 = 30; mix 30 − 25 − 8⅓ = −3⅓;
    # price 41 − 30 = 11 (a: 0.2 → 0.31).
    before = [charge("a", "20", "100"), charge("b", "5", "50")]
    after = [charge("a", "31", "100"), charge("b", "10", "100")]
    assert parts(before, after) == {"quantity": "8.333333333333", "mix": "-3.333333333333", "price": "11"}
    [driver] = explain("USD", before, after).drivers
    assert [(one.item.usage_type, one.price) for one in driver.items] == [("a", Decimal(11)), ("b", Decimal(0))]
    assert (driver.items[0].price_before, driver.items[0].price_after) == (Decimal("0.2"), Decimal("0.31"))


def test_what_was_not_there_is_new_and_what_is_no_more_is_gone() -> None:
    other = PoolKey("", "S3", "Storage", "GB-Mo")
    found = explain("USD", [charge("a", "20", "100")], [charge("s", "7", "300", other)])
    assert {part: amount for part, amount in found.parts.items() if amount} == {Part.NEW: 7, Part.GONE: -20}
    assert [driver.leading for driver in found.drivers] == [Part.GONE, Part.NEW]


def test_charges_without_a_quantity_are_other() -> None:
    assert parts([charge("", "5", "0", TAX)], [charge("", "6.25", "0", TAX)]) == {"other": "1.25"}


def test_what_did_not_move_is_no_driver() -> None:
    found = explain("USD", [charge("a", "20", "100")], [charge("a", "20", "100")])
    assert (found.drivers, found.change) == ((), 0)


def test_a_move_between_kinds_at_equal_cost_is_a_driver() -> None:
    before = [charge("large", "20", "100"), charge("small", "5", "50")]
    after = [charge("large", "15", "75"), charge("small", "10", "100")]
    [driver] = explain("USD", before, after).drivers
    assert driver.change == 0
    assert driver.parts[Part.QUANTITY] == -driver.parts[Part.MIX] > 0


amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=12)
quantities = st.decimals(min_value=-(10**9), max_value=10**12, places=12)
names = st.sampled_from("abcd")
pools = st.sampled_from((POOL, TAX, PoolKey("g", "S3", "Storage", "GB-Mo")))


def charges() -> st.SearchStrategy[list[Charge]]:
    items = names.map(lambda name: ItemKey(name, "", "On-Demand", "Usage"))
    return st.lists(st.builds(Charge, pools, items, amounts, quantities), max_size=8)


@given(charges(), charges())
def test_the_parts_add_up_to_the_change(before: list[Charge], after: list[Charge]) -> None:
    found = explain("USD", before, after)
    with localcontext(prec=80):
        assert found.change == sum(one.cost for one in after) - sum(one.cost for one in before)
        assert sum(found.parts.values()) == found.change
        for driver in found.drivers:
            assert sum(driver.parts.values()) == driver.change
            assert sum(one.change for one in driver.items) == driver.change
            assert sum(one.price for one in driver.items) == driver.parts.get(Part.PRICE, 0)
