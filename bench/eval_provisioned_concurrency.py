"""What provisioned concurrency costs when held by planned levels, by AWS's target tracking and not at all.

Run as `python bench/eval_provisioned_concurrency.py DIR`: DIR is in NAB's layout (`data/*/*.csv` of request counts) or
holds `AzureLLMInferenceTrace_*.csv`. Counts become invocations, evenly spread within their bucket by a seeded draw and
thinned to at most 400,000; durations are log-normal with a mean of about 2 s (Azure: 20 ms a generated token + 0.1 ms a
prompt token). Each history is served by its environments one by one. "Equal" is: no more cold starts than target
tracking at 70 % had. Planned levels are decided an hour ahead from the hours before. The last line is JSON.
"""

import csv
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
from scaling_judging import mean
from scaling_traces import DEMAND_NAMES, seconds

from trimtab.scaling.provisioned.comparison import Served, on_demand, planned, tracked
from trimtab.scaling.provisioned.concurrency import Invocations, concurrency_of
from trimtab.scaling.provisioned.levels import Function, Objective, hours_of
from trimtab.scaling.provisioned.prices import Prices

MOST = 400_000
TARGETS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OBJECTIVES = tuple(0.0005 * 1.15**step for step in range(44))


def histories(directory: Path) -> Iterator[tuple[str, Invocations]]:
    """The invocations of every file that is there."""
    for path in sorted(directory.glob("AzureLLMInferenceTrace_*.csv")):
        with path.open(newline="") as text:
            rows = list(csv.DictReader(text))
        starts = np.array([round(seconds(row["TIMESTAMP"]) * 1000) for row in rows])
        took = [100 + 20 * int(row["GeneratedTokens"]) + int(row["ContextTokens"]) // 10 for row in rows]
        yield path.stem, Invocations.of(starts, np.array(took))
    for path in sorted((directory / "data").glob("*/*.csv")):
        if DEMAND_NAMES.search(path.name):
            with path.open(newline="") as text:
                rows = list(csv.DictReader(text))
            yield path.stem, spread(rows)


def spread(rows: list[dict[str, str]]) -> Invocations:
    """Counts a bucket as invocations."""
    generator = np.random.default_rng(7)
    times = np.array([round(seconds(row["timestamp"]) * 1000) for row in rows])
    counts = np.maximum(0, np.array([float(row["value"]) for row in rows]))
    width = int(np.median(np.diff(np.unique(times))))
    thinned = generator.poisson(counts * min(1.0, MOST / counts.sum()))
    starts = np.repeat(times, thinned) + generator.integers(0, width, int(thinned.sum()))
    return Invocations.of(starts, generator.lognormal(7.4, 0.6, len(starts)).astype(np.int64))


def cheapest(some: list[Served], cold_share: float) -> Served | None:
    """The cheapest with no more cold starts than that."""
    able = [one for one in some if one.cold_share <= cold_share]
    return min(able, key=lambda one: one.cost) if able else None


def main(directory: Path) -> None:
    """Print a paragraph a history, then the figures."""
    prices, function = Prices(), Function(Decimal(1))
    ratios: dict[str, float] = {}
    hindsight: dict[str, float] = {}
    for name, invocations in histories(directory):
        peak = concurrency_of(invocations).peak
        span = int(invocations.starts_ms[-1] - invocations.starts_ms[0]) / 3_600_000
        print(f"{name}: {len(invocations.starts_ms)} invocations in {span:.0f} h, at most {peak} at once")
        nothing = on_demand(invocations, function, prices)
        theirs = {target: tracked(invocations, function, prices, target) for target in TARGETS}
        hours = hours_of(invocations, function, prices)
        objectives = [*map(Objective, OBJECTIVES), Objective(None)]
        ours = [planned(invocations, function, prices, one, hours)[0] for one in objectives]
        for one in (nothing, *theirs.values(), *ours):
            print(
                f"    {one.name:28} ${one.cost:.4f}  {one.cold_share:.3%} cold, {one.held_hours:.0f} environment-hours"
            )
        equal = cheapest(ours, theirs[0.7].cold_share)
        if equal is not None:
            ratios[name] = float(equal.cost / theirs[0.7].cost)
            best = cheapest(list(theirs.values()), equal.cold_share)
            if best is not None:
                hindsight[name] = float(equal.cost / best.cost)
    answer = {
        "cost_vs_aws_tracking": mean(list(ratios.values())),
        "cost_vs_best_aws_hindsight": mean(list(hindsight.values())),
        "break_even": str(prices.break_even.quantize(Decimal("0.0001"))),
        "worst": max(ratios, key=lambda name: ratios[name]) if ratios else None,
        "histories": {name: round(ratio, 4) for name, ratio in ratios.items()},
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_provisioned_concurrency.py DIR")
    main(Path(sys.argv[1]))
