"""What people say, plans that were recorded and made, and findings: the state of purchase options."""

import asyncio
from decimal import Decimal as D

import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Status
from trimtab.advice.purchases.answer import Answer, Bought, Held, Result, Spread, Stack, Wanted
from trimtab.advice.purchases.apply import Figures
from trimtab.advice.purchases.facts import RATE, TERM, FactStore, Offer, OwnRate, Term, check, machines_of, shares_of
from trimtab.advice.purchases.findings import BUY, EXPIRY, IDLE, judged
from trimtab.advice.purchases.kept import PlanStore
from trimtab.advice.purchases.model import Payment, PlanKind, UseLine
from trimtab.advice.purchases.offerings import by_id, offerings, rates_of
from trimtab.advice.purchases.rates import Basis, Rates, published
from trimtab.advice.purchases.recorded import RecordedPlans, active
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.inventory.catalog.book import load
from trimtab.store.state.database import State

ME = "111122223333"
DAY = 86_400_000
OWN = OwnRate(PlanKind.COMPUTE, 1, Payment.NO_UPFRONT, "AmazonEC2", "p5", D("0.55"), "price list")


def made_answer(now_ms: int) -> Answer:
    none = Figures(8760, 100.0, 90.0, 20.0, 1.0, 0.2, 0.95, 0.1)
    low = Spread(0.9, 0.5, 0.9)
    bought = Bought(
        "COMPUTE_SP", "COMPUTE_SP 1y NO_UPFRONT", ME, "everything it covers", 1, "NO_UPFRONT", D("1.5"), D("1.5"),
        D(0), now_ms, now_ms + 365 * DAY, 2000.0, 905.0, {"low": low, "expected": low, "high": low},
        {"low": None, "expected": now_ms, "high": now_ms}, "bill", "seen", "aws …",
    )  # fmt: skip
    idle = Held("arn:idle", "Reserved Instances", ME, "g5 in us-west-2", D(2), D(20), None, None, 0.0, 14600.0)
    ends = Held("arn:ends", "COMPUTE_SP", ME, "everything", D(5), D(5), 0, now_ms + 10 * DAY, 1.0, 0.0)
    stack = Stack((now_ms,), ("On demand",), ((1.0,),), ((0.5,),))
    outcomes = {name: Result(none, none, saving) for name, saving in (("low", 700.0), ("expected", 905.0))}
    return Answer(now_ms, "USD", 0, now_ms, 0.1, outcomes, (bought,), (idle, ends), stack, (), None, "the program")


def test_a_plan_that_was_made_is_read_again_as_it_was(state):
    clock = ManualClock()
    store = PlanStore(state, clock)
    with pytest.raises(NotFound, match="advice purchases plan"):
        asyncio.run(store.latest(EVERYTHING))
    answer = made_answer(clock.now_ms())
    wanted = Wanted(years=(1, 3), payments=(Payment.ALL_UPFRONT,))
    made = asyncio.run(store.keep(wanted, answer, 12))
    found = asyncio.run(store.latest(EVERYTHING))
    assert (made.id, wanted, answer) == (found.id, found.wanted, found.answer)
    asyncio.run(store.keep(wanted, None, 1, "no bill"))
    assert "no bill" == asyncio.run(store.latest(EVERYTHING)).problem
    assert answer == asyncio.run(store.latest(EVERYTHING, made.id)).answer


def test_a_plan_becomes_findings_to_buy_to_use_and_to_renew():
    buy, idle, soon = judged(made_answer(1_800_000_000_000))
    assert (BUY, IDLE, EXPIRY) == (buy.check, idle.check, soon.check)
    assert D("905.00") == buy.findings[0].cash
    assert [(Status.ERROR, D(0), D("14600.00"))] == [(one.status, one.cash, one.cost) for one in idle.findings]
    assert "ends in 10 days" in soon.findings[0].summary


def test_what_is_queued_takes_nothing_off_the_next_invoice():
    answer = made_answer(1_800_000_000_000)
    later = replace(answer.bought[0], start_ms=answer.made_ms + 75 * DAY)
    [found] = judged(replace(answer, bought=(later,)))[0].findings
    assert D(0) == found.cash
    assert "saves 905.00 USD a month from 2027-03-31 on, and nothing before" in found.cash_note


def test_own_rates_come_before_the_bill_and_published_ones(state):
    store = FactStore(state, ManualClock())
    asyncio.run(store.put(OWN))
    rates = Rates((*shares_of(asyncio.run(store.listed(EVERYTHING))), *published()))
    p5, m5 = (UseLine(ME, "AmazonEC2", "us-east-1", f"{name}.48xlarge", D(1), family=name) for name in ("p5", "m5"))
    assert D("0.55") == rates.share(PlanKind.COMPUTE, 1, Payment.NO_UPFRONT, p5).share
    assert Basis.ASSUMED is rates.share(PlanKind.COMPUTE, 1, Payment.NO_UPFRONT, m5).basis
    assert rates.share(PlanKind.SAGEMAKER, 1, Payment.NO_UPFRONT, p5) is None
    asyncio.run(store.remove(RATE, OWN.name))
    with pytest.raises(NotFound):
        asyncio.run(store.remove(RATE, OWN.name))


@pytest.mark.parametrize(
    "fact",
    [
        OwnRate(PlanKind.COMPUTE, 1, Payment.NO_UPFRONT, "AmazonEC2", "*", D("1.2")),
        OwnRate(PlanKind.COMPUTE, 2, Payment.NO_UPFRONT, "AmazonEC2", "*", D("0.5")),
        Offer("o", "Rental", "p5.48xlarge", "us-east-1", D(0), 1),
        Offer("o", "Rental", "p5.48xlarge", "us-east-1", D(1), 1, start_ms=5, end_ms=4),
        Term("arn", 5, 4),
        Term("", None, 4),
    ],
)
def test_what_cannot_hold_is_refused(fact):
    with pytest.raises(InvalidInput):
        check(fact)


def test_an_offer_is_something_to_buy():
    offer = Offer("lab", "Take-or-pay rental", "p5.48xlarge", "us-east-1", D(31), 4)
    [found] = machines_of([offer, OWN], {"p5.48xlarge": "p5"})
    assert ("lab", 4, D(31), "p5", "Take-or-pay rental") == (
        found.id, found.count, found.hourly, found.family, found.what,
    )  # fmt: skip


def test_a_recorded_plan_is_queued_active_returned_or_retired(state):
    clock = ManualClock()
    plans = RecordedPlans(state, clock)
    now_ms = clock.now_ms()
    first = asyncio.run(plans.record(ME, "o", 1, D("2.5"), D(0), now_ms, "token"))
    again = asyncio.run(plans.record(ME, "o", 1, D("2.5"), D(0), now_ms, "token"))
    assert first == again
    with pytest.raises(Conflict):
        asyncio.run(plans.record(ME, "o", 1, D("2.6"), D(0), now_ms, "token"))
    later = asyncio.run(plans.record(ME, "o", 1, D(200), D(0), now_ms + DAY, ""))
    assert ("active", "queued") == (first.state(now_ms), later.state(now_ms))
    assert ("queued", "active") == (later.state(now_ms + DAY - 1), later.state(now_ms + DAY))
    assert later.returnable_until_ms() is None
    asyncio.run(plans.delete_queued(EVERYTHING, later.id))
    with pytest.raises(InvalidInput, match="not queued"):
        asyncio.run(plans.delete_queued(EVERYTHING, first.id))
    asyncio.run(plans.give_back(EVERYTHING, first.id))
    states = {one.id: one.state(now_ms) for one in asyncio.run(plans.listed(EVERYTHING))}
    assert {first.id: "returned", later.id: "queued-deleted"} == states
    assert [] == active(asyncio.run(plans.listed(EVERYTHING)), now_ms)
    assert [] == asyncio.run(plans.listed(Scope(frozenset({"999988887777"}))))
    kept = asyncio.run(plans.record(ME, "o", 1, D(1), D(0), now_ms, ""))
    assert "retired" == kept.state(kept.end_ms)


def test_offerings_have_ids_of_their_own_and_rates_from_the_catalogue():
    catalog = load()
    every = list(offerings(catalog))
    assert len(every) == len({one.id for one in every})
    one = next(one for one in every if one.family == "p5" and one.years == 1)
    assert one == by_id(catalog, one.id)
    found = list(rates_of(catalog, Rates(published()), [one], 1_800_000_000_000))
    assert {"p5.48xlarge"} <= {rate.type for rate in found}
    assert all(rate.family == "p5" and rate.rate > 0 for rate in found)


def test_the_newest_plans_are_one_a_currency_and_provider_as_long_as_they_are_made(state):
    clock = ManualClock()
    store = PlanStore(state, clock)

    async def kept(currency: str, provider: str) -> int:
        wanted = Wanted(currency=currency, provider=provider)
        return (
            await store.keep(wanted, replace(made_answer(clock.now_ms()), currency=currency, provider=provider), 1)
        ).id

    async def of() -> dict[tuple[str, str], int]:
        return {(one.wanted.currency, one.wanted.provider): one.id for one in await store.newest(EVERYTHING)}

    async def play():
        await kept("USD", "AWS")
        first = {("USD", "AWS"): await kept("USD", "AWS"), ("EUR", "AWS"): await kept("EUR", "AWS"),
                 ("USD", "Azure"): await kept("USD", "Azure")}  # fmt: skip
        assert first == await of()
        clock.advance(2 * 86_400)
        again = await kept("USD", "AWS")
        assert {**first, ("USD", "AWS"): again} == await of()
        clock.advance(1)
        assert {("USD", "AWS"): await kept("USD", "AWS")} == await of()

    asyncio.run(play())


def test_facts_and_plans_of_one_account_are_not_those_of_another(state: State) -> None:
    clock = ManualClock()
    facts, plans = FactStore(state, clock), PlanStore(state, clock)
    one, two = (Scope(accounts=frozenset({account})) for account in ("111111111111", "222222222222"))
    asyncio.run(facts.put(Term("everyone", 1, 2)))
    asyncio.run(facts.put(Term("shared", 1, 2)))
    asyncio.run(facts.put(Term("shared", 3, 4), Term("own", 5, 6), account="111111111111"))
    assert [Term("everyone", 1, 2), Term("own", 5, 6), Term("shared", 3, 4)] == asyncio.run(facts.listed(one))
    assert [Term("everyone", 1, 2), Term("shared", 1, 2)] == asyncio.run(facts.listed(two))
    assert [Term("everyone", 1, 2), Term("own", 5, 6), Term("shared", 1, 2)] == asyncio.run(facts.listed(EVERYTHING))
    with pytest.raises(NotFound, match="no term is named 'own'"):
        asyncio.run(facts.remove(TERM, "own", "222222222222"))
    whole = asyncio.run(plans.keep(Wanted(), None, 0))
    mine = asyncio.run(plans.keep(Wanted(), None, 0, scope=one))
    assert (mine, whole) == (asyncio.run(plans.latest(one)), asyncio.run(plans.latest(EVERYTHING)))
    assert [mine] == asyncio.run(plans.newest(one))
    for scope, id_ in ((two, None), (two, mine.id), (one, whole.id)):
        with pytest.raises(NotFound, match="no plan has"):
            asyncio.run(plans.latest(scope, id_))
