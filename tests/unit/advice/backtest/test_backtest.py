"""The plan of a month ago against companies whose invoices, with and without its set, are known hour by hour."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from depth import examples
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.backtest.evidence import Evidence
from trimtab.advice.backtest.model import Backtest, LeftOut
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.backtest.until import Until
from trimtab.advice.finding import Finding, Judgement
from trimtab.advice.knobs import KnobStore
from trimtab.advice.ledger.model import Entry, EntryState
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.choosing import Choosing
from trimtab.advice.plan.kept import KeptPlans, keep_plans
from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.purchases.advisor import Advisor, Known
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.facts import FactStore
from trimtab.advice.purchases.kept import PlanStore
from trimtab.advice.purchases.model import Holdings, PlanKind
from trimtab.advice.purchases.model import Plan as Commitment
from trimtab.advice.purchases.recorded import RecordedPlans
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.standing import Decision
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from trimtab.inventory.catalog.book import Catalog, load
from trimtab.store.state.database import State
from unit.advice.plan.companies import RATES, Company, Machine, company, finding
from unit.advice.plan.company_bill import DAY, HOUR, START, CompanyBill
from unit.advice.test_realised import of_each

DAYS = 75
CUT = START + (DAYS - 30) * DAY
OCTOBER = 19_997 * DAY  # 2024-10-01


FULL = (True,) * DAYS * 24
A, B = Machine("i-a", "p5.48xlarge", FULL), Machine("i-b", "p5.48xlarge", FULL)
TWO = Company((A, B), ())


class NoForecast:
    """A forecaster that has too little history."""

    async def predict_all(self, asked: Any) -> list[None]:
        return [None for _ in asked]


class World:
    """A company and the rooms over its bill."""

    def __init__(self, state: State, one: Company, findings: Sequence[Finding]) -> None:
        self.asked: list[int] = []
        self.found = Evidence(tuple(findings), (LeftOut("Old Snapshots", "no past of the inventory is kept"),))
        self.bill = CompanyBill(one)
        clock, bill, catalog = ManualClock(START + DAYS * DAY), cast(Any, self.bill), prices()
        self.findings = FindingStore(state, clock)
        choosing = Choosing(bill, self.findings, catalog, clock)
        forecaster: Any = NoForecast()
        parts = FactStore(state, clock), PlanStore(state, clock), RecordedPlans(state, clock), catalog, self.findings
        self.purchases = PurchasesRoom(clock, Advisor(bill, forecaster), *parts)
        knobs, self.ledger = KnobStore(state), LedgerStore(state)
        plan = PlanRoom(bill, self.findings, choosing, self.purchases, knobs, clock)
        self.room = BacktestRoom(plan, self.past, self.ledger, knobs, forecaster)
        asyncio.run(keep_plans(knobs, KeptPlans("", [Plan(0, "USD", 0, 0, D(0), D(0), D(0), D(0))])))

    async def past(self, at_ms: int) -> Evidence:
        self.asked.append(at_ms)
        return self.found

    def made(self) -> Backtest:
        asyncio.run(self.room.recompute(self.room.plan.clock.now_ms()))
        month, week = asyncio.run(self.room.latest())
        assert (month.days, week.days) == (30, 7)
        return month


def prices() -> Catalog:
    """The catalogue, with the rates that companies pay."""
    catalog = load()

    class Priced:
        types = catalog.types

        def price(self, name: str, now_ms: int, region: str) -> Any:
            return type("Price", (), {"per_hour": D(str(RATES[name]))}) if name in RATES else None

    return cast(Any, Priced())


def nothing_is_bought(world: World) -> World:
    asyncio.run(world.purchases.plans.keep(Wanted(kinds=(), days=45), None, 0))
    return world


def steady(seed: int) -> Company:
    """A company whose machines run an hour less now and then."""
    random = Random(seed)
    one = company(seed, machines=8, most_changes=5, hours=DAYS * 24)
    kept = [tuple(ran and random.random() > 0.04 for ran in each.hours) for each in one.machines]
    return replace(
        one, machines=tuple(replace(each, hours=mine) for each, mine in zip(one.machines, kept, strict=True))
    )


def drifting(seed: int) -> Company:
    """The same with a machine that is new in the last month: it takes what commitments have left."""
    random, one = Random(seed), steady(seed)
    late = (DAYS - random.randrange(10, 30)) * 24
    new = Machine("i-new", random.choice(["g5.xlarge", "m5.2xlarge"]), tuple(at >= late for at in range(DAYS * 24)))
    return replace(one, machines=(*one.machines, new))


def part(one: Company, first: int, last: int) -> Company:
    """Some days of a company."""
    hours = slice(first * 24, last * 24)
    return replace(one, machines=tuple(replace(each, hours=each.hours[hours]) for each in one.machines))


@pytest.mark.parametrize("seed", range(700, 700 + examples(12)))
def test_what_it_promised_and_came_to_is_what_the_invoices_would_have_been(state: State, seed: int) -> None:
    """The last days before the cut say what is promised, those after it what came; commitments are applied again."""
    one = drifting(seed)
    changes = of_each(one)
    world = nothing_is_bought(World(state, one, [each.finding for each in changes]))
    found = world.made()
    then, came = part(one, DAYS - 60, DAYS - 30), part(one, DAYS - 30, DAYS)
    before, after = then.invoice(), came.invoice()
    saved = [(before - then.without(some).invoice(), after - came.without(some).invoice()) for some in subsets(changes)]
    best = max(promised for promised, _ in saved)
    assert float(found.promised) == pytest.approx(best, abs=0.05)
    alike = [
        real for promised, real in saved if promised > best - 0.05
    ]  # of sets that promise the same any may be taken
    assert any(float(found.came) == pytest.approx(real, abs=0.05) for real in alike)
    assert (found.as_of_ms, found.days, world.asked) == (CUT, 30, [CUT, START + (DAYS - 7) * DAY])
    assert sum(each.promised for each in found.verbs) == found.promised
    assert sum(each.came for each in found.verbs) == found.came


def subsets(changes: Sequence[Any]) -> list[list[Any]]:
    return [[one for at, one in enumerate(changes) if number >> at & 1] for number in range(1 << len(changes))]


@pytest.mark.parametrize("seed", range(720, 720 + examples(12)))
def test_where_use_stays_what_it_was_it_comes_to_what_it_promised(state: State, seed: int) -> None:
    """Stopping, shrinking, moving, and commitments bought for what is left, within 5 %."""
    one = steady(seed)
    found = World(state, one, [each.finding for each in of_each(one)]).made()
    assert found.promised > 0
    assert found.ratio == pytest.approx(1, abs=0.05)


def test_commitments_are_bought_for_what_the_other_actions_leave(state: State) -> None:
    found = World(state, TWO, [idle(A)]).made()
    assert [each.verb for each in found.verbs] == ["stop", "commit"]
    assert found.verbs[0].came == D("40179.20")
    assert 0 < found.verbs[1].came < D("40179.20")


def idle(machine: Machine) -> Finding:
    return finding(machine, "")


def test_what_stopped_by_itself_in_these_days_came_to_less(state: State) -> None:
    """It ran on for ten of the thirty days: a third of what was promised came."""
    ended = replace(A, hours=tuple(at < (DAYS - 20) * 24 for at in range(DAYS * 24)))
    found = nothing_is_bought(World(state, replace(TWO, machines=(ended, B)), [idle(A)])).made()
    assert (found.promised, found.came) == (D("40179.20"), D("13393.07"))
    assert found.ratio == pytest.approx(1 / 3, abs=1e-4)


def test_a_price_that_changed_since_is_named_apart(state: State) -> None:
    """A discount of a tenth ended on the day: what it came to at the prices of then is what was promised."""
    world = nothing_is_bought(World(state, TWO, [idle(A)]))
    costs = world.bill.costs

    async def discounted(scope: Any, query: CostQuery) -> list[Any]:
        net = [at for at, one in enumerate(query.metrics) if one is Metric.NET_UNBLENDED]
        rows = await costs(scope, query)
        if query.start_ms >= CUT:
            return rows
        tenth = D("0.9")
        return [
            replace(row, amounts=tuple(one * tenth if at in net else one for at, one in enumerate(row.amounts)))
            for row in rows
        ]

    world.bill.costs = discounted  # type: ignore[method-assign] # a bill with a discount
    found = world.made()
    assert (found.promised, found.came) == (D("36161.28"), D("40179.20"))
    assert (found.at_prices, found.ratio) == (D("36161.28"), 1.0)


def test_what_a_check_tells_of_a_resource_moves_with_what_that_cost(state: State) -> None:
    """A bucket of 100.00 a month whose rules would save 40.00, and which costs half in the days that came."""
    said = replace(idle(A), billed_as="bucket", takes=0.0, estimate=D("40.00"), resource="bucket", check="rules")
    world = nothing_is_bought(World(state, TWO, [said]))
    costs = world.bill.costs

    async def with_bucket(scope: Any, query: CostQuery) -> list[Any]:
        if query.group_by == (Dimension.RESOURCE_ID,) and query.metrics == (Metric.NET_UNBLENDED,):
            cost = D(100) if query.start_ms < CUT else D(50)
            days = D(query.end_ms - query.start_ms) / DAY
            return [CostRow(query.start_ms, query.end_ms, ("bucket",), "USD", "", 1, (cost * days * 24 / 730,))]
        return await costs(scope, query)

    world.bill.costs = with_bucket  # type: ignore[method-assign] # a bill with a bucket
    found = world.made()
    assert (found.promised, found.came) == (D("40.00"), D("20.00"))


def test_commitments_that_were_recorded_later_were_not_held_then(state: State) -> None:
    world = World(state, TWO, [])
    early, late = (Commitment(f"sp-{at}", "1", PlanKind.COMPUTE, D(1), start_ms=at) for at in (CUT - DAY, CUT + DAY))

    async def known(scope: Any) -> Known:
        return Known(held=Holdings((early, late)))

    purchases: Any = SimpleNamespace(known=known)
    plan: Any = SimpleNamespace(purchases=purchases)
    assert asyncio.run(replace(world.room, plan=plan)._known(CUT)).held.plans == (early,)


def test_a_machine_that_was_changed_in_these_days_is_in_neither_and_named(state: State) -> None:
    world = nothing_is_bought(World(state, TWO, [idle(A), idle(B)]))
    taken = Entry("f", "idle", "r", "1", "r", "", EntryState.APPLIED, applied_ms=CUT + DAY, billed_as="i-a")
    asyncio.run(world.ledger.put(taken))
    found = world.made()
    assert (found.promised, found.came) == (D("40179.20"), D("40179.20"))
    assert [one.name for one in found.left_out] == ["Old Snapshots", "i-a"]
    asyncio.run(world.ledger.put(replace(taken, applied_ms=CUT - DAY)))
    assert world.made().promised == D("80358.40")


def test_what_people_had_refused_by_then_is_not_in_it(state: State) -> None:
    world = nothing_is_bought(World(state, TWO, [idle(A), idle(B)]))
    asyncio.run(world.findings.publish([Judgement("idle", (idle(A), idle(B)))]))
    clock = cast(ManualClock, world.room.plan.clock)
    clock.at_ms = CUT - DAY
    asyncio.run(world.findings.decide(EVERYTHING, idle(A).id, Decision.DISMISSED, "ada", "a spare"))
    clock.at_ms = CUT + DAY  # of this one nobody knew then that it would be refused
    asyncio.run(world.findings.decide(EVERYTHING, idle(B).id, Decision.DISMISSED, "ada", "a spare"))
    assert world.made().promised == D("40179.20")


def test_a_machine_that_was_of_another_type_then_is_not_in_it(state: State) -> None:
    """The inventory says what it is now: its size of then is the bill's."""
    was = replace(A, type="p4d.24xlarge", hours=tuple(at < (DAYS - 30) * 24 for at in range(DAYS * 24)))
    became = replace(A, hours=tuple(at >= (DAYS - 30) * 24 for at in range(DAYS * 24)))
    found = nothing_is_bought(World(state, replace(TWO, machines=(was, became, B)), [idle(A)])).made()
    assert (found.promised, found.findings) == (D(0), 0)
    assert found.ratio is None


def test_a_bill_of_less_than_a_week_and_a_day_has_none(state: State) -> None:
    short = replace(TWO, machines=tuple(replace(one, hours=one.hours[: 7 * 24]) for one in TWO.machines))
    world = nothing_is_bought(World(state, short, [idle(A)]))
    asyncio.run(world.room.recompute(0))
    assert (asyncio.run(world.room.latest()), world.asked) == ([], [])


def test_a_bill_of_two_weeks_says_what_the_plan_of_a_week_ago_came_to(state: State) -> None:
    short = replace(TWO, machines=tuple(replace(one, hours=one.hours[: 14 * 24]) for one in TWO.machines))
    world = nothing_is_bought(World(state, short, [idle(A)]))
    asyncio.run(world.room.recompute(0))
    [week] = asyncio.run(world.room.latest())
    assert (week.days, week.as_of_ms, week.promised, week.came) == (
        7, START + 7 * DAY, D("40179.20"), D("40179.20"),
    )  # fmt: skip


def test_who_sees_a_part_sees_none(state: State) -> None:
    world = nothing_is_bought(World(state, TWO, [idle(A)]))
    world.made()
    assert len(asyncio.run(world.room.seen(EVERYTHING))) == 2
    assert asyncio.run(world.room.seen(Scope.of("111111111111", "us-east-1"))) == []


def test_of_a_fee_that_is_billed_once_a_month_a_share_by_days_was_known() -> None:
    """At the cut 15 of 31 days of October had passed; the bill goes to the 14th of November."""

    class Fees:
        async def extent(self) -> tuple[int, int]:
            return START, OCTOBER + 45 * DAY

        async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
            return [CostRow(OCTOBER, OCTOBER + 31 * DAY, (), "USD", "", 1, (D(310),))]

    reader = Until(cast(Any, Fees()), OCTOBER + 15 * DAY)
    monthly = CostQuery(START, OCTOBER + 15 * DAY, (Metric.COMMITMENT_TOTAL,), Granularity.MONTHLY)
    [row] = asyncio.run(reader.costs(EVERYTHING, monthly))
    assert (row.amounts, row.end_ms) == ((D(150),), OCTOBER + 15 * DAY)
    whole = Until(cast(Any, Fees()), OCTOBER + 31 * DAY)
    assert asyncio.run(whole.costs(EVERYTHING, replace(monthly, end_ms=OCTOBER + 31 * DAY)))[0].amounts == (D(310),)


def test_nothing_after_the_day_is_read() -> None:
    reader = Until(cast(Any, CompanyBill(TWO)), CUT)
    assert asyncio.run(reader.extent()) == (START, CUT)
    query = CostQuery(CUT - DAY, CUT + DAY, (Metric.BILLED,))
    late = replace(query, start_ms=CUT)
    [row] = asyncio.run(reader.costs(EVERYTHING, query))
    assert row.end_ms == CUT
    assert asyncio.run(reader.costs(EVERYTHING, late)) == []
    assert asyncio.run(reader.power(EVERYTHING, CUT, CUT + HOUR)) == []
    assert asyncio.run(Until(cast(Any, CompanyBill(TWO)), START).extent()) is None
