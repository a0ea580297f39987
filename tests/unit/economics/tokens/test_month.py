"""A month of traffic of two vendors and two own models: tenants and rests are the bills and the pods, 0.00 apart."""

import random
from datetime import UTC, datetime
from decimal import Decimal

from trimtab.economics.tokens.ledger import OwnModel, VendorBill, bill_rests, lines_of, priced, sums
from trimtab.economics.tokens.model import BY
from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.tokens import Tokens

D = Decimal
DAY_MS = 86_400_000
START = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
END = START + 30 * DAY_MS
API = (("openai", "gpt-4o-2024-08-06"), ("anthropic", "claude-sonnet-4-5"))
OWN = (OwnModel("ours-8b", "USD", D("10482.37"), D("2113.09")), OwnModel("ours-70b", "EUR", D("88120.01"), D(0)))
BILLS = (VendorBill("openai", "USD", D("913.55"), START, END), VendorBill("anthropic", "USD", D("402.10"), START, END))


def call(draw: random.Random, number: int) -> Call:
    """A call of one of forty tenants; one in fifty says nothing of its tokens, one in thirty names no tenant."""
    vendor, model = draw.choice((*API, ("vllm", "ours-8b"), ("vllm", "ours-70b")))
    prompt = draw.randrange(1, 60_000)
    said = Tokens(input=prompt, output=draw.randrange(0, 2000), cache_read=draw.choice((0, None, prompt // 2)))
    return Call(
        at_ms=draw.randrange(START, END), vendor=vendor, model=model, trace_id=f"t{number // 3}", span_id=f"s{number}",
        tokens=Tokens() if draw.random() < 0.02 else said, duration_ms=draw.uniform(10, 9000),
        tenant="" if draw.random() < 0.03 else f"tenant-{draw.randrange(40)}", user=f"user-{draw.randrange(500)}",
        agent=draw.choice(("", "triage")), feature=draw.choice(("", "chat", "search")),
    )  # fmt: skip


def test_a_month_of_tenants_and_rests_is_the_bills_and_the_pods() -> None:
    draw = random.Random(26)
    calls = [call(draw, number) for number in range(20_000)]
    found, rests = priced(calls, (shipped(),), OWN)
    rests = [*rests, *bill_rests(found, BILLS)]
    known = {"USD": D("913.55") + D("402.10") + OWN[0].cost, "EUR": OWN[1].cost}
    for by in BY:
        lines = lines_of(found, by)
        assert known == sums(lines, rests)
        assert len(calls) == sum(line.calls for line in lines)
    tenants = {line.name: line for line in lines_of(found, "tenant")}
    assert 41 == len(tenants)
    assert all(line.amounts["USD"] > 0 for line in tenants.values())
    assert OWN[1].cost == sum(line.own.get("EUR", D(0)) for line in tenants.values())
    unknown = [one for one in found if not one.call.tokens.known and not one.own]
    assert unknown
    assert all(one.cost.amount is None for one in unknown)
