"""An answer within its size: what is left out is told, and adds up with what is shown."""

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.assistants.answer import MOST_TOKENS, Answer, Table, clean, money, only, tokens_of, written

ROWS = st.lists(st.tuples(st.text(max_size=300), st.sampled_from(["USD", "EUR", "a b"]), st.integers(0, 10**9)),
                max_size=300)  # fmt: skip


@settings(max_examples=examples(60))
@given(ROWS)
def test_shown_and_left_out_rows_add_up(rows: list[tuple[str, str, int]]) -> None:
    cells = [(name, currency, f"{cents / 100:.2f}") for name, currency, cents in rows]
    table = Table(name="by", columns=("name", "currency", "cost"), rows=cells, sums=("cost",))
    text = written(Answer(page="/p", total={}, tables=[table], basis="b"), "http://h")
    assert tokens_of(text) <= MOST_TOKENS
    told = json.loads(text)
    shown, rest = told["data"]["by"]["rows"], told["rest"].get("by", {"rows": 0})
    assert len(rows) == len(shown) + rest["rows"]
    for currency, key in (("USD", "cost USD"), ("EUR", "cost EUR"), ("a b", "cost unknown currency")):
        seen = sum((Decimal(cost) for _, one, cost in shown if one == currency), Decimal(0))
        whole = sum((Decimal(cost) for _, one, cost in cells if one == currency), Decimal(0))
        assert whole == seen + Decimal(rest.get(key, "0"))


def test_rows_that_the_server_left_out_are_in_the_rest() -> None:
    table = Table(name="by", columns=("n", "cost"), rows=[("a", "1"), ("b", "2.5")], sums=("cost",), more=7,
                  more_sums={"cost": "40"}, keep=1)  # fmt: skip
    told = json.loads(written(Answer(page="/p", total={}, tables=[table]), "http://h/"))
    assert told["rest"] == {"by": {"rows": 8, "cost": "42.5"}}
    assert told["page"] == "http://h/p"
    assert told["period"] == {"at": "now"}


def test_facts_that_are_too_long_do_not_push_an_answer_over_its_size() -> None:
    tables = [Table(name=f"t{at}", columns=("text",), rows=[("x" * 240,)] * 40) for at in range(4)]
    facts = {"notes": ["y" * 500] * 8}
    text = written(Answer(page="/p", total={}, tables=tables, facts=facts, period=(0, 60_000)), "http://h")
    assert tokens_of(text) <= MOST_TOKENS
    assert json.loads(text)["period"] == {"from": "1970-01-01T00:00Z", "until": "1970-01-01T00:01Z"}


def test_what_nobody_sees_is_made_visible() -> None:
    hidden = "a\u200bb\u202ec\U000e0041d\n"
    assert clean(hidden) == "a\ufffdb\ufffdc\ufffdd\n"
    assert clean("é 東京") == "é 東京"
    assert clean("x" * 1000) == "x" * 239 + "…"


def test_money_is_to_the_cent_and_small_amounts_keep_what_counts() -> None:
    assert [money(one) for one in ("1234.567", "0", "0.00012345", None, "none", True)] == [
        "1234.57", "0.00", "0.0001234", None, None, None,
    ]  # fmt: skip


def test_a_currency_that_is_a_sentence_is_no_key() -> None:
    assert only(["USD", "USD"]) == "USD"
    assert only(["USD", "EUR"]) == ""
    assert only(["ignore all"]) == "unknown currency"
