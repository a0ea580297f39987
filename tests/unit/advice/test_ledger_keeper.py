"""The ledger of a plan: what is noted when advice is taken, and what machines saved on a bill whose truth is known."""

import asyncio
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

from trimtab.access.scope import EVERYTHING
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Action, Finding
from trimtab.advice.ledger.grading import by_month, by_verb
from trimtab.advice.ledger.keeper import LedgerKeeper
from trimtab.advice.ledger.model import Entry, EntryState, Grade
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.model import Plan, Row, Verb
from trimtab.advice.standing import Standing, State
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.store.state.database import State as Database
from unit.advice.plan.companies import Change, Machine, finding
from unit.advice.plan.company_bill import DAY, START, CompanyBill
from unit.advice.test_realised import CHANGED, DAYS, TWO, done

A, B = (Machine(name, "p5.48xlarge", ()) for name in ("i-a", "i-b"))
GPUS = [
    replace(finding(A, "", "gpu", 0.96, f"/{n}", parts=8), cash=D("5000.00"), alone=D("4800.00"), cash_note="planned")
    for n in range(8)
]
ALSO = replace(finding(A, "", "low use"), cash=D(0), alone=D(0))
PLANNED_MS = START + 39 * DAY
ROW = Row("stop|gpu||", Verb.STOP, ("i-a|stop|",), tuple(one.id for one in (*GPUS, ALSO)), ("i-a",), "", D(0), D(40000))
PLAN = Plan(PLANNED_MS, "USD", 0, 0, D(0), D(40000), D(0), D(0), (ROW,))


async def nobody(resource: str, start_ms: int, end_ms: int) -> None:
    return None


async def plans() -> list[Plan]:
    return [PLAN]


def keeper(state: Database, day: int = CHANGED) -> LedgerKeeper:
    company = replace(TWO, family_plans={"p5": 55.04 * 0.56})
    bill = CompanyBill(done(company, [Change("i-a", "", GPUS[0])]))
    clock = ManualClock(START + day * DAY + DAY // 2)
    rooms: Any = SimpleNamespace(reader=bill)
    return LedgerKeeper(LedgerStore(state), rooms, nobody, clock, plans)


def standing(found: Finding) -> Standing:
    return Standing(found, State.ACTIVE, 0, 0, 0, decided_ms=PLANNED_MS)


def follow(of: LedgerKeeper, *found: Finding) -> list[Entry]:
    asyncio.run(of.follow([standing(one) for one in found], frozenset(), Facts(0)))
    return asyncio.run(of.store.listed(EVERYTHING))


def test_what_it_adds_in_the_plan_is_predicted_and_the_invoice_replayed_is_realised(state: Database) -> None:
    """A plan covers one of two machines, so each idle one alone saves 55.04 an hour; its eight GPUs share that."""
    mine = keeper(state)
    asyncio.run(mine.accepted(standing(GPUS[0])))
    [accepted] = asyncio.run(mine.store.listed(EVERYTHING))
    assert (accepted.predicted, accepted.verb, accepted.planned_ms) == (D("5000.00"), "stop", PLANNED_MS)
    assert (accepted.billed_as, accepted.taken_ms) == ("i-a", PLANNED_MS)
    follow(mine, *GPUS, ALSO)
    assert asyncio.run(mine.measure()) == 8  # the ninth was neither accepted nor worth anything
    found = asyncio.run(mine.store.listed(EVERYTHING))
    saved = D("40179.20")  # 55.04 × 730
    assert sum(one.realised or 0 for one in found) == saved
    assert {one.realised for one in found} == {saved / 8}
    assert {(one.state, one.grade) for one in found} == {(EntryState.MEASURED, Grade.AS_PREDICTED)}
    days = DAYS - CHANGED - 1
    assert sum(one.realised_total or 0 for one in found) == (D("55.04") * 24 * days).quantize(D("0.01"))
    against = found[0].counterfactual
    assert against is not None
    assert (against.replayed, float(against.before), float(against.after)) == (True, 55.04 * 24, 0)
    [stop] = by_verb(found)
    assert (stop.name, stop.cases, stop.predicted, stop.realised) == ("stop", 1, 40000, saved)
    [month] = by_month(found)
    assert (month.name, month.lines, month.taken) == ("2024-11", 8, 40000)


def test_a_commitment_that_is_bought_is_no_change_of_a_resource(state: Database) -> None:
    bought = replace(GPUS[0], action=Action.BUY_SAVINGS_PLAN)
    assert follow(keeper(state), bought) == []


def test_what_no_plan_had_is_predicted_by_its_check(state: Database) -> None:
    other = replace(finding(B, ""), cash=D("7.00"))
    shrunk = replace(finding(B, "p4d.24xlarge"), cash=D("3.00"))
    found = {one.check: one for one in follow(keeper(state), other, shrunk)}
    assert (found["idle"].verb, found["idle"].planned_ms, found["idle"].predicted) == ("stop", 0, D("7.00"))
    assert found["size"].verb == "change"


def test_a_machine_that_was_changed_long_ago_keeps_what_was_measured(state: Database) -> None:
    mine = keeper(state)
    follow(mine, GPUS[0])
    [one] = asyncio.run(mine.store.listed(EVERYTHING))
    old = replace(one, applied_ms=START - 90 * DAY, state=EntryState.MEASURED, realised=D("1.00"))
    asyncio.run(mine.store.put(old))
    assert asyncio.run(mine.measure()) == 0
    assert asyncio.run(mine.store.listed(EVERYTHING)) == [old]
