"""What training on spot costs with our rules, replayed over recorded availability (SkyPilot's spot traces).

Run as `python bench/eval_spot_traces.py DIR`, DIR in the layout of github.com/skypilot-org/spot-traces. Jobs of 48 h of
work with a deadline of 60 h, restart delay 10 min, spot at 0.3 × on-demand, at every start hour that leaves 60 h of
trace. A group is one folder and instance type: its traces are zones between which a job may move. Of a folder
`N-node` a job needs N machines at once. Traces that are too short are named and left out.

It drives the product's own functions; the rule of each job is chosen from what had ended before its start.
`cost_vs_on_demand`: mean over groups whose clairvoyant bound is at most 0.33 (null where there is none);
`cost_vs_bound`: over all groups; `worst_vs_best_fixed`: of the groups and of every zone by itself, our cost ÷ that of
the rule which, seen from the end, would have been best. The last line is JSON.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.capacity.spot.choose import by_backtest, rules
from trimtab.capacity.spot.model import Availability, Job
from trimtab.capacity.spot.replay import least_cost, starts_of

EASY = 0.33
JOB = Job(work_h=48.0, deadline_h=60.0, delay_h=1 / 6, spot_price=0.3)


def main(directory: Path) -> None:
    """Print a line a group and zone, then the figures."""
    groups, short = read(directory)
    for name in short:
        print(f"left out, shorter than {JOB.deadline_h:g} h: {name}")
    found = {name: judge(available) for name, available in groups.items()}
    zones = {
        f"{name} in {available.zones[zone]}": judge(available.only(zone))
        for name, available in groups.items()
        for zone in range(len(available.zones))
    }
    for name, one in {**found, **zones}.items():
        by = "  ".join(f"{rule} {cost:.3f}" for rule, cost in one["by"].items())
        print(
            f"{name:75} {one['jobs']:5} jobs  cost {one['cost']:.4f}  bound {one['bound']:.4f}  "
            f"÷ best fixed {one['regret']:.3f} ({one['best']})  {by}"
        )
    easy = [one["cost"] for one in found.values() if one["bound"] <= EASY]
    every = {**found, **zones}
    worst = max(every, key=lambda name: every[name]["regret"], default="")
    print(
        json.dumps(
            {
                "cost_vs_on_demand": round(float(np.mean(easy)), 4) if easy else None,
                "missed": sum(one["missed"] for one in every.values()),
                "cost_vs_bound": round(float(np.mean([one["cost"] / one["bound"] for one in found.values()])), 4)
                if found
                else None,
                "worst_vs_best_fixed": round(every[worst]["regret"], 4) if every else None,
                "worst": worst,
                "groups": len(found),
                "easy_groups": len(easy),
                "jobs": sum(one["jobs"] for one in found.values()),
                "left_out": short,
            }
        )
    )


def judge(available: Availability) -> dict[str, Any]:
    """What jobs at every start hour cost, in shares of 48 h on demand."""
    starts = starts_of(available, JOB)
    chosen = by_backtest(available, JOB, starts, rules(JOB))
    fixed = chosen.fixed / JOB.work_h
    cost = float(chosen.outcomes.cost.mean()) / JOB.work_h
    return {
        "jobs": len(starts),
        "cost": cost,
        "bound": float(least_cost(available, JOB, starts).mean()) / JOB.work_h,
        "missed": int(chosen.outcomes.late.sum()),
        "regret": cost / float(fixed.min()),
        "best": chosen.rules[chosen.best_fixed].name,
        "by": {rule.name: float(one) for rule, one in zip(chosen.rules[-3:], fixed[-3:], strict=True)},
    }


def read(directory: Path) -> tuple[dict[str, Availability], list[str]]:
    """The groups by "folder instance type", and the traces that are too short."""
    traces: dict[tuple[str, str, float], list[tuple[str, np.ndarray]]] = defaultdict(list)
    short = []
    for path in sorted(directory.rglob("*.json")):
        trace = json.loads(path.read_text())
        if not isinstance(trace, dict) or "gap_seconds" not in (trace.get("metadata") or {}):
            continue
        name = str(path.relative_to(directory))
        gap_s, counts = float(trace["metadata"]["gap_seconds"]), np.array(trace["data"])
        if len(counts) * gap_s < JOB.deadline_h * 3600:
            short.append(name)
            continue
        zone, _, kind = path.stem.partition("_")
        traces[str(path.parent.relative_to(directory)), kind, gap_s].append((zone, counts))
    groups = {}
    for (folder, kind, gap_s), several in traces.items():
        ticks = min(len(counts) for _, counts in several)
        nodes = re.search(r"(\d+)-node", folder)
        wanted = int(nodes[1]) if nodes else 1
        if wanted > 1 and max(int(counts.max()) for _, counts in several) <= 1:
            wanted = 1  # the traces say yes or no for all machines together
        up = np.stack([counts[:ticks] >= wanted for _, counts in several]).astype(np.uint8)
        groups[f"{folder} {kind}"] = Availability(tuple(zone for zone, _ in several), gap_s / 3600, up)
    return groups, short


if __name__ == "__main__":
    main(Path(sys.argv[1]))
