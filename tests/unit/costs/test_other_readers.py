"""The cost exports of LLM APIs."""

import json
from decimal import Decimal

import pytest
from tests.unit.costs.bills import one, sums
from tests.unit.costs.conftest import Room

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Dimension, Metric


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
