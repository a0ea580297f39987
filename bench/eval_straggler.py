"""Stragglers of training jobs: the what-if analysis of every trace of a directory beside its authors' own.

Run as `python bench/eval_straggler.py DIR`: `DIR/expected-NAME.json` beside `DIR/trace-NAME.csv.gz` or `.parquet` (both
are read where both are there, and must give the same). Each goes through the product's reader and analysis. `s_error`
is the largest relative error of S (of the job, its operations, dp ranks and stages); `m_w_error` and `m_s_error` are
the largest differences; `rank_right` and `stage_right` are shares of traces whose slowest worker and stage are right;
`cause_right` of those whose cause is right as worker, stage or neither, by the words of the truth. The last line is
JSON.
"""

import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.profiles import operations, stragglers
from trimtab.profiles.stragglers import Cause, StragglerReport

_ENDINGS = (".csv.gz", ".csv", ".parquet")
_WORDS = (
    ("sequence", "neither"),
    ("random", "neither"),
    ("neither", "neither"),
    ("garbage", "neither"),
    ("stage", "stage"),
    ("worker", "worker"),
    ("machine", "worker"),
    ("node", "worker"),
)
"""The first of these that the words of a truth have is its cause: they name the first cause first."""
_OURS = {Cause.WORKER: "worker", Cause.LAST_STAGE: "stage"}


def main() -> int:
    """Evaluate the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_straggler.py DIR", file=sys.stderr)
        return 2
    directory = Path(sys.argv[1])
    figures: dict[str, list[float]] = {}
    unread, slowest_s, rows = [], 0.0, 0
    for truth_path in sorted(directory.glob("expected-*.json")):
        name = truth_path.stem.removeprefix("expected-")
        truth = json.loads(truth_path.read_text())
        paths = [directory / f"trace-{name}{ending}" for ending in _ENDINGS]
        for path in [one for one in paths if one.is_file()]:
            began = time.perf_counter()
            try:
                with path.open("rb") as file:
                    report = stragglers.analyse(operations.read(file, path.name))
            except InvalidInput as problem:
                print(problem)
                unread.append(path.name)
                continue
            took = time.perf_counter() - began
            slowest_s, rows = max(slowest_s, took), rows + report.operations
            compared = _compare(truth, report)
            remedies = {cause.value: round(share, 3) for cause, share in report.remedies.items()}
            print(f"{path.name}: {report.cause}, M_W {report.m_w}, M_S {report.m_s}, {remedies}, {took:.2f} s")
            print(f"  {compared} {'; '.join(report.left_out)}")
            for key, value in compared.items():
                figures.setdefault(key, []).append(value)
    worst = {key: max(values) for key, values in figures.items() if key.endswith("_error")}
    shares = {key: sum(values) / len(values) for key, values in figures.items() if key.endswith("_right")}
    print(json.dumps({**worst, **shares, "operations": rows, "slowest_s": round(slowest_s, 2), "unread": unread}))
    return 0


def _compare(truth: Mapping[str, Any], report: StragglerReport) -> dict[str, float]:
    errors = [abs(report.slowdown / truth["S"] - 1)]
    for key, ours in (
        ("S_t_by_operation", report.by_operation),
        ("S_by_dp_rank", report.by_dp_rank),
        ("S_by_stage", report.by_stage),
    ):
        mine = {one.key: one.slowdown for one in ours}
        errors += [abs(mine.get(name, math.inf) / value - 1) for name, value in (truth.get(key) or {}).items()]
    found = {
        "s_error": max(errors),
        "m_w_error": abs((report.m_w or 0.0) - truth["M_W"]),
        "m_s_error": abs((report.m_s or 0.0) - truth["M_S"]),
    }
    if truth.get("slowest_workers"):
        found["rank_right"] = float(report.slowest[0].rank == truth["slowest_workers"][0]["rank"])
    if truth.get("slowest_stage") is not None:
        found["stage_right"] = float(report.by_stage[0].key == str(truth["slowest_stage"]))
    if truth.get("cause"):
        said = str(truth["cause"]).lower()
        first = min((said.find(word), kind) for word, kind in _WORDS if word in said)[1]
        found["cause_right"] = float(_OURS.get(report.cause, "neither") == first)
    return found


if __name__ == "__main__":
    sys.exit(main())
