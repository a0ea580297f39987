"""How long a statement of a large bill takes, and that it adds up: a generated month of CUR 2.0, rules with splits.

    python bench/bench_statements.py [--rows 2000000] [--directory DIR]

400 accounts (bench/bill_files.py). On each basis: the statement (nothing in memory), the bill beside it read from the
lines, and cost by team and day with the splits carried; then closing. `exact` says that every statement is the bill to
the last digit and every kind of charge 0.00 apart. `--directory` keeps the files. The last line is JSON.
"""

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

from bill_files import write_bill
from bill_room import bill_room

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import CostCategory, CostQuery, Granularity
from trimtab.costs.room import CostsRoom
from trimtab.economics.months import bounds
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.model import Basis
from trimtab.store.state.database import State

MONTH = 202608
RULES = """
basis: {basis}
categories:
  - name: team
    rules:
      - value: shared
        when: {{charge-type: [Tax, Refund, Credit, RIFee, SavingsPlanRecurringFee]}}
      - inherit: "tag:team"
    splits: [{{source: shared, targets: ["*"]}}]
"""


def main() -> None:
    """Generate, import, state, close."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with nullcontext(options.directory) if options.directory else tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / f"{options.rows}"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            write_bill(place, options.rows)
        with bill_room() as bills, tempfile.TemporaryDirectory() as state_dir:
            bills.importer.run(ImportRequest(str(place.resolve()), source="bench"))
            state = State.open("", Path(state_dir))
            print(json.dumps({"bench": "statements", "rows": options.rows, **asyncio.run(_measure(bills, state))}))
            state.close()


async def _measure(bills: CostsRoom, state: State) -> dict[str, object]:
    telemetry = bills.reader._telemetry  # the bench stands where app.py does
    room = EconomicsRoom.of(telemetry, state, bills.ledger, ManualClock(bounds(202611)[0]))
    start, end = bounds(MONTH)
    found: dict[str, object] = {}
    exact = True
    for basis in Basis:
        await room.rules.apply(RULES.format(basis=basis.value), "bench")
        began = time.monotonic()
        statement = await room.statements.statement(MONTH)
        found[f"{basis.value}_statement_s"] = round(time.monotonic() - began, 2)
        began = time.monotonic()
        beside = await room.statements.reconcile(statement)
        found[f"{basis.value}_beside_s"] = round(time.monotonic() - began, 2)
        bill = await bills.reader.total(EVERYTHING, start, end, basis.metric)
        rounded = sum((line.coins for line in statement.lines), Decimal(0))
        exact &= bill == statement.totals() and all(not row.difference for row in beside)
        exact &= sum(bill.values(), Decimal(0)).quantize(Decimal("0.01")) == rounded
    query = CostQuery(start, end, (basis.metric,), Granularity.DAILY, (CostCategory("team"),))
    began = time.monotonic()
    rows = await room.bills.costs(EVERYTHING, query)
    found["by_team_by_day_s"] = round(time.monotonic() - began, 2)
    exact &= sum((row.amounts[0] for row in rows), Decimal(0)) == sum(bill.values(), Decimal(0))
    began = time.monotonic()
    closed = await room.statements.close(MONTH, "bench")
    found["close_s"] = round(time.monotonic() - began, 2)
    return {**found, "lines": len(closed.lines), "owners": len({one.key.owner for one in closed.lines}), "exact": exact}


if __name__ == "__main__":
    main()
