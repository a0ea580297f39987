"""The same calls otherwise: priced again one by one, with caches, by batch, on own GPUs; and the break-even."""

from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.economics.tokens.cacheable import with_caches
from trimtab.economics.tokens.choices import HOUR_MS, ApiModel, Choice, Comparison, OwnReplica, compare, units_of
from trimtab.economics.tokens.ledger import priced
from trimtab.economics.tokens.replicas import Question, given_replica, replicas_of
from trimtab.economics.unit.model import Traffic
from trimtab.genai.call import Call
from trimtab.genai.prices.book import read_book
from trimtab.genai.tokens import Tokens

D = Decimal
BOOK = read_book(
    [
        '{"source": "test", "currency": "USD"}',
        '{"vendor": "a", "model": "big", "prices": [{"rates": {"input_mtok": "10", "cache_read_mtok": "1",'
        ' "cache_write_mtok": "12", "output_mtok": "40"}}, {"tier": "batch", "rates": {"input_mtok": "5",'
        ' "output_mtok": "20"}}]}',
        '{"vendor": "a", "model": "small", "prices": [{"rates": {"input_mtok": "1", "output_mtok": "4"}}]}',
        '{"vendor": "a", "models": {"starts_with": ""}}',
    ]
)
SPAN = (0, 24 * HOUR_MS)
CALL = Call(at_ms=0, vendor="a", model="big", tokens=Tokens(input=1_000_000, output=100_000), tenant="t", trace_id="x")
PAID = D(14)  # 10 for the prompt, 4 for the answer
REPLICA = OwnReplica(name="ours", currency="USD", hourly=D("2.00"), units_per_hour=2_000_000.0, basis="measured")


def compared(calls: list[Call], *models: str, own: tuple[OwnReplica, ...] = ()) -> Comparison:
    found, _ = priced(calls, (BOOK,), ())
    return compare(found, [ApiModel(name, "a") for name in models], own, (BOOK,), SPAN)


def of(found: Comparison, kind: str, name: str = "") -> Choice:
    return next(one for one in found.choices if one.kind == kind and name in one.name)


def test_each_call_is_priced_again_at_the_rates_of_the_other_model() -> None:
    found = compared([CALL, CALL], "small")
    assert (of(found, "recorded").amount, of(found, "model").amount) == (2 * PAID, 2 * D("1.4"))
    assert (found.calls, found.left_out) == (2, 0)


def test_a_model_without_a_price_says_so_and_nothing_more() -> None:
    found = compared([CALL], "none")
    assert [(one.kind, one.amount, one.basis) for one in found.choices if "none" in one.name] == [
        ("model", None, "no book has a price of it")
    ]


def test_calls_of_unknown_usage_are_on_neither_side() -> None:
    found = compared([CALL, replace(CALL, tokens=Tokens(input=5))], "small")
    assert (found.calls, found.left_out) == (1, 1)
    assert of(found, "recorded").amount == PAID


def test_a_call_reads_the_prompt_of_the_one_before_it_in_its_session() -> None:
    first = replace(CALL, session="s", tokens=Tokens(input=10_000, output=100))
    then = replace(first, at_ms=60_000, tokens=Tokens(input=12_000, output=100))
    one, two = with_caches([first, then])
    assert (one.tokens.cache_read, one.tokens.cache_write) == (0, 10_000)
    assert (two.tokens.cache_read, two.tokens.cache_write) == (10_000, 0)
    plain = D("0.1") + D("0.12") + 2 * D("0.004")
    cached = D("0.12") + D("0.01") + D("0.02") + 2 * D("0.004")  # written, read, what is new, the answers
    found = compared([then, first])
    assert (of(found, "recorded").amount, of(found, "cache").amount) == (plain, cached)


@pytest.mark.parametrize(
    "change",
    [
        {"at_ms": 300_001},  # the cache has let go of it
        {"session": "other"},
        {"tenant": "other"},
        {"tokens": Tokens(input=9_999, output=1)},  # not the same prompt with more behind it
        {"failed": True},
    ],
)
def test_a_prompt_that_no_cache_could_have_is_not_read(change: dict[str, Any]) -> None:
    first = replace(CALL, session="s", tokens=Tokens(input=10_000, output=100))
    found = with_caches(
        [first, replace(first, **{"at_ms": 60_000, "tokens": Tokens(input=12_000, output=1), **change})]
    )
    assert [one.tokens.cache_read or 0 for one in found] == [0, 0]
    assert [one.tokens.cache_write or 0 for one in found] == [0, 0]


def test_a_short_prompt_is_not_cached_and_what_was_read_stays_read() -> None:
    short = replace(CALL, session="s", tokens=Tokens(input=1023, output=1))
    assert (with_caches([short, replace(short, at_ms=5)])[1].tokens.cache_read or 0) == 0
    read = replace(CALL, session="s", tokens=Tokens(input=9000, output=1, cache_read=8000))
    assert with_caches([read])[0].tokens.cache_read == 8000


def test_calls_for_which_nobody_waits_are_cheaper_by_batch() -> None:
    calls = [CALL, replace(CALL, stream=True), replace(CALL, session="s")]
    found = compared(calls)
    batch = of(found, "batch")
    assert (batch.calls, batch.amount, batch.other) == (1, D(7) + 2 * PAID, 2 * PAID)
    assert of(compared(calls, "small"), "batch", "small").basis == "its book has no rate of a batch"


def test_own_gpus_bear_the_busiest_hour_or_follow_each_hour() -> None:
    calls = [CALL, CALL, replace(CALL, at_ms=3 * HOUR_MS)]  # 1.4 M units each: two replicas in the first hour
    found = compared(calls, own=(REPLICA,))
    fixed, scaled = of(found, "own"), of(found, "own scaled")
    assert (fixed.amount, fixed.replicas) == (D(2) * 2 * 24, 2)
    assert scaled.amount == D(2) * (2 + 1 + 22)


def test_the_break_even_is_where_an_hour_of_a_replica_costs_what_the_api_asks() -> None:
    found = compared([CALL], "small", own=(REPLICA,))
    dear, cheap = found.break_even
    assert (dear.api, cheap.api) == ("as recorded", "small")
    assert dear.per_1m_units == D(10)  # 14 for 1.4 M units
    assert dear.units_a_day == pytest.approx(200_000 * 24)  # 2.00 an hour buys so many
    assert dear.share == pytest.approx(0.1)
    assert cheap.share == pytest.approx(1.0)
    assert (dear.units_now, dear.cheaper, cheap.cheaper) == (pytest.approx(1_400_000), "api", "api")
    busy = compared([replace(CALL, at_ms=hour * HOUR_MS) for hour in range(24)], own=(REPLICA,))
    assert busy.break_even[0].cheaper == "own"


def test_what_own_replicas_cost_and_serve_is_measured() -> None:
    steps = np.array([1.0, 3.0, np.nan])
    traffic = Traffic(0, HOUR_MS // 2, steps, steps * 1000, steps * 100, steps * 200, steps)
    served: Any = type("Served", (), {})()
    served.model, served.currency, served.holders, served.traffic = "ours", "USD", ("a", "b"), traffic
    served.gpus, served.gpu_hours = 8.0, 80.0
    served.prices = type("Prices", (), {"cost": D(240)})()
    [replica] = replicas_of(cast(Any, [served]), ())
    assert replica.hourly == D(12)  # 3 a GPU-hour, four GPUs a replica
    assert replica.units_per_hour == pytest.approx((3 * 800 + 3 * 200 * 0.1 + 3 * 100 * 4) * 2 / 2)
    assert replicas_of(cast(Any, [served]), ("others",)) == []


def test_a_replica_that_is_given_takes_the_mix_of_the_calls() -> None:
    found, _ = priced([CALL], (BOOK,), ())
    [replica] = given_replica(Question(hourly=D(4), tokens_per_s=100.0), found)
    assert replica.units_per_hour == pytest.approx(100 * 3600 * 1_400_000 / 1_100_000)
    assert given_replica(Question(), found) == []
    with pytest.raises(InvalidInput, match="expected both own_hourly and own_tokens_per_s"):
        given_replica(Question(hourly=D(4)), found)


CALLS = st.lists(
    st.builds(
        lambda at, model, prompt, answer, session, stream: replace(
            CALL, at_ms=at, model=model, tokens=Tokens(input=prompt, output=answer), session=session, stream=stream
        ),
        st.integers(0, 24 * HOUR_MS - 1), st.sampled_from(["big", "small"]), st.integers(0, 200_000),
        st.integers(0, 5000), st.sampled_from(["", "s", "t"]), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@given(CALLS)
def test_the_recorded_cost_is_their_sum_and_the_same_model_costs_the_same(calls: list[Call]) -> None:
    found = compared(calls, "big")
    expected, _ = priced(calls, (BOOK,), ())
    assert of(found, "recorded").amount == sum((one.cost.amount or D(0) for one in expected), D(0))
    assert len(calls) == found.calls + found.left_out
    again = compared([replace(one, model="big") for one in calls], "big")
    assert of(again, "recorded").amount == of(again, "model").amount
    reads = with_caches(calls)
    for before, after in zip(calls, reads, strict=True):
        assert (after.tokens.cache_read or 0) + (after.tokens.cache_write or 0) <= (before.tokens.input or 0)
        assert units_of(after) <= units_of(before)
