"""Expected starts against a recorded queue: `python bench/eval_wait.py DIR`.

DIR holds pod lists of Alibaba's GPU trace (name, num_gpu, gpu_milli, gpu_spec, qos, creation_time, scheduled_time,
deletion_time; s). Each pod that has waited 60 s is asked for its whole wait, by what was known then; pods that were
deleted before they were scheduled are censored. Of those that started:

    coverage_80    share that lies in its 80 % interval
    width_ratio    mean width ÷ mean width of the 10th to 90th percentile of the last 200 such waits
    error_ratio    median error of the median ÷ that of the mean of the last 20 such waits
    waits          how many there are
"""

import argparse
import csv
import json
from collections import deque
from pathlib import Path

import numpy as np

from trimtab.capacity.waits.forecast import Forecaster, walk
from trimtab.capacity.waits.model import Asked, Wait

_LEAST_S = 60.0


def read(directory: Path) -> list[Wait]:
    rows = [
        row for path in sorted(directory.glob("*.csv")) for row in csv.DictReader(path.open()) if "creation_time" in row
    ]
    last = max(float(row["deletion_time"] or row["creation_time"]) for row in rows)
    found = []
    for place, row in enumerate(rows):
        share = float(row["gpu_milli"]) / 1000 if row["num_gpu"] == "1" else 1.0
        asked = Asked(
            key=f"{place}",
            submit_s=float(row["creation_time"]),
            gpus=float(row["num_gpu"]) * share,
            gpu_type=row["gpu_spec"],
            queue=row["qos"],
        )
        started = row["scheduled_time"] != ""
        found.append(Wait(asked, float((row["scheduled_time"] if started else row["deletion_time"]) or last), started))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    held, widths, errors, plain_widths, plain_errors = [], [], [], [], []
    waits = read(directory)
    starts = sorted((one.end_s, one.length_s) for one in waits if one.started and one.length_s >= _LEAST_S)
    place, before = 0, deque(maxlen=200)
    for wait, said in walk(waits, Forecaster(_LEAST_S)):
        while place < len(starts) and starts[place][0] <= wait.asked.submit_s + _LEAST_S:
            before.append(starts[place][1])
            place += 1
        if said is None or not wait.started:
            continue
        held.append(said.low_s <= wait.length_s <= said.high_s)
        widths.append(said.high_s - said.low_s)
        errors.append(abs(said.median_s - wait.length_s))
        low, high = np.quantile(before, (0.1, 0.9))
        plain_widths.append(high - low)
        plain_errors.append(abs(np.mean(list(before)[-20:]) - wait.length_s))
    answer = {
        "coverage_80": round(float(np.mean(held)), 4),
        "width_ratio": round(float(np.mean(widths) / np.mean(plain_widths)), 4),
        "error_ratio": round(float(np.median(errors) / np.median(plain_errors)), 4),
        "waits": len(held),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
