"""How well right-sizing sizes the CPU series of the Numenta Anomaly Benchmark (NAB), walked forward a day at a time.

Run as `python bench/eval_nab_rightsizing.py DIR`, DIR in NAB's layout; the series are the files whose name says `cpu`.
Each day has one size, decided by the product's own strategy (`advice.rightsizing.book.OURS`, its defaults) from the
days before it; the first day has none. Slack is 1 - mean(use) ÷ mean(size), `over` the share of points above the size,
both from the points themselves, as means over the series. Beside it are the fixed rules of the reference, each computed
from every earlier point. Nothing is tuned for these, and no label is read. They are out of source as
they are: the defaults are what `generalise.py` chooses without NAB. The last line is JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
from nab_sizing import RULES, cpu_files, day_of, fixed, judged

from trimtab.advice.rightsizing.book import OURS
from trimtab.advice.rightsizing.use import daily_use


def main(directory: Path) -> None:
    """Print a line a series, then the figures."""
    files = cpu_files(directory)
    if not files:
        raise SystemExit(f"cannot evaluate {directory}: no file data/*/*cpu*.csv")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("trimtab", *RULES)}
    for file in files:
        days = int(day_of(file)[-1]) + 1
        use = daily_use(file.times, file.values, int(file.times[0]), days)
        found["trimtab"].append(judged(file, OURS.sizes(use)[0, :days]))
        for name, rule in RULES.items():
            found[name].append(judged(file, fixed(file, rule)))
        cells = [f"{name} {100 * pairs[-1][0]:.1f}/{100 * pairs[-1][1]:.1f}" for name, pairs in found.items()]
        print(f"{file.name:60} {'  '.join(cells)}")
    slack, over = np.mean(found["trimtab"], axis=0)
    rules = {name: [round(float(one), 4) for one in np.mean(found[name], axis=0)] for name in RULES}
    answer = {
        "slack": round(float(slack), 4),
        "over": round(float(over), 4),
        "series": len(files),
        "worst_over": round(max(one[1] for one in found["trimtab"]), 4),
        "rules_slack_over": rules,
        "out_of_source": {"slack": round(float(slack), 4), "over": round(float(over), 4)},
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
