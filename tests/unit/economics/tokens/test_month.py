"""A month of traffic of two vendors and two own models: tenants and rests are the bills and the pods, 0.00 apart."""

import random
from datetime import UTC, datetime
from decimal import Decimal

from trimtab.access.scope import EVERYTHING
from trimtab.economics.tokens.ledger import OwnModel, VendorBill, bill_rests, lines_of, sums
from trimtab.economics.tokens.model import BY
from trimtab.economics.tokens.tallies import Sums, tally_of
from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.tokens import Tokens

D = Decimal
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
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
    hours: dict[int, list[Call]] = {}
    for one in calls:
        hours.setdefault(one.at_ms // HOUR_MS * HOUR_MS, []).append(one)
    tallies = [tally_of(hour, began, (shipped(),)) for hour, began in hours.items()]
    known = {"USD": D("913.55") + D("402.10") + OWN[0].cost, "EUR": OWN[1].cost}
    by_name = {}
    for by in BY:
        read = Sums()
        for tally in tallies:
            read.add(tally, by, EVERYTHING)
        lines, rests = lines_of(read.tallies, OWN)
        by_name[by] = {line.name: line for line in lines}
        assert known == sums(lines, [*rests, *bill_rests(read, OWN, BILLS)])
        assert len(calls) == sum(line.calls for line in lines)
    tenants = by_name["tenant"]
    assert 41 == len(tenants)
    assert all(line.amounts["USD"] > 0 for line in tenants.values())
    assert OWN[1].cost == sum(line.own.get("EUR", D(0)) for line in tenants.values())
    unknown = {by_name["model"][model].unknown_usage for _, model in API}
    assert sum(unknown) == sum(not one.tokens.known for one in calls if one.vendor != "vllm") > 0
