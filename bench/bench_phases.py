"""What 1,000 runs of 64 GPUs did in 24 hours, by signals of every 30 seconds: how long judging them takes.

    python bench/bench_phases.py [--runs 1000]

A tenth of the runs hang. The baseline is reading the same matrices once (their sum), which no judgement can beat. The
last line is JSON: seconds, GPU-hours a second, and how many times the baseline that is.
"""

import argparse
import json
import time

import numpy as np

from trimtab.fleet.phases.judge import judge
from trimtab.fleet.phases.signals import Signals

RANKS, STEP_MS, STEPS = 64, 30_000, 2880
_WORKS = {"active": 0.9, "tensor": 0.5, "memory": 0.4, "fabric": 4e10, "host": 1e8, "power": 620.0}
_SPINS = {"active": 0.99, "tensor": 0.0, "memory": 0.001, "fabric": 1e5, "host": 3e5, "power": 320.0}


def run(number: int) -> Signals:
    """A run's signals: it compiles, works with pauses, and of every tenth the rest is a hang."""
    draw = np.random.default_rng(number)
    noise = (1 + 0.04 * draw.standard_normal((RANKS, STEPS))).astype(np.float32)
    found = {name: level * noise for name, level in _WORKS.items()}
    for first in range(0, STEPS, 120):  # a checkpoint an hour
        for name, level in _SPINS.items():
            found[name][:, first : first + 6] = level
        found["host"][0, first : first + 6] = 2e9
    if number % 10 == 0:
        for name, level in _SPINS.items():
            found[name][:, STEPS // 2 :] = level * noise[:, STEPS // 2 :]
    found["active"], found["tensor"] = (np.clip(found[name], 0, 1) for name in ("active", "tensor"))
    held = np.ones((RANKS, STEPS), np.bool_)
    return Signals(start_ms=0, step_ms=STEP_MS, held=held, power_limit=np.full(RANKS, 700.0, np.float32), **found)


def main() -> None:
    """Judge them one after another, as a list of runs does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    made = [run(number) for number in range(10)]
    judging = reading = 0.0
    hung = 0
    for number in range(options.runs):
        signals = made[number % 10]
        began = time.perf_counter()
        for name in _WORKS:
            np.nansum(getattr(signals, name))
        reading += time.perf_counter() - began
        began = time.perf_counter()
        hung += bool(judge(signals, ended=True).hangs)
        judging += time.perf_counter() - began
    hours = options.runs * RANKS * STEPS * STEP_MS / 3_600_000
    answer = {
        "runs": options.runs,
        "hung": hung,
        "seconds": round(judging, 1),
        "gpu_hours_a_second": round(hours / judging),
        "times_reading_once": round(judging / reading, 1),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
