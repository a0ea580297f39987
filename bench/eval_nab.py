"""How well the always-on detector finds the labelled anomalies of the Numenta Anomaly Benchmark (NAB).

Run as `python bench/eval_nab.py DIR`, DIR in NAB's layout. It drives the very function and settings that the jobs
process uses, with the threshold that it uses: nothing is tuned here, and no label reaches the detector. (NAB itself
chooses each detector's threshold on the labels of all its files. `score_best_threshold` is ours by that rule, to compare
with published figures; `score_standard` is the one that counts.) The last line is JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from nab_files import NabFile, read_files, read_windows
from nab_scoring import normalised, raw_score

from trimtab.timeseries.anomaly import alerts as rule
from trimtab.timeseries.anomaly.scorer import Scored, anomalies


def main(directory: Path) -> None:
    """Print a line a file, then the figures."""
    files = read_files(directory)
    anomalies(files[0].times[:500], files[0].values[:500])  # compiles, or loads what was compiled
    found: dict[str, Scored] = {}
    began = time.process_time()
    for file in files:
        found[file.name] = anomalies(file.times, file.values)
    seconds = time.process_time() - began
    windows = {file.name: read_windows(directory, file) for file in files}  # only now
    number = sum(map(len, windows.values()))
    total, hits, wrong = 0.0, 0, 0
    for file in files:
        raw, caught, outside = raw_score(found[file.name].alerts, windows[file.name])
        total, hits, wrong = total + raw, hits + caught, wrong + outside
        print(f"{file.name:60} {raw:6.2f}  found {caught} of {len(windows[file.name])}, {outside} outside")
    points = sum(len(file.values) for file in files)
    answer = {
        "score_standard": round(normalised(total, number), 2),
        "points_per_s": round(points / seconds),
        "files": len(files),
        "windows": number,
        "windows_found": hits,
        "alerts_outside": wrong,
        "points": points,
        "threshold": rule.THRESHOLD,
        "score_best_threshold": round(_best(files, found, windows), 2),
    }
    print(json.dumps(answer))


def _best(files: list[NabFile], found: dict[str, Scored], windows: dict[str, list[tuple[int, int]]]) -> float:
    """The score with the one threshold, over all files, that suits these labels best: NAB's own rule."""
    number = sum(map(len, windows.values()))
    best = -np.inf
    for threshold in np.arange(0.8, 3.0, 0.05):
        total = 0.0
        for file in files:
            raised = rule.alerts(found[file.name].scores, np.array([0.0, np.inf]), float(threshold))
            total += raw_score(raised, windows[file.name])[0]
        best = max(best, normalised(total, number))
    return float(best)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_nab.py DIR (with data/ and labels/combined_windows.json)")
    main(Path(sys.argv[1]))
