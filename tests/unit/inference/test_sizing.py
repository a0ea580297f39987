"""From load tests to type × count × target."""

from decimal import Decimal

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.inference.cost import Price
from trimtab.inference.estimated import estimates
from trimtab.inference.result import Interval, Level, LoadTest, Overhead
from trimtab.inference.sizing import Known, Wanted, batch_words, sizings, spot_words
from trimtab.inventory.catalog.book import load

PRICES = {"m5.large": "0.10", "g5.xlarge": "1.00", "g5.12xlarge": "6.00"}


def price_of(type_: str) -> Price | None:
    return Price(Decimal(PRICES[type_]), "USD", "list") if type_ in PRICES else None


def known_of(type_: str, rate: float, p99: float, started_ms: int = 1, setup_s: float = 0.0) -> Known:
    flat = Interval(p99, p99, p99)
    level = Level(rate, rate, rate, 1.0, 10.0, 1000, 0.0, "meets", Interval(1, 1, 1), {"p99": flat}, {"watts": 200.0},
                  tokens_per_s=100 * rate)  # fmt: skip
    capacity = Interval(rate, 0.97 * rate, 1.03 * rate)
    over = Overhead(30.0, 0.1, 0.1, False)
    test = LoadTest("llm", "http://m", "http", "capacity", started_ms, 60, 50, 0.99, [level], over, capacity,
                    instance_type=type_, setup_s=setup_s)  # fmt: skip
    return Known(f"{type_}-{started_ms}", test)


def test_a_fleet_bears_its_peak_at_the_share_of_each_capacity() -> None:
    [small, large] = sizings([known_of("g5.xlarge", 100, 40), known_of("g5.12xlarge", 400, 20)], price_of,
                             Wanted(peak=700, share=0.7))  # fmt: skip
    assert ("g5.xlarge", 10, 4200) == (small.instance_type, small.count, small.target_per_min)
    assert (Decimal("1.00") * 10, Decimal("6.00") * 3) == (small.fleet_per_hour, large.fleet_per_hour)
    assert Decimal("0.00277778") == small.per_1k
    assert (2.0, 0.5) == (small.joules, large.joules)
    assert Decimal("0.027778") == small.per_1m_tokens
    assert ("g5.xlarge", 10, 4200) == (small.policy.instance_type, small.policy.count, small.policy.target_per_min)


def test_what_is_slower_and_dearer_is_not_on_the_front() -> None:
    fast, slow = known_of("g5.xlarge", 100, 20), known_of("g5.12xlarge", 100, 40)
    assert [("g5.xlarge", True), ("g5.12xlarge", False)] == [
        (one.instance_type, one.on_front) for one in sizings([slow, fast], price_of, Wanted())
    ]


def test_the_newest_test_of_a_type_counts_and_one_without_a_price_comes_last() -> None:
    found = sizings(
        [known_of("unlisted", 10, 5), known_of("g5.xlarge", 100, 20, 1), known_of("g5.xlarge", 50, 20, 2)],
        price_of,
        Wanted(),
    )
    assert ["g5.xlarge-2", "unlisted-1"] == [one.test_id for one in found]
    assert None is found[1].per_1k


def test_spot_suits_what_starts_within_the_notice_and_is_several() -> None:
    assert spot_words(0, 4).startswith("not known")
    assert spot_words(300, 4).startswith("no")
    assert spot_words(30, 1).startswith("no")
    assert spot_words(30, 4).startswith("yes, for 3 of 4")


def test_a_fleet_that_is_hardly_used_had_better_be_a_batch_job() -> None:
    price = Price(Decimal(1), "USD", "list")
    assert batch_words(price, 10, 100.0, 10.0).startswith("batch")
    assert batch_words(price, 10, 100.0, 800.0).startswith("at once")
    assert "" == batch_words(None, 10, 100.0, 10.0)


def test_a_mean_above_the_peak_is_refused() -> None:
    with pytest.raises(InvalidInput, match="mean up to the peak"):
        Wanted(peak=1, mean=2)


def test_types_that_nobody_measured_are_estimated_with_bounds() -> None:
    now_ms, catalog = 1_795_000_000_000, load()
    found = estimates([known_of("m5.large", 100, 20)], catalog, now_ms, "us-east-1")
    assert found
    by_type = {one.test.instance_type: one for one in found}
    assert all(one.startswith("m5.") for one in by_type)
    twice = by_type["m5.xlarge"]
    assert twice.test.capacity == Interval(200, 140, pytest.approx(220))
    assert "m5.large, which was measured" in twice.estimate


def test_accelerated_types_are_estimated_from_accelerated_ones() -> None:
    measured = known_of("ml.g5.xlarge", 100, 20)
    found = estimates([measured], load(), 1_795_000_000_000, "us-east-1")
    assert found
    for one in found:
        capacity = one.test.capacity
        assert capacity is not None
        assert capacity.lower < capacity.value < (capacity.upper or 0)
        assert one.test.instance_type.startswith("ml.")
        assert one.estimate
    assert not estimates([replace(measured, estimate="already")], load(), 1_795_000_000_000, "us-east-1")
