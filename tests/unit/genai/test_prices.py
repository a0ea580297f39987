"""What calls cost: every kind at its rate, tiers, batches, dates, and what has no known cost."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.genai.call import BATCH, Call
from trimtab.genai.prices.book import Book, books_of, matches, read_book, shipped
from trimtab.genai.prices.price import REFUSED, TOLD, UNKNOWN_PRICE, UNKNOWN_USAGE, cost_of
from trimtab.genai.tokens import UNKNOWN, Tokens

D = Decimal
NOON = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp() * 1000)
SONNET = Call(at_ms=NOON, vendor="anthropic", model="claude-sonnet-4-5-20250929", tokens=Tokens(input=1000, output=500))


def cost(call: Call, *books: Book) -> Decimal | None:
    return cost_of(call, [*books, shipped()]).amount


def own(**changes: Any) -> Book:
    row = {"vendor": "anthropic", "model": "claude-sonnet-4-5-20250929", "prices": [{"rates": {"input_mtok": "1"}}]}
    return read_book([json.dumps({"source": "contract", "currency": "EUR"}), json.dumps(row | changes)])


def test_a_call_costs_its_tokens_at_their_rates() -> None:
    assert cost(SONNET) == D("0.0105")  # 1,000 × 3 + 500 × 15, a million


def test_each_kind_has_its_rate() -> None:
    tokens = Tokens(input=10_000, output=100, cache_read=5_000, cache_write=3_000, cache_write_1h=1_000)
    found = cost_of(replace(SONNET, tokens=tokens), [shipped()])
    assert {
        "cache_write_1h": (1_000, D("0.006")), "cache_read": (5_000, D("0.0015")), "cache_write": (2_000, D("0.0075")),
        "input": (2_000, D("0.006")), "output": (100, D("0.0015")),
    } == {kind: (number, amount) for kind, number, amount in found.parts}  # fmt: skip
    assert D("0.0225") == found.amount


def test_a_long_prompt_has_its_rate_for_the_whole_call() -> None:
    at = replace(SONNET, tokens=Tokens(input=200_000, output=1_000))
    assert cost(at) == D("0.615")
    assert cost(replace(at, tokens=Tokens(input=200_001, output=1_000))) == D("1.222506")


def test_a_batch_costs_half() -> None:
    assert cost(replace(SONNET, tier=BATCH)) == D("0.00525")


def test_a_batch_before_its_price_is_dated_costs_the_usual() -> None:
    early = int(datetime(2026, 10, 13, 23, tzinfo=UTC).timestamp() * 1000)
    assert cost(replace(SONNET, tier=BATCH, at_ms=early)) == cost(SONNET)


def test_a_price_by_the_hour_holds_at_its_hours() -> None:
    night = {"rates": {"input_mtok": "2"}, "hours": ["22:00", "06:00"]}
    book = own(prices=[{"rates": {"input_mtok": "4"}}, night])
    hours = [datetime(2026, 11, 30, hour, tzinfo=UTC).timestamp() * 1000 for hour in (5, 6, 21, 22)]
    costs = [cost(replace(SONNET, at_ms=int(at), tokens=Tokens(input=1_000_000, output=0)), book) for at in hours]
    assert [2, 4, 4, 2] == costs


def test_own_rates_go_before_the_book() -> None:
    found = cost_of(SONNET, [own(), shipped()])
    assert (D("0.001"), "EUR", "contract: anthropic/claude-sonnet-4-5-20250929") == (
        found.amount, found.currency, found.source,
    )  # fmt: skip


def test_what_has_no_rate_of_its_own_stays_in_what_it_is_part_of() -> None:
    call = replace(SONNET, tokens=Tokens(input=1_000_000, output=9, cache_read=400_000, reasoning=9))
    assert cost(call, own()) == D(1)


def test_unknown_usage_has_no_known_cost() -> None:
    unknown = cost_of(replace(SONNET, tokens=Tokens(output=5)), [shipped()])
    assert (None, UNKNOWN_USAGE) == (unknown.amount, unknown.basis)


def test_an_unknown_model_has_no_known_cost() -> None:
    unknown = cost_of(replace(SONNET, model="our-own"), [shipped()])
    assert (None, UNKNOWN_PRICE) == (unknown.amount, unknown.basis)


def test_what_a_gateway_says_counts_where_the_book_does_not_know() -> None:
    call = replace(SONNET, model="our-own", cost=D("0.02"), currency="USD")
    assert (D("0.02"), TOLD) == (cost_of(call, [shipped()]).amount, cost_of(call, [shipped()]).basis)
    assert cost(replace(SONNET, cost=D(9))) == D("0.0105")


def test_a_refused_call_costs_nothing() -> None:
    refused = cost_of(replace(SONNET, tokens=UNKNOWN, status=429, failed=True), [shipped()])
    assert (D(0), REFUSED) == (refused.amount, refused.basis)


def test_bedrock_is_priced_by_the_name_that_was_asked_for() -> None:
    call = Call(at_ms=NOON, vendor="bedrock", model="claude-3-haiku-20240307", asked_model="amazon.nova-micro-v1:0")
    found = shipped().find(call.vendor, call.model, call.asked_model)
    assert found is not None
    assert ("aws", "nova-micro") == (found.vendor, found.model.rpartition(".")[2].removesuffix("-v1:0"))


def test_a_reseller_has_the_makers_price() -> None:
    found = shipped().find("azure", "gpt-4o-2024-08-06")
    assert found is not None
    assert found.rates(NOON)["input_mtok"].base == D("2.5")


def test_without_a_vendor_the_models_name_tells_it() -> None:
    found = shipped().find("", "claude-sonnet-4-5")
    assert found is not None
    assert found.vendor == "anthropic"
    assert shipped().find("", "llama-of-ours") is None


def test_every_clause() -> None:
    both = {"and": [{"starts_with": "a"}, {"ends_with": "z"}]}
    assert matches(both, "abz")
    assert not matches(both, "abc")
    assert matches({"or": [{"equals": "B"}, {"regex": "^c[0-9]$"}]}, "c7")
    assert not matches({"contains": "x"}, "abc")
    assert not matches({"other": "x"}, "x")


@pytest.mark.parametrize(
    "line",
    ["{", '{"vendor":"a","model":"b"}', '{"vendor":"a","model":"b","prices":[{"rates":{"input_mtok":"-1"}}]}', "[]"],
)
def test_a_line_that_is_no_price_is_named(line: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read prices: line 1"):
        read_book([line])


def test_a_book_of_ones_own_goes_before_the_one_that_comes_along(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"vendor":"openai","model":"gpt-4o","prices":[{"rates":{"input_mtok":"1"}}]}\n')
    books = books_of(str(file))
    assert ["own rates", shipped().source] == [book.source for book in books]
    call = Call(at_ms=NOON, vendor="openai", model="gpt-4o", tokens=Tokens(input=1000, output=5))
    assert D("0.001") == cost_of(call, books).amount
    assert (shipped(),) == books_of("")
    with pytest.raises(InvalidInput, match=r"cannot read prices: .*as TRIMTAB_API_PRICES names it"):
        books_of(str(tmp_path / "none.jsonl"))
