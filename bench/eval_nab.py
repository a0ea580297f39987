"""How well the always-on detector finds the labelled anomalies of the Numenta Anomaly Benchmark (NAB).

Run as `python bench/eval_nab.py DIR`, DIR in NAB's layout. It drives the very function and settings that the jobs
process uses (`Bank.score`), with the threshold that it uses: nothing is tuned here, and no label reaches the detector.
The files are the series of one bank. NAB itself chooses each detector's threshold on the labels of all its files;
`score_best_threshold` is ours by that rule, to compare with published figures. `score_standard` is what it does as it
is; `out_of_source` is NAB's score where the threshold of each folder is the one that suits the other folders best, and
its spread over folders. The other constants were chosen with the public half in sight; `generalise.py` chooses them.
`points_per_s` is one core's when a series comes in one piece, `points_per_s_ticks` when one point of every series comes
at a time, as live. The last line is JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from nab_files import NabFile, read_files, read_windows
from nab_folds import THRESHOLDS, out_of_source
from nab_scoring import normalised, raw_score

from trimtab.timeseries.anomaly import alerts as rule
from trimtab.timeseries.anomaly.bank import Bank, Scored, Values, anomalies


def main(directory: Path) -> None:
    """Print a line a file, then the figures."""
    files = read_files(directory)
    anomalies(files[0].times[:500], files[0].values[:500])  # compiles, or loads what was compiled
    began = time.process_time()
    found = _scored(files)
    seconds = time.process_time() - began
    ticks, tick_seconds = _by_ticks(files)
    windows = {file.name: read_windows(directory, file) for file in files}  # only now
    number = sum(map(len, windows.values()))
    total, hits, wrong = 0.0, 0, 0
    for file in files:
        raw, caught, outside = raw_score(found[file.name].alerts, windows[file.name])
        total, hits, wrong = total + raw, hits + caught, wrong + outside
        print(f"{file.name:60} {raw:6.2f}  found {caught} of {len(windows[file.name])}, {outside} outside")
    points = sum(len(file.values) for file in files)
    curve = _curve([_raws(found[file.name].said, windows[file.name]) for file in files])
    answer = {
        "score_standard": round(normalised(total, number), 2),
        "points_per_s": round(points / seconds),
        "points_per_s_ticks": round(ticks / tick_seconds),
        "files": len(files),
        "windows": number,
        "windows_found": hits,
        "alerts_outside": wrong,
        "points": points,
        "threshold": rule.THRESHOLD,
        "score_best_threshold": round(max(curve), 2),
        "out_of_source": out_of_source(
            [(file.group, *_raws(found[file.name].said, windows[file.name])) for file in files]
        ),
    }
    print(json.dumps(answer))


def _scored(files: list[NabFile]) -> dict[str, Scored]:
    """What the bank says of every file, which is given whole."""
    offsets = np.cumsum([0, *(len(file.values) for file in files)])
    times, values = (np.concatenate([getattr(file, name) for file in files]) for name in ("times", "values"))
    said = Bank.of(len(files)).score(np.arange(len(files)), offsets, times, values)
    parts = zip(files, offsets[:-1], offsets[1:], strict=True)
    return {file.name: said.of(slice(a, b)) for file, a, b in parts}


def _by_ticks(files: list[NabFile], most: int = 4500) -> tuple[int, float]:
    """How many points, and the CPU seconds of scoring the first `most` of every file a tick at a time."""
    bank, points, began = Bank.of(len(files)), 0, time.process_time()
    for at in range(most):
        rows = np.array([row for row, file in enumerate(files) if len(file.values) > at])
        if not len(rows):
            break
        times, values = (np.array([getattr(files[row], name)[at] for row in rows]) for name in ("times", "values"))
        bank.score(rows, np.arange(len(rows) + 1), times, values)
        points += len(rows)
    return points, time.process_time() - began


def _raws(said: Values, windows: list[tuple[int, int]]) -> tuple[Values, int]:
    """The raw score of a file at each of the thresholds, and its number of windows."""
    return np.array([raw_score(rule.alerts(said, rule.fresh(), one), windows)[0] for one in THRESHOLDS]), len(windows)


def _curve(raws: list[tuple[Values, int]]) -> Values:
    """NAB's score of files together, at each of the thresholds."""
    number = sum(windows for _, windows in raws)
    return np.array([normalised(float(one), number) for one in np.sum([raw for raw, _ in raws], axis=0)])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_nab.py DIR (with data/ and labels/combined_windows.json)")
    main(Path(sys.argv[1]))
