"""The demo company's bill: its idle commitment is found, and the plan lowers the bill by what it promised."""

import asyncio
from pathlib import Path

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.facts import FactStore, Term
from trimtab.advice.purchases.findings import IDLE, judged
from trimtab.advice.purchases.model import Payment, PlanKind
from trimtab.advice.purchases.rates import Basis
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.room import CostsRoom
from trimtab.demo.bill.report import NAME, write
from trimtab.demo.bill.terms import SAVINGS_PLAN_ARN, unused
from trimtab.demo.world import create
from trimtab.store.telemetry.schema_costs import COST_TABLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NOW_MS = 1_795_000_000_000 // 86_400_000 * 86_400_000


def test_the_plan_lowers_the_demo_bill_by_what_it_promised(engine, state, tmp_path: Path):
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    world, clock = create(1, NOW_MS), ManualClock(NOW_MS)
    write(world, NOW_MS, tmp_path)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    costs.importer.run(ImportRequest(str(tmp_path / NAME)))
    room = PurchasesRoom.of(state, clock, costs)
    asyncio.run(FactStore(state, clock).put(Term(SAVINGS_PLAN_ARN, None, NOW_MS + 400 * 86_400_000)))

    async def plans():
        careful = await room.make(EVERYTHING, Wanted(days=75))
        bold = await room.make(EVERYTHING, Wanted(days=75, years=(1, 3), payments=tuple(Payment)))
        return careful.answer, bold.answer

    careful, bold = asyncio.run(plans())
    for answer in (careful, bold):
        assert answer.proof is not None
        assert answer.outcomes["low"].saving > 0  # the downside
        assert answer.proof.came >= 0.98 * answer.proof.promised
    # one year, nothing upfront: what was promised a month ago is what came
    assert abs(careful.proof.came - careful.proof.promised) <= 0.02 * careful.proof.promised
    assert bold.proof.after >= 0.35
    held = {one.id: one for one in careful.held}
    assert held[SAVINGS_PLAN_ARN].used > 0.99
    idle = held[unused(world.company).arn]
    assert idle.used == 0
    assert [idle.id.rpartition("/")[2]] == [one.name for one in judged(careful)[1].findings if one.check == IDLE]
    bill = asyncio.run(room.advisor.bill(EVERYTHING, 30, asyncio.run(room.known(EVERYTHING))))
    assert [(PlanKind.COMPUTE, Basis.BILL)] == [(one.kind, one.basis) for one in bill.shares]
    assert abs(float(bill.shares[0].share) - 0.73) < 1e-3
