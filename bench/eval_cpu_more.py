"""How well right-sizing sizes real VMs and batch jobs, walked forward.

Run as `python bench/eval_cpu_more.py DIR`, DIR with `bitbrains_*.csv.gz` and `surf_jobs*.csv.gz` (`cpu_series.py`);
other files are named and left out. Each size is decided by the product's own strategy (its defaults,
`advice.rightsizing.book.OURS`) from what was before. Slack is 1 - mean(use) ÷ mean(size), `over` the share of points
above the size: means over the series; `worst_over` is that of the worst series. Nothing is chosen for these figures,
and no `facts*` is read; `out_of_source` has each source's with constants chosen on the others (`sizing_folds.py`).
Beside it are the fixed rules, each decided from every earlier period. The last line is JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
from cpu_series import read_cpu
from nab_sizing import RULES, fixed
from sizing_folds import out_of_source

from trimtab.advice.rightsizing.book import OURS


def main(directory: Path) -> None:
    """Print a line a series, then the figures."""
    series, left = read_cpu(directory)
    for name in left:
        print(f"{name}: no CPU series, left out")
    told: dict[str, list[tuple[str, float, float]]] = {}
    for one in series:
        sizes = {"trimtab": OURS.sizes(one.use)[0], **{name: fixed(one.file, rule) for name, rule in RULES.items()}}
        cells = []
        for name, decided in sizes.items():
            found = one.judged(decided)
            if found is not None:
                told.setdefault(name, []).append((one.source, *found))
                cells.append(f"{name} {100 * found[0]:.1f}/{100 * found[1]:.1f}")
        print(f"{one.file.name:52} {'  '.join(cells) or 'too short to be judged'}")
    if not told:
        raise SystemExit(f"cannot evaluate {directory}: no series in bitbrains_*.csv.gz or surf_jobs*.csv.gz")
    own = told["trimtab"]
    answer = {
        "slack": round(float(np.mean([slack for _, slack, _ in own])), 4),
        "over": round(float(np.mean([over for _, _, over in own])), 4),
        "worst_over": round(max(over for _, _, over in own), 4),
        "series": len(own),
        "by_source": {
            source: _means([one for one in own if one[0] == source]) for source in sorted({o[0] for o in own})
        },
        "rules_slack_over_worst": {name: _means(told[name]) for name in RULES},
        "left_out": left,
        "out_of_source": out_of_source(series),
    }
    print(json.dumps(answer))


def _means(rows: list[tuple[str, float, float]]) -> list[float]:
    """Mean slack, mean and worst time over size."""
    slack, over = (np.array([row[at] for row in rows]) for at in (1, 2))
    return [round(float(one), 4) for one in (slack.mean(), over.mean(), over.max())]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_cpu_more.py DIR (with bitbrains_*.csv.gz, surf_jobs*.csv.gz)")
    main(Path(sys.argv[1]))
