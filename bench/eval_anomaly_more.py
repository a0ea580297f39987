"""How well the always-on detector tells of labelled events of servers and services, beside the simple rules.

Run as `python bench/eval_anomaly_more.py DIR`, DIR with `asd/` and `kpi/` (`labelled_series.py`). The score is that of
the very function and settings that the jobs process uses (`Bank.score`), row by row; of a server the mean of its five
most unusual metrics. Beside it are robust z, rolling median, seasonal median of three days and the matrix profile
(`simple_detectors.py`). A threshold is each detector's only constant here, and it is chosen for every file on the other
servers, or services, alone (`event_scoring.py`): no file's labels reach its own alarms. `f1` is over all events,
`best_baseline_f1` the best rule's; `by_group` says both for servers and services apart. The last line is JSON.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from event_scoring import Tally, out_of_source, tally
from labelled_series import Floats, Labelled, read_labelled
from simple_detectors import RULES, in_spreads, joined

from trimtab.timeseries.anomaly.bank import Bank

TOP = 5
"""Metrics of a server whose scores count."""
CHOICES = 41
"""Thresholds that are tried: from one row in ten to one in 100,000."""


def main(directory: Path) -> None:
    """Print a line a detector, then the figures."""
    files = read_labelled(directory)
    if not files:
        raise SystemExit(f"cannot evaluate {directory}: no asd/*.csv.gz or kpi/*.csv.gz with labels beside")
    ours = {file.name: scored(file) for file in files}
    rules: dict[str, dict[str, Floats]] = {}
    for name, rule in RULES.items():
        for file in files:
            for kind, away in joined(in_spreads(file, rule(file))).items():
                rules.setdefault(f"{name}_{kind}", {})[file.name] = away
    own = judged("trimtab", files, ours)
    others = {name: judged(name, files, scores) for name, scores in rules.items()}
    best = max(others, key=lambda name: others[name].f1)
    answer = {
        "f1": round(own.f1, 4),
        "best_baseline_f1": round(others[best].f1, 4),
        "false_alarms_a_week": round(_a_week(own, files), 3),
        "best_baseline": best,
        "best_baseline_false_alarms_a_week": round(_a_week(others[best], files), 3),
        "out_of_source": True,
        "by_group": _groups(files, ours, rules),
        "baselines_f1": {name: round(one.f1, 4) for name, one in others.items()},
        "events": own.hits + own.missed,
        "files": len(files),
        "spread": _spread(files, ours),
    }
    print(json.dumps(answer))


def scored(file: Labelled) -> Floats:
    """The detector's score of each row."""
    rows, metrics = file.values.shape
    said = Bank.of(metrics).score(
        np.arange(metrics), np.arange(metrics + 1) * rows, np.tile(file.times * 1000, metrics), file.values.T.ravel()
    )
    scores = said.scores.reshape(metrics, rows)
    return np.partition(scores, -TOP, axis=0)[-TOP:].mean(axis=0) if metrics > TOP else scores.max(axis=0)


def judged(name: str, files: Sequence[Labelled], scores: Mapping[str, Floats], *, quiet: bool = False) -> Tally:
    """What a detector comes to with each file's threshold chosen on the others."""
    chosen = _chosen(files, scores)
    whole = sum((one for _, one in chosen.values()), Tally())
    if not quiet:
        print(f"{name:28} F1 {whole.f1:.3f}  {whole.hits} of {whole.hits + whole.missed}, {whole.false} false alarms")
    return whole


def _chosen(files: Sequence[Labelled], scores: Mapping[str, Floats]) -> dict[str, tuple[int, Tally]]:
    chosen = {}
    for group in sorted({file.group for file in files}):
        mine = [file for file in files if file.group == group]
        chosen |= _inside([file for file in files if len(mine) == 1 or file.group == group], scores, mine)
    return chosen


def _inside(
    files: Sequence[Labelled], scores: Mapping[str, Floats], asked: Sequence[Labelled]
) -> dict[str, tuple[int, Tally]]:
    """The choice and tally of each file of `asked`, chosen on the others of `files`."""
    every = np.concatenate([scores[file.name][file.first_judged :] for file in files])
    thresholds = np.unique(np.quantile(every, 1.0 - np.logspace(-1, -5, CHOICES)))
    told = {
        file.name: [tally(scores[file.name] >= one, file.segments, file.first_judged) for one in thresholds]
        for file in files
    }
    found = out_of_source(told, {file.name: file.name for file in files})
    return {file.name: found[file.name] for file in asked}


def _groups(
    files: Sequence[Labelled], ours: Mapping[str, Floats], rules: Mapping[str, Mapping[str, Floats]]
) -> dict[str, dict[str, float]]:
    found = {}
    for group in sorted({file.group for file in files}):
        mine = [file for file in files if file.group == group]
        own = judged("", mine, ours, quiet=True)
        best = max(judged("", mine, scores, quiet=True).f1 for scores in rules.values())
        found[group] = {
            "f1": round(own.f1, 4),
            "best_baseline_f1": round(best, 4),
            "false_alarms_a_week": round(_a_week(own, mine), 3),
        }
    return found


def _spread(files: Sequence[Labelled], ours: Mapping[str, Floats]) -> list[float]:
    """The quartiles of F1 over files that have an event: least, a quarter, half, three quarters, most."""
    each = [one.f1 for _, one in _chosen(files, ours).values() if one.hits + one.missed]
    return [round(float(one), 3) for one in np.quantile(each, (0.0, 0.25, 0.5, 0.75, 1.0))] if each else []


def _a_week(one: Tally, files: Sequence[Labelled]) -> float:
    return one.false / max(sum(file.judged_weeks for file in files), 1e-9)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_anomaly_more.py DIR (with asd/ and kpi/)")
    main(Path(sys.argv[1]))
