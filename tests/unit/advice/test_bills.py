"""What resources cost in the last days of the bill."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from trimtab.access.scope import EVERYTHING
from trimtab.advice.gather.bills import billed
from trimtab.base.clock import ManualClock, to_ms
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.model import Tag
from trimtab.costs.room import CostsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES

DAY_AFTER = datetime(2026, 2, 20, tzinfo=UTC)
CARD = """
name: h
currency: USD
from: 2026-02-01
to: 2026-03-01
items: [{name: block, gpus: 8, block: {from: 2026-02-10T00:00:00Z, to: 2026-02-20T00:00:00Z, price: 1000}}]
"""


def test_the_use_of_a_capacity_block_costs_its_part_of_the_fee(engine: Telemetry, state: State, tmp_path: Path) -> None:
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    costs = CostsRoom.of(engine, state, ManualClock(), tmp_path, embedded=True)
    path = tmp_path / "card.yaml"
    path.write_text(CARD)
    importer = Importer(engine, costs.ledger, tmp_path / "work", lambda at, _: LocalFolder(Path(at)), embedded=True)
    assert importer.run(ImportRequest(str(path), format="rate-card")).receipt is not None
    found = asyncio.run(billed(costs, EVERYTHING, to_ms(DAY_AFTER), Tag("team")))
    (bill,) = found.bills.values()
    assert (Decimal(1000), Decimal(0), "USD") == (round(bill.rented, 6), bill.billed, bill.currency)
