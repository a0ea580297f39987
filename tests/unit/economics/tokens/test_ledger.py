"""The ledger of tokens: lines by who calls were for, exact to bills and to own pods."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.scope import RowRule, Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow
from trimtab.economics.tokens.bills import vendor_bills, vendor_of_line
from trimtab.economics.tokens.calls import Calls
from trimtab.economics.tokens.ledger import OwnModel, VendorBill, bill_rests, lines_of, priced, sums
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.unit.api_models import api_models
from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.prices.price import cost_of
from trimtab.genai.tokens import Tokens

D = Decimal
DAY = 86_400_000
START = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1000)
CALL = Call(
    at_ms=START + 5, vendor="openai", model="gpt-4o-2024-08-06", tokens=Tokens(input=1000, output=100), tenant="acme",
    trace_id="t1", span_id="s1", duration_ms=80.0,
)  # fmt: skip
COST = D("0.0035")  # 1,000 × 2.50 + 100 × 10, a million
OURS = replace(CALL, vendor="vllm", model="ours", span_id="s9")
BOOKS = (shipped(),)


def test_lines_add_up_calls_of_a_name() -> None:
    calls = [CALL, replace(CALL, failed=True), replace(CALL, tenant="globex"), replace(CALL, tokens=Tokens(input=3))]
    found, _ = priced(calls, BOOKS, ())
    acme, globex = lines_of(found, "tenant")
    assert ("acme", 3, 1, 1, 0) == (acme.name, acme.calls, acme.failed, acme.unknown_usage, acme.unknown_price)
    assert (Tokens(input=2003, output=200), {"USD": 2 * COST}) == (acme.tokens, acme.amounts)
    assert ("globex", {"USD": COST}) == (globex.name, globex.amounts)


def test_calls_that_do_not_say_it_have_a_line_of_their_own() -> None:
    found, _ = priced([CALL, replace(CALL, tenant="")], BOOKS, ())
    assert {"acme", ""} == {line.name for line in lines_of(found, "tenant")}


def test_an_unknown_price_is_counted_and_not_0() -> None:
    found, _ = priced([replace(CALL, model="new", asked_model="new")], BOOKS, ())
    (line,) = lines_of(found, "model")
    assert (1, {}) == (line.unknown_price, line.amounts)


def test_a_bill_has_a_named_rest() -> None:
    found, _ = priced([CALL, replace(CALL, at_ms=START + 2 * DAY)], BOOKS, ())
    bill = VendorBill("openai", "USD", D("5.00"), START, START + DAY)
    (rest,) = bill_rests(found, [bill])
    assert ("openai: billed beside the calls that were seen", "USD", D("4.9965")) == (
        rest.name,
        rest.currency,
        rest.amount,
    )
    assert {"USD": D("5.0035")} == sums(lines_of(found, "tenant"), [rest])  # the bill, and the day that it lacks


def test_calls_above_the_bill_are_named_so() -> None:
    found, _ = priced([CALL], BOOKS, ())
    (rest,) = bill_rests(found, [VendorBill("openai", "USD", D("0.001"), START, START + DAY)])
    assert ("openai: calls by the book above what was billed", D("-0.0025")) == (rest.name, rest.amount)


def test_another_vendors_calls_are_not_held_against_a_bill() -> None:
    found, _ = priced([CALL], BOOKS, ())
    (rest,) = bill_rests(found, [VendorBill("anthropic", "USD", D(1), START, START + DAY)])
    assert D(1) == rest.amount


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5)), min_size=1, max_size=20),
    st.decimals("0.01", "99999", places=4),
)
def test_own_pods_cost_is_divided_to_the_last_digit(uses: list[tuple[int, int]], cost: Decimal) -> None:
    calls = [
        replace(OURS, tokens=Tokens(input=input_, output=output), tenant=f"t{at % 3}")
        for at, (input_, output) in enumerate(uses)
    ]
    found, rests = priced(calls, BOOKS, [OwnModel("ours", "USD", cost, cost / 4)])
    lines = lines_of(found, "tenant")
    assert {"USD": cost} == sums(lines, rests)
    assert ("ours: own pods, idle", cost / 4) == (rests[0].name, rests[0].amount)


def test_own_pods_cost_follows_the_time_in_the_model() -> None:
    first = replace(OURS, prefill_ms=10.0, decode_ms=20.0, tenant="a")
    calls = [first, replace(first, prefill_ms=30.0, decode_ms=60.0, tenant="b")]
    found, rests = priced(calls, BOOKS, [OwnModel("ours", "EUR", D(8), D(4))])
    assert {"a": D(1), "b": D(3)} == {line.name: line.amounts["EUR"] for line in lines_of(found, "tenant")}
    assert [D(4)] == [rest.amount for rest in rests]


def test_own_pods_without_a_traced_call_are_a_rest() -> None:
    found, rests = priced([], BOOKS, [OwnModel("ours", "USD", D(8), D(3))])
    assert ([], {"ours: own pods, idle": D(3), "ours: own pods, no call was traced": D(5)}) == (
        found, {rest.name: rest.amount for rest in rests},
    )  # fmt: skip


def row(day: int, provider: str, service: str, amount: str, currency: str = "USD") -> CostRow:
    start = START + day * DAY
    return CostRow(start, start + DAY, (provider, service), currency, "N/A", 1, (D(amount),))


def test_bills_of_vendors_are_found_among_all_lines() -> None:
    rows = [
        row(0, "OpenAI", "OpenAI API", "3"), row(2, "OpenAI", "OpenAI API", "4"), row(1, "AWS", "Amazon Bedrock", "2"),
        row(0, "AWS", "Amazon Elastic Compute Cloud", "99"), row(0, "OpenAI", "OpenAI API", "1", "EUR"),
    ]  # fmt: skip
    assert [
        VendorBill("bedrock", "USD", D(2), START + DAY, START + 2 * DAY),
        VendorBill("openai", "EUR", D(1), START, START + DAY),
        VendorBill("openai", "USD", D(7), START, START + 3 * DAY),
    ] == vendor_bills(rows, START + 30 * DAY)


def test_a_line_on_the_first_of_a_month_is_an_invoice_of_the_month() -> None:
    (bill,) = vendor_bills([row(-1, "Anthropic", "Claude API", "10")], START + 29 * DAY)
    assert (START - DAY, START + 29 * DAY) == (bill.start_ms, bill.end_ms)


def test_clouds_name_their_services_for_models() -> None:
    names = {
        ("Microsoft", "Azure OpenAI Service"): "azure", ("Google Cloud", "Vertex AI"): "vertex",
        ("AWS", "Claude Sonnet 4.5 (Amazon Bedrock Edition)"): "bedrock", ("Anthropic", ""): "anthropic",
        ("AWS", "Amazon EC2"): "",
    }  # fmt: skip
    assert names == {line: vendor_of_line(*line) for line in names}


class Read:
    """Calls, a bill and own models that are known."""

    def __init__(self, calls: list[Call], bound: list[Call] | None = None) -> None:
        self.calls, self.bound = calls, bound or []
        self.served: list[object] = []

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        return Calls(self.bound if scope.rows else self.calls)

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        return [row(0, "OpenAI", "API", "2.50")]

    async def served_models(self, scope: Scope, start_ms: int, end_ms: int) -> list[object]:
        return self.served


def room(read: Read) -> TokensRoom:
    return TokensRoom(read, read, read)  # type: ignore[arg-type] # of unit costs only what is served is asked


def test_tenants_and_rests_are_the_bill_to_the_cent() -> None:
    calls = [replace(CALL, tenant=f"t{at % 7}", span_id=str(at)) for at in range(500)]
    found = asyncio.run(room(Read(calls)).ledger(Scope(), START, START + DAY, "tenant"))
    assert ({"USD": D("2.50")}, {"openai": {"USD": D("2.50")}}) == (found.totals, found.billed)
    assert 7 == len(found.lines)


def test_who_is_bound_sees_their_calls_and_no_bill() -> None:
    read = Read([CALL, replace(CALL, span_id="s2")], [replace(CALL, tenant="")])
    scope = Scope(rows=(RowRule("team", frozenset(("a",))),))
    found = asyncio.run(room(read).ledger(scope, START, START + DAY, "tenant"))
    assert ([("", {"USD": COST})], [], {}) == (
        [(one.name, one.amounts) for one in found.lines], found.rests, found.billed,
    )  # fmt: skip


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot read tokens by 'colour': expected one of tenant"):
        asyncio.run(room(Read([])).ledger(Scope(), START, START + DAY, "colour"))


def test_models_of_apis_have_the_cost_of_their_calls_by_kind_and_step() -> None:
    calls = [
        CALL,
        replace(CALL, at_ms=START + DAY + 1, tenant="b", tokens=Tokens(input=2000, output=0, cache_read=1000)),
    ]
    (model,) = api_models(calls, lambda call: cost_of(call, BOOKS), frozenset(), (START, START + 2 * DAY, DAY))
    assert [0.0035, 0.00375] == pytest.approx(model.costs.tolist())
    assert (D("0.00725"), D("2.5"), D(10), D("1.25"), False) == (
        model.prices.cost, model.prices.per_1m_input, model.prices.per_1m_output, model.prices.per_1m_cached,
        model.prices.assumed,
    )  # fmt: skip
    assert [("b", D("0.00375")), ("acme", COST)] == [(one.name, one.prices.cost) for one in model.tenants]
    assert [1000.0, 2000.0] == model.traffic.input_tokens.tolist()


def test_models_that_own_pods_serve_are_not_priced_by_the_book() -> None:
    grid = (START, START + DAY, DAY)
    assert [] == api_models([CALL], lambda call: cost_of(call, BOOKS), frozenset((CALL.model,)), grid)
