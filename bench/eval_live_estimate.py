"""How near the live estimate is to the bill that comes: three closed months of a generated bill, with its use.

    python bench/eval_live_estimate.py [DIR] [--lag 1]

The bill is of the demo company's shape (bench/fleet_bill.py) and is imported as any; `DIR` keeps its files. Every day
of the last three months is estimated with what had been billed `lag` days before and the hours that meters saw (some
are lost, as collectors lose them); corrections look at the days before it alone. Errors are of the amortised cost
of a day, |estimate − bill| ÷ bill, by team as the allocation has them. The last line is JSON.
"""

import argparse
import asyncio
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path

import fleet_bill
import numpy as np
from bill_room import bill_room

from trimtab.access.scope import EVERYTHING
from trimtab.costs.cells import CellQuery, CellReader
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import Granularity
from trimtab.costs.read_sql import DAY_MS
from trimtab.costs.room import CostsRoom
from trimtab.economics.division import Division
from trimtab.economics.estimate.base import hours_of_day, metered_of
from trimtab.economics.estimate.estimator import Replayed, corrected, relative_errors, replay
from trimtab.economics.estimate.groups import Ownership, ownership
from trimtab.economics.estimate.model import DIMENSIONS, METRICS, Floats, Past
from trimtab.economics.estimate.past import past_of
from trimtab.economics.months import month_of
from trimtab.economics.rules.derive import Derivation
from trimtab.economics.rules.read import read_rules
from trimtab.economics.rules.store import DEFAULT_DOCUMENT

_LOST = 0.004
"""The share of hours of which a collector loses some."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--lag", type=int, default=1, help="days after which a day is billed")
    options = parser.parse_args()
    made = fleet_bill.make_world()
    start, end = fleet_bill.bounds(fleet_bill.MONTHS[0])[0], fleet_bill.bounds(fleet_bill.MONTHS[-1])[1]
    use = fleet_bill.ran(made, start, end)
    with nullcontext(options.directory) if options.directory else tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        if not list(place.glob("BILLING_PERIOD=*")):
            fleet_bill.write(made, use, place)
        with bill_room() as bills:
            bills.importer.run(ImportRequest(str(place.resolve()), source="company"))
            past = asyncio.run(_past(bills, start, end))
    days = sum((b - a) // DAY_MS for a, b in map(fleet_bill.bounds, fleet_bill.MONTHS[-3:]))
    print(json.dumps(_evaluated(past, use, start, end, days, options.lag)))


async def _past(bills: CostsRoom, start: int, end: int) -> Past:
    telemetry = bills.reader._telemetry  # the bench stands where app.py does
    tags = await bills.reader.tag_keys(EVERYTHING, start, end)
    query = CellQuery(
        METRICS,
        DIMENSIONS,
        frozenset(one.lower() for one in tags),
        start_ms=start,
        end_ms=end,
        granularity=Granularity.DAILY,
    )
    return past_of(await CellReader(telemetry).cells(EVERYTHING, query), start, (end - start) // DAY_MS)


def _evaluated(past: Past, use: dict[str, Floats], start: int, end: int, days: int, lag: int) -> dict[str, object]:
    dice = np.random.Generator(np.random.PCG64(5))
    seen = {
        name: row * np.where(dice.random(len(row)) < _LOST, dice.random(len(row)), 1.0) for name, row in use.items()
    }
    meters = [
        metered_of(past, hours_of_day(seen, start, day, day + DAY_MS), {})
        for day in range(end - days * DAY_MS, end, DAY_MS)
    ]
    division = Division(Derivation(read_rules(DEFAULT_DOCUMENT)), "team")
    owned = ownership(past, division, month_of(end - 1))
    raw = replay(past, meters, lag)
    told = corrected(raw, owned.group)
    errors = _errors(told, owned)
    naive = _errors(_same_weekday(past, raw), owned)
    unowned = errors.pop("unowned")
    naive.pop("unowned")
    return {
        "eval": "live_estimate",
        "days": days,
        "lag_days": lag,
        "lines": len(past.keys),
        "machines": len(use),
        "hours_metered": round(sum(float(row.sum()) for row in seen.values()) * 1.0),
        "teams": {name: round(float(np.median(np.abs(one))), 5) for name, one in errors.items()},
        "unowned": round(float(np.median(np.abs(unowned))), 5),
        "worst_team_median": round(max(float(np.median(np.abs(one))) for one in errors.values()), 5),
        "worst_team_p90": round(max(float(np.quantile(np.abs(one), 0.9)) for one in errors.values()), 5),
        "worst_team_median_weekday_naive": round(max(float(np.median(np.abs(one))) for one in naive.values()), 5),
        "months_total_error": round(abs(float(told.effective.sum() / told.actual_effective.sum()) - 1), 5),
    }


def _errors(found: Replayed, owned: Ownership) -> dict[str, list[float]]:
    return {
        name: relative_errors(owned.of(name) @ found.effective, owned.of(name) @ found.actual_effective)
        for name in owned.owners
    }


def _same_weekday(past: Past, raw: Replayed) -> Replayed:
    """What a bill alone would have guessed: the same weekday of the week before."""
    before = past.effective[:, raw.first - 7 : past.days - 7]
    return Replayed(raw.first, before, before, raw.actual_effective, raw.actual_billed)


if __name__ == "__main__":
    main()
