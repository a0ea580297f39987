"""The catalogue, own rates, and which price counts."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.inventory.catalog.book import load
from trimtab.inventory.catalog.model import PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.catalog.pricing import Machine, Pricing
from trimtab.inventory.catalog.rates import RateStore, amount_of
from trimtab.store.state.database import State

NOW, LONG_AGO = 1_795_000_000_000, 1_740_000_000_000
P5 = Machine("p5.48xlarge", "NVIDIA H100 80GB HBM3", 8.0, "p5")


def price(
    subject: str, amount: str, unit: RateUnit = RateUnit.GPU_HOUR, from_ms: int = 0, to_ms: int | None = None
) -> Rate:
    return Rate(RateKind.PRICE, subject, unit, Decimal(amount), "USD", from_ms, to_ms)


def discount(subject: str, percent: str) -> Rate:
    return Rate(RateKind.DISCOUNT, subject, RateUnit.GPU_HOUR, Decimal(percent), "", 0)


@pytest.fixture
def rates(tmp_path: Path) -> Iterator[RateStore]:
    state = State.open("", tmp_path)
    yield RateStore(state, ManualClock())
    state.close()


def test_every_row_has_a_source_with_a_date_and_every_accelerator_is_known() -> None:
    catalog = load()
    assert 1100 < len(catalog.types)
    for one in catalog.types.values():
        assert catalog.sources[one.source].date
        assert not one.accelerator or one.accelerator in catalog.accelerators or one.accelerators < 1, one.type
    for prices in catalog.prices.values():
        assert all(catalog.sources[one.source].date and one.as_of for one in prices)
        assert 1 == sum(one.until_ms is None for one in prices)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("gpu:h100", "H100"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4", "L4"),
        ("Tesla T4", "T4"),
        ("a100", None),  # of which of two?
        ("", None),
    ],
)
def test_accelerators_by_the_names_of_tools(text: str, expected: str | None) -> None:
    found = load().accelerator(text)
    assert expected == (found.name if found else None)


def test_a_list_price_is_that_of_its_time() -> None:
    pricing = Pricing(load(), [])
    now, then = pricing.gpu_hour(P5, NOW), pricing.gpu_hour(P5, LONG_AGO)
    assert (Decimal("6.88"), Decimal("12.29")) == (now.per_gpu_hour, then.per_gpu_hour)
    assert (PriceBasis.CATALOGUE, "USD") == (now.basis, now.currency)
    assert "as of 2026-07-20" in now.note


def test_an_unknown_price_is_unknown_with_a_reason() -> None:
    pricing = Pricing(load(), [])
    blocks = pricing.gpu_hour(Machine("p5e.48xlarge"), NOW)
    assert (None, PriceBasis.UNKNOWN) == (blocks.per_gpu_hour, blocks.basis)
    assert "the catalogue has no price of it in us-east-1" in blocks.note
    elsewhere = pricing.gpu_hour(Machine("p5.48xlarge", region="eu-central-1"), NOW)
    assert (None, True) == (elsewhere.per_gpu_hour, "eu-central-1" in elsewhere.note)
    assert "set-rate" in pricing.gpu_hour(Machine(), NOW).note


def test_a_discount_is_off_the_list_and_the_narrower_one_counts() -> None:
    pricing = Pricing(load(), [discount("*", "10"), discount("p5.48xlarge", "25")])
    found = pricing.gpu_hour(P5, NOW)
    assert (Decimal("5.16"), PriceBasis.DISCOUNTED) == (found.per_gpu_hour, found.basis)
    assert Decimal("0.9054") == pricing.gpu_hour(Machine("g5.xlarge"), NOW).per_gpu_hour


def test_the_narrowest_own_price_comes_before_the_list() -> None:
    queue, gpu = price("queue:p5", "9"), price("gpu:H100", "2.85")
    machine = price("p5.48xlarge", "40", RateUnit.INSTANCE_HOUR)
    catalog = load()
    assert Decimal(9) == Pricing(catalog, [queue]).gpu_hour(P5, NOW).per_gpu_hour
    assert Decimal("2.85") == Pricing(catalog, [queue, gpu]).gpu_hour(P5, NOW).per_gpu_hour
    found = Pricing(catalog, [queue, gpu, machine]).gpu_hour(P5, NOW)
    assert (Decimal(5), PriceBasis.RATE_CARD) == (found.per_gpu_hour, found.basis)
    assert Decimal("2.85") == Pricing(catalog, [gpu]).gpu_hour(Machine(gpu_type="h100"), NOW).per_gpu_hour
    assert (
        Decimal("1.5")
        == Pricing(catalog, [price("gpu:A100", "1.5")]).gpu_hour(Machine(gpu_type="a100"), NOW).per_gpu_hour
    )


def test_an_own_price_holds_from_and_until_its_time() -> None:
    old, new = price("gpu:H100", "4", to_ms=NOW), price("gpu:H100", "3", from_ms=NOW)
    pricing = Pricing(load(), [old, new])
    assert Decimal(4) == pricing.gpu_hour(P5, NOW - 1).per_gpu_hour
    assert Decimal(3) == pricing.gpu_hour(P5, NOW).per_gpu_hour


def test_rates_are_kept_replaced_and_removed(rates: RateStore) -> None:
    async def work() -> list[Rate]:
        await rates.put([price("gpu:H100", "2.850000000001"), discount("*", "12")])
        await rates.put([price("gpu:H100", "3")])
        return await rates.all()

    found = asyncio.run(work())
    assert [("*", Decimal(12)), ("gpu:H100", Decimal(3))] == [(one.subject, one.amount) for one in found]
    assert "*" == asyncio.run(rates.remove(found[0].id)).subject
    with pytest.raises(NotFound):
        asyncio.run(rates.remove(found[0].id))


@pytest.mark.parametrize(
    "rate",
    [
        price("", "1"),
        price("*", "1"),
        price("gpu:H100", "-1"),
        price("gpu:H100", "1", from_ms=5, to_ms=5),
        discount("*", "101"),
    ],
)
def test_rates_that_cannot_hold_are_refused_and_none_of_their_list_is_kept(rates: RateStore, rate: Rate) -> None:
    with pytest.raises(InvalidInput):
        asyncio.run(rates.put([price("gpu:L4", "1"), rate]))
    assert [] == asyncio.run(rates.all())


def test_an_amount_is_a_number() -> None:
    with pytest.raises(InvalidInput, match="number"):
        amount_of("cheap")
