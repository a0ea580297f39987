"""What the ledger makes of a rate card: a machine's day costs the sum of its item's lines, and its hours count once."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.kpis.fleet import Fleet

from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.fleet.basis import Basis
from trimtab.fleet.frame import totals
from trimtab.fleet.model import DAY_MS
from trimtab.inventory.runs.model import Condition, Node
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

MONTH = 1_785_542_400_000  # 2026-08-01
DAY3 = MONTH + 2 * DAY_MS
CARD = """
name: hall-3
currency: EUR
from: 2026-08-01
to: 2026-09-01
power: {price_per_kwh: 0.25, pue: 1.2}
items:
  - name: dgx-07
    kind: p5.48xlarge
    gpus: 8
    capex: 36525
    years: 1
    bought: 2026-08-01
    watts_per_gpu: 700
    measured_kwh: {2026-08-04: 100}
    colocation_per_month: 3100
    staff_per_month: 310
    support_per_year: 3650
  - name: cluster
    gpus: 4
    price_per_gpu_hour: 2
    minimum_gpu_hours: 3100
    used_gpu_hours: {2026-08-03: 96}
  - {name: block, gpus: 8, block: {from: 2026-08-03, to: 2026-08-05, price: 1000}}
"""


@pytest.fixture
def house(engine: Telemetry, state: State, tmp_path: Path) -> House:
    emptied(engine)
    found = house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())
    path = tmp_path / "card.yaml"
    path.write_text(CARD)
    assert found.importer.run(ImportRequest(str(path), source="card")).receipt is not None
    found.clock.advance(10_000)
    return found


def report(house: House, name: str) -> None:
    node = Node("111111111111", "atlas", name, Condition.UP, gpus=8.0, gpu_type="h100")
    run(house.inventory.nodes.put([node], DAY3, frozenset({("111111111111", "atlas")})))


def test_a_machines_day_costs_all_lines_of_its_item(house: House) -> None:
    report(house, "dgx-07")
    first, second = (house.costed(DAY3 + at * DAY_MS, DAY3 + (at + 1) * DAY_MS) for at in (0, 1))
    # purchase 100, colocation 100, staff 10, support 10; power 161.28 kWh, then as measured 120 kWh, at 0.25
    assert {"EUR": Decimal("260.32")} == first.sums()
    assert {"EUR": Decimal("250")} == second.sums()
    assert 192 == totals(first.frame).existing == totals(second.frame).existing
    assert {"billed for dgx-07"} == {note.note for note in first.notes.values()}


def test_a_machine_that_only_the_card_knows_is_there_once(house: House) -> None:
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    assert 192 == totals(costed.frame).existing
    assert {"EUR": Decimal("260.32")} == costed.sums()
    # the cluster's 96 hours and the block's day: of no machine that anybody knows, and without what nothing used
    assert {"EUR": Decimal(192 + 500)} == costed.elsewhere


def test_a_block_costs_its_fee_on_its_first_day_as_billed(house: House) -> None:
    report(house, "block")
    beside = Decimal("260.32"), Decimal(250)  # dgx-07, on every basis
    told = []
    for basis in (Basis.BILLED, Basis.AMORTISED, Basis.NET_AMORTISED):
        days = [house.costed(DAY3 + at * DAY_MS, DAY3 + (at + 1) * DAY_MS, basis) for at in (0, 1)]
        told.append([day.sums()["EUR"] - other for day, other in zip(days, beside, strict=True)])
    assert [[1000, 0], [500, 500], [500, 500]] == told
