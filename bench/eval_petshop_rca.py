"""Root causes from metrics and the graph of calls, on a directory in the layout of the PetShop data set.

Run as `python bench/eval_petshop_rca.py DIR`: `<scenario>/{targets.json,graph.csv,*_issue_n.csv.gz,noissue_*.csv.gz}`.
Of each issue the product's function (`bottlenecks.rootcause.added.blame`) gets where, when and in which metric the
trouble shows, as an alarm tells it; the metrics of ten minutes from then on; normal operation (that of another scenario
where one has none) and the issue's minutes before; and the graph. The true node is only compared with. `as1` is the
share of issues whose node is first; `best_naive_as1` that of the best ranking in `anchor_naive_rank.csv`, over the same
issues. The rule was written with five of them in sight: the figures are of data that was seen. The last line is JSON.
"""

import csv
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.bottlenecks.rootcause.added import Symptom, Trouble, blame
from trimtab.bottlenecks.rootcause.signals import Series, Signals, Values

_LENGTH_S = 600
Metrics = Mapping[tuple[str, str], Values]
_READ = {("latency", "Average"), ("requests", "Sum"), ("availability", "Average")}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python bench/eval_petshop_rca.py DIR", file=sys.stderr)
        return 2
    directory = Path(sys.argv[1])
    calm = {path.parent.name: read(path)[1] for path in sorted(directory.glob("*/noissue_*.csv.gz"))}
    ranks: dict[tuple[str, str], int] = {}
    for scenario in sorted(path.parent for path in directory.glob("*/targets.json")):
        edges = graph(scenario / "graph.csv")
        usual = calm.get(scenario.name) or next(iter(calm.values()), {})
        for issue in json.loads((scenario / "targets.json").read_text()):
            ranks[(scenario.name, issue["issue"])] = found = rank_of(scenario, issue, usual, edges)
            target = issue["target"]
            print(f"{scenario.name} {issue['issue']:14} {target['metric']:12} rank {found}", flush=True)
    first = sum(found == 1 for found in ranks.values())
    of_first_three = sum(found <= 3 for found in ranks.values())
    as1 = round(first / max(len(ranks), 1), 4)
    naive = best_naive(directory / "anchor_naive_rank.csv", set(ranks))
    as3 = round(of_first_three / max(len(ranks), 1), 4)
    print(json.dumps({"as1": as1, "best_naive_as1": naive, "as3": as3, "issues": len(ranks)}))
    return 0


def rank_of(scenario: Path, issue: Mapping[str, Any], usual: Metrics, edges: frozenset[tuple[str, str]]) -> int:
    """The place of the true node among the suspects."""
    times, metrics = read(scenario / f"{issue['issue']}.csv.gz")
    at = issue["target"]["timestamp"]
    length = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    middle = times + length / 2  # of each period, which its row is of
    before, after = middle < at, (middle >= at) & (middle < at + _LENGTH_S)
    names = usual.keys() | metrics.keys()
    nothing = np.full(len(times), np.nan)
    normal = [
        Series(node, metric, np.concatenate((usual.get((node, metric), nothing[:0]), old[before])))
        for node, metric in sorted(names)
        for old in (metrics.get((node, metric), nothing),)
    ]
    now = [Series(node, metric, values[after]) for (node, metric), values in sorted(metrics.items())]
    symptom = Symptom(issue["target"]["node"], Trouble(issue["target"]["metric"]))
    suspects = [one.component for one in blame(symptom, Signals(series=normal, edges=edges), Signals(series=now))]
    true = issue["root_cause"]["node"]
    return suspects.index(true) + 1 if true in suspects else len({node for node, _ in names})


def read(path: Path) -> tuple[Values, Metrics]:
    """The times of a file's rows, and by node and metric the values that a reader of averages and sums sees."""
    with gzip.open(path, "rt", newline="") as file:
        nodes, metrics, statistics, *rows = csv.reader(file)
    rows = [row for row in rows if row and row[0].replace(".", "").isdigit()]
    table = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows], np.float64)
    table = table.reshape(len(rows), len(nodes))
    kept = [at for at in range(1, len(nodes)) if (metrics[at], statistics[at]) in _READ]
    return table[:, 0], {(nodes[at], metrics[at]): table[:, at] for at in kept}


def graph(path: Path) -> frozenset[tuple[str, str]]:
    """Pairs of a caller and its callee."""
    with path.open(newline="") as file:
        (_, *callees), *rows = csv.reader(file)
    return frozenset(
        (caller, callee) for caller, *cells in rows for callee, cell in zip(callees, cells, strict=False) if float(cell)
    )


def best_naive(path: Path, issues: set[tuple[str, str]]) -> float | None:
    """The largest share of a naive ranking, over the same issues."""
    if not path.exists():
        return None
    ranks: dict[str, list[int]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if (row["scenario"], row["issue"]) in issues:
                ranks[row["how"]].append(int(row["rank"]))
    return round(max((sum(rank == 1 for rank in of) / len(of) for of in ranks.values()), default=0.0), 4)


if __name__ == "__main__":
    sys.exit(main())
