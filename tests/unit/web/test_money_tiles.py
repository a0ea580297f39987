"""The overview's money: the month's bill, and idle hours at the price of their machines."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from trimtab.costs.model import CostRow
from trimtab.inventory.catalog.book import load
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.inventory.catalog.pricing import Pricing
from trimtab.inventory.runs.model import Condition, Node
from trimtab.web.gpu_fleet import GpuRow
from trimtab.web.money_tiles import Idle, idle_tile, month_of, priced, words_of
from trimtab.web.tiles import Tile

DAY = 86_400_000
NOVEMBER = 1_793_491_200_000  # 2026-11-01


def day(number: int, currency: str, amount: str) -> CostRow:
    start = NOVEMBER + number * DAY
    return CostRow(start, start + DAY, (), currency, "N/A", 1, (Decimal(amount),))


def gpu(node: str, model: str, idle_h: float) -> GpuRow:
    return cast(GpuRow, SimpleNamespace(node=node, model=model, idle_h=idle_h))


def pricing(**rates: str) -> Pricing:
    own = [
        Rate(RateKind.PRICE, f"gpu:{name}", RateUnit.GPU_HOUR, Decimal(amount), "EUR", 0, None, "")
        for name, amount in rates.items()
    ]
    return Pricing(load(), cast(Any, own))


def test_the_months_bill_is_summed_by_currency_and_never_across() -> None:
    rows = [day(0, "USD", "1000.40"), day(1, "USD", "234.20"), day(0, "EUR", "17.5")]
    tile = month_of(rows, NOVEMBER + 2 * DAY, this_month=True)
    assert (tile.label, tile.value, tile.unit) == ("This month’s $", "1,235", "USD")
    assert tile.note == "billed to 2 Nov · 18 EUR"
    assert tile.trend == [1000.40, 234.20]


def test_an_older_bill_says_its_month() -> None:
    assert month_of([day(0, "USD", "5")], NOVEMBER + 30 * DAY, this_month=False).label == "November’s $"


def test_idle_hours_cost_what_their_machine_costs() -> None:
    node = Node("1", "c", "n1", Condition.UP, gpus=8, instance_type="p5.48xlarge")
    found = priced([gpu("n1", "NVIDIA H100", 10.0), gpu("n1", "NVIDIA H100", 6.0)], {"n1": node}, pricing(), NOVEMBER)
    listed = load().price("p5.48xlarge", NOVEMBER, "us-east-1")
    assert listed is not None
    assert found.amounts == {listed.currency: listed.per_hour / 8 * 16}


def test_hours_without_a_price_are_told_and_not_guessed() -> None:
    found = priced([gpu("x", "NVIDIA H100", 10.0), gpu("y", "Unheard-of", 4.0)], {}, pricing(H100="2"), NOVEMBER)
    assert (found.amounts, found.unpriced_h) == ({"EUR": Decimal(20)}, 4.0)
    tile = idle_tile(Tile("Idle GPU-hours", "14", "h", "", [], "/hosts"), found)
    assert (tile.label, tile.value, tile.unit) == ("Idle $", "20", "EUR")
    assert "4 h without a price" in tile.note
    assert words_of(found) == "20 EUR"


def test_without_any_price_the_hours_stay() -> None:
    hours = Tile("Idle GPU-hours", "14", "h")
    assert idle_tile(hours, None) is hours
    assert words_of(None) == ""
    assert Idle({}, 3.0).unpriced_h == 3.0
