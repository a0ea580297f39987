"""Forecasts of open months whose tax and support come at the close, against what the months came to.

    python bench/eval_month_close.py [--seeds 100:200] [--days 10,20]

Made-up organisations (tests/unit/costs/made_months.py: growth, weekdays, new levels, support by tiers, tax of 0 to
25 %, fees, credits that end, refunds, services that report late, USD and EUR), each asked on some days of one of its
months with 7 to 13 months closed before. `median_error` and `mean_error` are of |forecast − month| ÷ month, `within_5`
the share of months within 5 %, `coverage_80` the share inside the 80 % interval, `width` its mean half width. Seeds
below 100 were looked at while this was written; figures that are quoted are of others. The last line is JSON.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.unit.costs.made_months import Organisation, month_of, outlooks_of

from trimtab.access.scope import EVERYTHING
from trimtab.costs.model import Granularity
from trimtab.costs.outlook_model import OutlookQuery
from trimtab.costs.periods import next_month


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="100:200")
    parser.add_argument("--days", default="10,20")
    parser.add_argument("--months", default="7:14")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    answer: dict[str, object] = {"eval": "month_close", "seeds": options.seeds}
    for day in map(int, options.days.split(",")):
        answer[f"day_{day}"] = _judged(range(first, last), day, options)
    print(json.dumps(answer))


def _judged(seeds: range, day: int, options: argparse.Namespace) -> dict[str, float]:
    errors, inside, widths = [], [], []
    low, high = map(int, options.months.split(":"))
    for seed in seeds:
        made = Organisation(seed)
        month = month_of(low + seed % (high - low))
        query = OutlookQuery(month, next_month(month), granularity=Granularity.MONTHLY)
        found = asyncio.run(outlooks_of(made, month, day).ask(EVERYTHING, query))
        actual, mean = made.came_to(month), float(found.total.mean)
        errors.append(mean / actual - 1)
        inside.append(float(found.total.lower) <= actual <= float(found.total.upper))
        widths.append(float(found.total.upper - found.total.mean) / mean)
        if options.verbose:
            closing = found.closing
            lines = ", ".join(f"{one.name.words} {one.expected:.0f} ({one.why})" for one in closing.lines)
            print(
                day,
                seed,
                f"{errors[-1]:+.3f} ±{widths[-1]:.3f} {inside[-1]} {actual:.0f} {mean:.0f} {lines}",
                flush=True,
            )
    off = np.abs(errors)
    return {
        "months": len(off),
        "median_error": round(float(np.median(off)), 4),
        "mean_error": round(float(off.mean()), 4),
        "within_5": round(float((off <= 0.05).mean()), 4),
        "coverage_80": round(float(np.mean(inside)), 4),
        "width": round(float(np.mean(widths)), 4),
    }


if __name__ == "__main__":
    main()
