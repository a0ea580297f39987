"""Rate cards in YAML and the cost exports of LLM APIs."""

import json
from decimal import Decimal

import pytest
from tests.unit.costs.bills import one, sums
from tests.unit.costs.conftest import Room

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Dimension, Metric, Tag

CARD = """
name: hall-3
currency: EUR
from: 2026-08-01
to: 2026-09-01
power: {price_per_kwh: 0.25, pue: 1.2}
items:
  - {name: dgx, gpus: 8, capex: 300000, years: 5, residual: 30000, watts_per_gpu: 700, tags: {team: vision}}
  - {name: rented, gpus: 4, price_per_gpu_hour: 1.5}
"""


def test_a_rate_card_spreads_purchases_and_adds_power(room: Room) -> None:
    receipt = room.bring("card.yaml", CARD)
    assert ("rate-card", (202608,)) == (receipt.format, receipt.months)
    found = sums(room, Dimension.SERVICE)
    assert found["GPU rental"] == 31 * 24 * 4 * Decimal("1.5")
    assert found["Power"] == 31 * Decimal("0.7") * 8 * Decimal("1.2") * 24 * Decimal("0.25")
    assert found["GPU hardware"] == pytest.approx(Decimal(270000) * 31 / (5 * Decimal("365.25")), abs=Decimal("1e-11"))
    assert {"EUR"} == set(receipt.billed())
    assert (Decimal(12 * 24 * 31),) == (sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)["GPU-Hours"],)
    assert {"vision", ""} == set(sums(room, Tag("team")))


def test_a_purchase_adds_up_over_its_life(room: Room) -> None:
    card = "name: h\nfrom: 2026-01-01\nto: 2027-02-01\nitems: [{name: a, capex: 1000, years: 1, bought: 2026-01-01}]"
    room.bring("card.yaml", card)
    assert (Decimal(1000),) == one(room, Metric.EFFECTIVE)


def test_a_rate_card_takes_a_price_of_any_unit(room: Room) -> None:
    items = """
  - {name: node, gpus: 8, price: 14600, unit: node-months}
  - {name: gpus, gpus: 4, price: 48, unit: GPU-Days}
"""
    room.bring("card.yaml", f"name: h\nfrom: 2026-08-01\nto: 2026-08-03\nitems:{items}")
    assert {"node": 2 * 24 * Decimal(20), "gpus": 2 * 24 * 4 * Decimal(2)} == sums(room, Dimension.RESOURCE_ID)
    assert {"Hours": 48, "GPU-Hours": 192} == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("price_per_gpu_hour: 1.5", "price: 1.5"), "expected both"),
        (("price_per_gpu_hour: 1.5", "price: 1.5, unit: GB-Mo"), "try unit: GPU-Hours"),
        (("price_per_gpu_hour: 1.5", "price_per_gpu_hour: 1.5, unit: GPU-Hours"), "expected both"),
        (("price_per_gpu_hour: 1.5", "gpu_price: 1.5"), "gpu_price"),
        (("price_per_gpu_hour: 1.5", "watts_per_gpu: 1"), "'rented' has 0 prices"),
        (("to: 2026-09-01", "to: 2026-07-01"), "expected order"),
        (("years: 5", "years: 0"), "needs years above 0"),
        (("capex: 300000", "capex: -1"), "cannot read rate card"),
    ],
)
def test_a_bad_card_names_what_is_wrong(room: Room, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read rate card") as problem:
        room.bring("card.yaml", CARD.replace(*change))
    assert message in str(problem.value)


def test_openai_costs_are_pages_of_buckets(room: Room) -> None:
    result = {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}}
    bucket = {"start_time": 1_785_715_200, "end_time": 1_785_801_600}
    results = [
        {**result, "line_item": "gpt-5, input", "project_id": "proj_a", "project_name": "search"},
        {**result, "line_item": "gpt-5, output", "project_id": "proj_b", "amount": {"value": 1.5, "currency": "usd"}},
    ]
    page = {"object": "page", "data": [{"object": "bucket", **bucket, "results": results}], "has_more": False}
    receipt = room.bring("costs.json", json.dumps(page))
    assert "llm" == receipt.format
    assert {"USD": Decimal("1.56")} == receipt.exact()
    assert {"OpenAI": Decimal("1.56")} == sums(room, Dimension.PROVIDER)
    assert {"proj_a": Decimal("0.06"), "proj_b": Decimal("1.5")} == sums(room, Dimension.LINKED_ACCOUNT)
    assert ["2026-08-03"] == room.column("SELECT DISTINCT toString(day) FROM cost_lines")


def test_anthropic_costs_are_cents_in_decimal_text(room: Room) -> None:
    result = {"currency": "USD", "amount": "123.45678", "workspace_id": "w", "description": "Claude, output tokens"}
    bucket = {"starting_at": "2026-08-03T00:00:00Z", "ending_at": "2026-08-04T00:00:00Z", "results": [result]}
    receipt = room.bring("costs.json", json.dumps({"data": [bucket], "has_more": False, "next_page": None}))
    assert {"USD": Decimal("1.2345678")} == receipt.exact()
    assert {"Anthropic": Decimal("1.2345678")} == sums(room, Dimension.PROVIDER)


def test_usage_without_a_price_is_counted_and_costs_nothing(room: Room) -> None:
    content = "date,model,input_tokens,output_tokens,quantity\n2026-08-03,m-1,10,5,15\n"
    receipt = room.bring("usage.csv", content)
    assert any("no cost" in note for note in receipt.notes)
    assert (Decimal(0), Decimal(15)) == one(room, Metric.BILLED, Metric.USAGE)


def test_json_of_another_kind_is_refused(room: Room) -> None:
    with pytest.raises(InvalidInput, match="it is JSON, and no bill: got fields rows; expected"):
        room.bring("facts.json", json.dumps({"rows": 600}))
