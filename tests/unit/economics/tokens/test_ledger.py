"""The ledger of tokens: lines by who calls were for, exact to bills and to own pods."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow
from trimtab.economics.tokens.bills import vendor_bills, vendor_of_line
from trimtab.economics.tokens.calls import Calls
from trimtab.economics.tokens.ledger import OwnModel, VendorBill, bill_rests, lines_of, priced, sums
from trimtab.economics.tokens.model import Line, Rest
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.tokens.tallies import Sums, tally_of
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
BOUND = Scope(rows=(RowRule("team", frozenset(("a",))),))


def added_up(calls: Sequence[Call], by: str, scope: Scope = EVERYTHING) -> Sums:
    """As an hour for each call: what is added up of hours is what is added up of calls."""
    found = Sums()
    for call in calls:
        found.add(tally_of(call.at_ms, [call], BOOKS), by, scope)
    return found


def lines(calls: Sequence[Call], by: str, own: Sequence[OwnModel] = ()) -> list[Line]:
    return lines_of(added_up(calls, by).tallies, own)[0]


def rests_to(calls: Sequence[Call], bill: VendorBill) -> list[Rest]:
    return bill_rests(added_up(calls, "vendor"), (), [bill])


def test_lines_add_up_calls_of_a_name() -> None:
    calls = [CALL, replace(CALL, failed=True), replace(CALL, tenant="globex"), replace(CALL, tokens=Tokens(input=3))]
    acme, globex = lines(calls, "tenant")
    assert ("acme", 3, 1, 1, 0) == (acme.name, acme.calls, acme.failed, acme.unknown_usage, acme.unknown_price)
    assert (Tokens(input=2003, output=200), {"USD": 2 * COST}) == (acme.tokens, acme.amounts)
    assert ("globex", {"USD": COST}) == (globex.name, globex.amounts)


def test_calls_that_do_not_say_it_have_a_line_of_their_own() -> None:
    assert {"acme", ""} == {line.name for line in lines([CALL, replace(CALL, tenant="")], "tenant")}


def test_an_unknown_price_is_counted_and_not_0() -> None:
    (line,) = lines([replace(CALL, model="new", asked_model="new")], "model")
    assert (1, {}) == (line.unknown_price, line.amounts)


def test_a_bill_has_a_named_rest() -> None:
    calls = [CALL, replace(CALL, at_ms=START + 2 * DAY)]
    (rest,) = rests_to(calls, VendorBill("openai", "USD", D("5.00"), START, START + DAY))
    assert ("openai: billed beside the calls that were seen", "USD", D("4.9965")) == (
        rest.name,
        rest.currency,
        rest.amount,
    )
    assert {"USD": D("5.0035")} == sums(lines(calls, "tenant"), [rest])  # the bill, and the day that it lacks


def test_calls_above_the_bill_are_named_so() -> None:
    (rest,) = rests_to([CALL], VendorBill("openai", "USD", D("0.001"), START, START + DAY))
    assert ("openai: calls by the book above what was billed", D("-0.0025")) == (rest.name, rest.amount)


def test_another_vendors_calls_are_not_held_against_a_bill() -> None:
    (rest,) = rests_to([CALL], VendorBill("anthropic", "USD", D(1), START, START + DAY))
    assert D(1) == rest.amount


def test_calls_that_own_pods_serve_are_not_held_against_a_bill() -> None:
    own = [OwnModel(CALL.model, "USD", D(8), D(3))]
    (rest,) = bill_rests(added_up([CALL], "vendor"), own, [VendorBill("openai", "USD", D(1), START, START + DAY)])
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
    own = [OwnModel("ours", "USD", cost, cost / 4)]
    shown, rests = lines_of(added_up(calls, "tenant").tallies, own)
    assert {"USD": cost} == sums(shown, rests)
    assert ("ours: own pods, idle", cost / 4) == (rests[0].name, rests[0].amount)
    each, left = priced(calls, BOOKS, own)
    assert (cost, rests) == (
        sum((one.cost.amount or D(0) for one in each), sum((one.amount for one in left), D(0))),
        left,
    )
    of_calls = {line.name: D(0) for line in shown}
    for one in each:
        of_calls[one.call.tenant] += one.cost.amount or D(0)
    unit = D(len(calls)).scaleb(-12)  # a part is a whole number of units: of a line's calls each is rounded
    assert all(abs(of_calls[line.name] - line.amounts.get("USD", D(0))) <= unit for line in shown)


def test_own_pods_cost_follows_the_time_in_the_model() -> None:
    first = replace(OURS, prefill_ms=10.0, decode_ms=20.0, tenant="a")
    calls = [first, replace(first, prefill_ms=30.0, decode_ms=60.0, tenant="b")]
    shown, rests = lines_of(added_up(calls, "tenant").tallies, [OwnModel("ours", "EUR", D(8), D(4))])
    assert {"a": D(1), "b": D(3)} == {line.name: line.amounts["EUR"] for line in shown}
    assert [(0, 0), (0, 0)] == [(line.unknown_usage, line.unknown_price) for line in shown]
    silent = [replace(one, tokens=Tokens()) for one in calls]  # of what they used nothing is said, of the time it is
    shown, _ = lines_of(added_up(silent, "tenant").tallies, [OwnModel("ours", "EUR", D(8), D(4))])
    assert [(0, 0), (0, 0)] == [(line.unknown_usage, line.unknown_price) for line in shown]
    assert [D(4)] == [rest.amount for rest in rests]


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_time_counts_where_every_call_of_the_range_says_it(silent: int) -> None:
    timed = replace(OURS, prefill_ms=10.0, decode_ms=20.0, tenant="a")
    calls = [timed, replace(timed, at_ms=START + 1), replace(timed, decode_ms=70.0, tenant="b")]
    calls[silent] = replace(calls[silent], prefill_ms=None)
    shown, _ = lines_of(added_up(calls, "tenant").tallies, [OwnModel("ours", "EUR", D(9), D(0))])
    assert {"a": D(6), "b": D(3)} == {line.name: line.amounts["EUR"] for line in shown}  # by tokens, which are alike


def test_own_pods_without_a_traced_call_are_a_rest() -> None:
    own = [OwnModel("ours", "USD", D(8), D(3))]
    for found, rests in (priced([], BOOKS, own), lines_of({}, own)):
        assert ([], {"ours: own pods, idle": D(3), "ours: own pods, no call was traced": D(5)}) == (
            found, {rest.name: rest.amount for rest in rests},
        )  # fmt: skip


def test_own_pods_calls_of_unknown_use_have_no_known_cost() -> None:
    (line,), rests = lines_of(
        added_up([replace(OURS, tokens=Tokens())], "tenant").tallies, [OwnModel("ours", "USD", D(8), D(8))]
    )
    assert (1, 0, {}, ["ours: own pods, idle"]) == (
        line.unknown_usage, line.unknown_price, line.amounts, [rest.name for rest in rests],
    )  # fmt: skip


def test_an_hour_is_added_as_far_as_a_scope_covers_it() -> None:
    calls = [replace(CALL, account="a", region="x"), replace(CALL, account="b", region="y")]
    hour = tally_of(START, calls, BOOKS, cut=True)
    for scope in (Scope(accounts=frozenset({"a"})), Scope(regions=frozenset({"x"}))):
        seen = Sums()
        seen.add(hour, "tenant", scope)
        (group,) = seen.tallies
        assert ("a", 1, COST, True) == (
            group.place.account, seen.tallies[group].calls, sum(seen.bought.values()), seen.cut,
        )  # fmt: skip
        assert ["a"] == [one.place.account for one in seen.models]


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
        self.cut = False

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        return Calls(self.bound if scope.rows else self.calls, self.cut)

    async def sums(self, scope: Scope, by: str) -> Sums:
        return added_up([] if scope.rows else self.calls, by, scope)

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        return [row(0, "OpenAI", "API", "2.50")]

    async def served_models(self, scope: Scope, start_ms: int, end_ms: int) -> list[object]:
        return self.served


class Hours:
    """Sums of what is read."""

    def __init__(self, read: Read) -> None:
        self.read = read

    async def over(self, scope: Scope, start_ms: int, end_ms: int, by: str) -> Sums:
        return await self.read.sums(scope, by)


def room(read: Read) -> TokensRoom:
    return TokensRoom(read, Hours(read), read, read)  # type: ignore[arg-type] # of unit costs only what is served is asked


def test_tenants_and_rests_are_the_bill_to_the_cent() -> None:
    calls = [replace(CALL, tenant=f"t{at % 7}", span_id=str(at)) for at in range(500)]
    found = asyncio.run(room(Read(calls)).ledger(Scope(), START, START + DAY, "tenant"))
    assert ({"USD": D("2.50")}, {"openai": {"USD": D("2.50")}}) == (found.totals, found.billed)
    assert 7 == len(found.lines)


def test_who_is_bound_sees_their_calls_and_no_bill() -> None:
    read = Read([CALL, replace(CALL, span_id="s2")], [replace(CALL, tenant="")])
    found = asyncio.run(room(read).ledger(BOUND, START, START + DAY, "tenant"))
    assert ([("", {"USD": COST})], [], {}) == (
        [(one.name, one.amounts) for one in found.lines], found.rests, found.billed,
    )  # fmt: skip
    assert not found.cut
    read.cut = True
    assert asyncio.run(room(read).ledger(BOUND, START, START + DAY, "tenant")).cut


def test_who_is_bound_has_their_share_of_own_pods() -> None:
    shown = replace(OURS, prefill_ms=10.0, decode_ms=20.0)
    read = Read([shown, replace(shown, prefill_ms=30.0, decode_ms=60.0, tenant="b", span_id="s2")], [shown])
    prices = SimpleNamespace(cost=D(12))
    read.served = [SimpleNamespace(model="ours", currency="USD", prices=prices, idle_cost=D(4))]
    found = asyncio.run(room(read).ledger(BOUND, START, START + DAY, "tenant"))
    assert ([("acme", {"USD": D(2)}, {"USD": D(2)})], [], {"USD": D(2)}) == (
        [(one.name, one.amounts, one.own) for one in found.lines], found.rests, found.totals,
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
