"""The plan over a bill and a store of findings: what is read, what it makes of findings, and what decisions change."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Action, Finding, Judgement
from trimtab.advice.knobs import KnobStore
from trimtab.advice.plan.choosing import Choosing
from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.presented import PlansTogether
from trimtab.advice.plan.reading import read_convertible, read_spot
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.purchases.advisor import Advisor
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.bill import Bill as PurchaseBill
from trimtab.advice.purchases.facts import FactStore
from trimtab.advice.purchases.findings import BUY
from trimtab.advice.purchases.kept import PlanStore
from trimtab.advice.purchases.model import Holdings, Use
from trimtab.advice.purchases.recorded import RecordedPlans
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.standing import Decision
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock, to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.currencies.model import Rate
from trimtab.costs.currencies.room import Currencies
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from trimtab.inventory.catalog.book import load
from trimtab.inventory.catalog.spot import SpotPrice, SpotPriceStore
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.store.state.database import State
from unit.advice.plan.companies import ACCOUNT, RATES, REGION, Machine, finding, line_of

HOUR, DAY = 3_600_000, 86_400_000
START = 20_000 * DAY
HOURS = 40 * 24
MACHINES = {"i-a": "p5.48xlarge", "i-b": "p5.48xlarge", "i-c": "m5.2xlarge"}
NET = D("0.9")
A, B, C = (Machine(name, type_, ()) for name, type_ in MACHINES.items())


class Bill:
    """Three machines that always run, in USD after a discount of a tenth, and a bucket; the same once more in EUR."""

    async def extent(self) -> tuple[int, int]:
        return START, START + HOURS * HOUR

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        hours = range(START, START + HOURS * HOUR, HOUR)
        mine = [at for at in hours if query.start_ms <= at < query.end_ms]
        wanted = str(query.where)
        if Metric.COMMITMENT_TOTAL in query.metrics or "SavingsPlanCoveredUsage" in wanted:
            return []
        by = tuple(str(one) for one in query.group_by)
        rows = []
        for currency in ("USD", "EUR"):
            if "CURRENCY" in wanted and f"'{currency}'" not in wanted:
                continue
            if not by:
                listed = sum(RATES[one] for one in MACHINES.values())
                total = D(str(listed)) * NET * len(mine) + D("0.10") * len(mine)
                rows.append(CostRow(*_span(query), (), currency, "", 1, (total,)))
            elif by == (Dimension.RESOURCE_ID,):
                rows.append(CostRow(*_span(query), ("bucket",), currency, "GB", 1, (D("0.10") * len(mine),)))
            else:
                rows += self._lines(query, by, mine, currency)
        return rows

    def _lines(self, query: CostQuery, by: tuple[str, ...], mine: list[int], currency: str) -> list[CostRow]:
        found = []
        for name, type_ in MACHINES.items():
            if "RESOURCE_ID" in by and "i-" in str(query.where) and f"'{name}'" not in str(query.where):
                continue
            line = (ACCOUNT, "AmazonEC2", REGION, "", type_, "Linux", f"BoxUsage:{type_}", "", "", "On-Demand")
            keys = (name, *line[:-1]) if "RESOURCE_ID" in by else line
            rate = D(str(RATES[type_]))
            whole = query.granularity is Granularity.TOTAL
            for at, many in [(query.start_ms, len(mine))] if whole else [(at, 1) for at in mine]:
                known = {Metric.USAGE: D(many), Metric.LIST: rate * many, Metric.NET_UNBLENDED: rate * many * NET}
                amounts = tuple(known.get(one, rate * many) for one in query.metrics)
                found.append(CostRow(at, at + HOUR, keys, currency, "Hrs", 1, amounts))
        return found


def _span(query: CostQuery) -> tuple[int, int]:
    return query.start_ms, query.end_ms


class NoForecast:
    """A forecaster that has too little history."""

    async def predict_all(self, asked: Any) -> list[None]:
        return [None for _ in asked]


@pytest.fixture
def room(state: State) -> PlanRoom:
    clock, bill, catalog = ManualClock(), Bill(), load()
    findings = FindingStore(state, clock)
    choosing = Choosing(bill, findings, catalog, clock)  # type: ignore[arg-type] # as far as it is asked
    advisor = Advisor(bill, NoForecast())  # type: ignore[arg-type] # so too
    parts = FactStore(state, clock), PlanStore(state, clock), RecordedPlans(state, clock), catalog, findings
    purchases = PurchasesRoom(clock, advisor, *parts, None, choosing.leaves)
    return PlanRoom(bill, findings, choosing, purchases, KnobStore(state), clock)  # type: ignore[arg-type] # so too


def publish(room: PlanRoom, *found: Finding) -> None:
    by_check: dict[str, list[Finding]] = {}
    for one in found:
        by_check.setdefault(one.check, []).append(replace(one, cash=one.cash or D(1), estimate=one.estimate or D(1)))
    asyncio.run(room.findings.publish([Judgement(check, tuple(some)) for check, some in by_check.items()]))


def cash(room: PlanRoom) -> dict[str, D | None]:
    found = asyncio.run(room.findings.listed(EVERYTHING))
    return {f"{one.finding.name} {one.finding.check}": one.finding.cash for one in found}


def dollars(plans: Sequence[Plan]) -> Plan:
    [found] = [one for one in plans if one.currency == "USD"]
    return found


def only_usual(room: PlanRoom) -> None:
    """Nothing may be bought: the plan is of stopping and shrinking alone."""
    asyncio.run(room.purchases.plans.keep(Wanted(kinds=()), None, 0))


def test_findings_are_worth_what_they_add_in_the_plan_of_their_currency(room: PlanRoom) -> None:
    only_usual(room)
    elsewhere = replace(finding(B, ""), check="elsewhere", billed_as="i-nobody-bills", name="gone")
    euro = replace(finding(B, "", "euro"), currency="EUR")
    publish(room, finding(A, ""), finding(A, "", "low use", takes=0.9), finding(C, "m5.xlarge"), elsewhere, euro)
    asyncio.run(room.recompute(0))
    plan, euros = dollars(asyncio.run(room.latest())), asyncio.run(room.latest())[0]
    stopped, shrunk = D("36161.28"), (D("0.384") - D("0.192")) * 730 * NET
    assert (plan.currency, plan.total) == ("USD", stopped + shrunk.quantize(D("0.01")))
    assert (euros.currency, euros.total) == ("EUR", stopped)
    known = cash(room)
    assert known["i-a idle"] == stopped
    assert known["i-a low use"] == 0
    assert known["gone elsewhere"] == 0
    assert known["i-b euro"] == stopped
    assert sum(one for name, one in known.items() if one and name != "i-b euro") == plan.total


def test_a_finding_that_is_found_again_keeps_what_the_plan_said_and_counts_as_unchanged(room: PlanRoom) -> None:
    only_usual(room)
    publish(room, finding(A, ""))
    asyncio.run(room.recompute(0))
    changes = asyncio.run(
        room.findings.publish([Judgement("idle", (replace(finding(A, ""), cash=D(1), estimate=D(1)),))])
    )
    assert not changes
    assert cash(room) == {"i-a idle": D("36161.28")}


def test_what_is_dismissed_leaves_the_plan_which_is_made_anew(room: PlanRoom) -> None:
    only_usual(room)
    publish(room, finding(A, ""), finding(B, ""))
    asyncio.run(room.recompute(0))
    before = dollars(asyncio.run(room.latest()))
    [job] = room.jobs(Held())  # type: ignore[arg-type] # a lock as far as it is asked
    asyncio.run(job.work())
    assert dollars(asyncio.run(room.latest())).made_ms == before.made_ms  # nothing changed
    asyncio.run(room.findings.decide(EVERYTHING, finding(B, "").id, Decision.DISMISSED, "me", "it is a spare"))
    room.clock.advance(60)  # type: ignore[attr-defined] # the manual one
    asyncio.run(job.work())
    after = dollars(asyncio.run(room.latest()))
    assert (before.total, after.total) == (D("72322.56"), D("36161.28"))


def test_what_may_be_interrupted_moves_to_spot_at_what_that_cost_in_the_days_that_are_replayed(
    room: PlanRoom, state: State
) -> None:
    spot = SpotPriceStore(state)
    moving = replace(room, choosing=replace(room.choosing, spot=spot))
    only_usual(moving)
    said = replace(finding(C, C.type, "interruptible"), part="", lost=0.1, action=Action.RIGHTSIZE)
    publish(moving, said)
    asyncio.run(moving.recompute(0))
    assert dollars(asyncio.run(moving.latest())).total == 0
    assert "no price of spot is known for m5.2xlarge" in {
        one.finding.cash_note for one in asyncio.run(moving.findings.listed(EVERYTHING))
    }
    half = START + (HOURS - 360) * HOUR  # for the last 15 of the 30 days
    prices = [("b", 0, "0.1"), ("b", half, "0.2"), ("a", 0, "0.3")]
    asyncio.run(spot.put([SpotPrice(C.type, REGION, zone, at, D(price)) for zone, at, price in prices]))
    asyncio.run(moving.recompute(0))
    plan = dollars(asyncio.run(moving.latest()))
    assert plan.total == D("131.84")  # (0.384 × 0.9 − (0.1 + 0.2) ÷ 2 × 1.1) × 730
    assert [(row.verb, row.cash_from) for row in plan.rows] == [("spot", "next invoice")]


def test_a_schedule_takes_the_weekdays_of_the_bill(room: PlanRoom) -> None:
    only_usual(room)
    first = (20_000 + HOURS // 24 - 30 + 3) % 7  # the weekday on which the 30 days begin: it is there five times
    day = tuple(range(first * 24, first * 24 + 24))
    publish(room, replace(finding(C, ""), hours=day))
    asyncio.run(room.recompute(0))
    assert dollars(asyncio.run(room.latest())).total == D("42.05")  # 0.384 × 0.9 × 730 × 5 ÷ 30


def test_who_refuses_such_advice_makes_the_low_case_lower(room: PlanRoom) -> None:
    only_usual(room)
    refused = [replace(finding(A, "", part=f"/{at}"), billed_as="i-gone") for at in range(4)]
    publish(room, finding(B, ""), *refused)
    for one in refused:
        asyncio.run(room.findings.decide(EVERYTHING, one.id, Decision.DISMISSED, "me", "needed"))
    asyncio.run(room.recompute(0))
    plan = dollars(asyncio.run(room.latest()))
    assert (plan.total, plan.low, plan.expected) == (D("36161.28"), D("0.00"), D("18080.64"))  # as likely as not


def test_where_no_price_of_spot_is_known_the_bill_s_own_spot_says_what_it_costs(state: State) -> None:
    use = Use.hourly((line_of(C.type),), np.ones((1, 48)))
    bill = PurchaseBill(use, use, 48 * 0.384 * 0.35, Holdings(), (), 0, 48 * HOUR)
    store = SpotPriceStore(state)
    asked = [(C.type, REGION, D("0.384")), ("p5.48xlarge", REGION, D("55.04"))]
    found = asyncio.run(read_spot(store, bill, asked))
    assert found[C.type, REGION].tolist() == pytest.approx([0.384 * 0.35] * 48)
    asyncio.run(store.put([SpotPrice(C.type, REGION, "a", 24 * HOUR, D("0.1"))]))
    assert asyncio.run(read_spot(store, bill, asked))[C.type, REGION].tolist() == [0.1] * 48
    none = replace(bill, spot=Use.hourly((), np.zeros((0, 48))), spot_cost=0.0)
    assert set(asyncio.run(read_spot(store, none, asked))) == {(C.type, REGION)}


def test_which_reservations_can_be_exchanged_is_read_from_the_accounts(state: State) -> None:
    store = ResourceStore(state)
    arns = [f"arn:aws:ec2:{REGION}:{ACCOUNT}:reserved-instances/{at}" for at in range(3)]
    classes = ("convertible", "standard", "Convertible")
    found = [
        Resource(parse_arn(arn), arn=arn, attributes={"OfferingClass": word})
        for arn, word in zip(arns, classes, strict=True)
    ]
    asyncio.run(store.put(found, 1))
    assert asyncio.run(read_convertible(store, EVERYTHING)) == {arns[0], arns[2]}


class Reserving(Bill):
    """The same with three c6i.2xlarge reserved, which nobody runs."""

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        if Metric.COMMITMENT_TOTAL_HOURS not in query.metrics or "'EUR'" in str(query.where):
            return await super().costs(scope, query)
        hours = D(HOURS * 3)
        keys = (RESERVED, ACCOUNT, "AmazonEC2", REGION, "c6i.2xlarge", "Linux", "HeavyUsage:c6i.2xlarge", "", "")
        amounts = hours * D("0.2"), hours, hours * D("0.2")
        return [CostRow(START, START + HOURS * HOUR, keys, "USD", "Hrs", 1, amounts)]


RESERVED = f"arn:aws:ec2:{REGION}:{ACCOUNT}:reserved-instances/1"


async def convertible(scope: Any) -> frozenset[str]:
    del scope
    return frozenset({RESERVED})


def reserving(room: PlanRoom) -> PlanRoom:
    """The room over a bill with a reservation that nothing uses and that can be exchanged."""
    bill = Reserving()
    advisor = Advisor(bill, NoForecast())  # type: ignore[arg-type] # as far as it is asked
    choosing = replace(room.choosing, reader=bill, convertible=convertible)  # type: ignore[arg-type] # so too
    purchases = replace(room.purchases, advisor=advisor, leaves=choosing.leaves)
    return replace(room, reader=bill, choosing=choosing, purchases=purchases)  # type: ignore[arg-type] # so too


def test_a_plan_of_purchases_alone_buys_beside_what_is_exchanged(room: PlanRoom) -> None:
    made, asked = reserving(room), Wanted(currency="USD", months=1)
    publish(made, finding(A, ""), finding(B, ""))
    answer = asyncio.run(made.purchases.make(EVERYTHING, asked)).answer
    assert answer is not None
    assert [one.id for one in answer.held] == [f"{RESERVED} as m5.2xlarge"]
    before = asyncio.run(made.purchases.make(EVERYTHING, replace(asked, rightsizing=False))).answer
    assert before is not None
    assert [one.id for one in before.held] == [RESERVED]


def test_an_exchange_is_a_finding_and_a_row_and_commitments_are_planned_beside_it(room: PlanRoom) -> None:
    made = reserving(room)
    only_usual(made)
    publish(made, finding(A, ""), finding(B, ""))
    asyncio.run(made.recompute(0))
    plan = dollars(asyncio.run(made.latest()))
    [row] = [one for one in plan.rows if one.verb == "exchange"]
    assert (row.names, row.adds > 0, row.cash_from) == (("1",), True, "next invoice")
    assert sum(one.adds for one in plan.rows) == plan.total
    [found] = [one.finding for one in asyncio.run(made.findings.listed(EVERYTHING)) if one.finding.id in row.findings]
    assert (found.cash, found.check) == (row.adds, "trimtab-exchange-reservation")
    answers = [one.answer for one in asyncio.run(made.purchases.plans.newest(EVERYTHING))]
    [answer] = [one for one in answers if one is not None and one.currency == "USD"]
    assert [one.id for one in answer.held] == [f"{RESERVED} as m5.2xlarge"]
    less = asyncio.run(made.without(EVERYTHING, "USD", row.findings))
    assert plan.total - less.total == row.adds


class Held:
    """A lock that is held."""

    held = True


def test_a_plan_without_a_finding_is_worked_out_and_not_kept(room: PlanRoom) -> None:
    only_usual(room)
    publish(room, finding(A, ""), finding(B, ""))
    asyncio.run(room.recompute(0))
    plan = asyncio.run(room.without(EVERYTHING, "USD", [finding(B, "").id]))
    assert plan.total == D("36161.28")
    assert dollars(asyncio.run(room.latest())).total == D("72322.56")
    assert [one.before - one.after for one in plan.invoices] == [plan.total] * 3
    assert (plan.start_ms, plan.end_ms) == (START + HOURS * HOUR, START + (HOURS + 720) * HOUR)  # the days that follow
    assert plan.billed == D("72647.85")  # (55.04 × 2 + 0.384) × 730 × 0.9 + 73


def test_what_is_no_open_advice_cannot_be_left_out(room: PlanRoom) -> None:
    only_usual(room)
    publish(room, finding(A, ""))
    with pytest.raises(InvalidInput, match="cannot leave out 'nothing': expected ids of open advice"):
        asyncio.run(room.without(EVERYTHING, "USD", ["nothing"]))


def test_who_sees_another_account_sees_no_row_and_no_invoice(room: PlanRoom) -> None:
    only_usual(room)
    publish(room, finding(A, ""))
    asyncio.run(room.recompute(0))
    mine = dollars(asyncio.run(room.seen(Scope.of(ACCOUNT, REGION))))
    other = dollars(asyncio.run(room.seen(Scope.of("999999999999", REGION))))
    assert (mine.total, len(mine.rows), mine.invoices) == (D("36161.28"), 1, ())
    assert (other.total, other.rows, other.invoices, other.billed) == (0, (), (), 0)


def test_commitments_are_planned_over_what_is_left(room: PlanRoom) -> None:
    publish(room, finding(A, ""), finding(B, ""))
    asyncio.run(room.recompute(0))
    plan = dollars(asyncio.run(room.latest()))
    bought = [row for row in plan.rows if row.verb == "commit"]
    names = {name for row in bought for name in row.names}
    assert not any("p5" in name for name in names)  # both p5 are stopped
    assert bought
    assert sum(row.adds for row in plan.rows) == plan.total
    assert plan.total <= plan.billed


def test_the_plans_of_all_currencies_are_one_in_the_presentation_currency(room: PlanRoom, state: State) -> None:
    rates = RateStore(state, ManualClock())
    today = to_datetime(room.clock.now_ms()).date()
    shown = replace(room, currencies=Currencies(rates, "EUR"))

    async def told() -> tuple[PlansTogether | None, PlansTogether | None, PlansTogether | None, list[Plan]]:
        await shown.recompute(0)
        plans = await shown.seen(EVERYTHING)
        before = await shown.together(plans)
        await rates.put("ECB", [Rate(today, "EUR", "USD", D("1.25"), "ECB")])
        return before, await shown.together(plans), await shown.together(plans, "USD"), plans

    before, euros, dollars_too, plans = asyncio.run(told())
    assert before is not None
    assert euros is not None
    assert dollars_too is not None
    assert {"USD"} == set(before.missing)
    own = {plan.currency: plan.total for plan in plans}
    assert own["EUR"] > 0
    assert own["EUR"] + (own["USD"] / D("1.25")).quantize(D("0.01")) == euros.sum("total")
    assert own["USD"] + (own["EUR"] * D("1.25")).quantize(D("0.01")) == dollars_too.sum("total")
    assert asyncio.run(room.together(plans)) is None


def test_each_currency_keeps_a_purchase_plan_and_the_findings_of_both_stand(room: PlanRoom) -> None:
    asyncio.run(room.recompute(0))
    newest = asyncio.run(room.purchases.plans.newest(EVERYTHING))
    assert {"USD", "EUR"} == {one.answer.currency for one in newest if one.answer}
    bought = [one.finding for one in asyncio.run(room.findings.listed(EVERYTHING)) if one.finding.check == BUY]
    assert {"USD", "EUR"} == {one.currency for one in bought}
    largest = asyncio.run(room.latest())[0].currency
    latest = asyncio.run(room.purchases.latest(EVERYTHING)).answer
    assert latest is not None
    assert (largest, "AWS") == (latest.currency, latest.provider)
