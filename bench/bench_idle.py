"""What trimtab costs while nobody asks it for anything: CPU seconds and memory of each process of `trimtab up`.

    python bench/bench_idle.py [--settle 60] [--seconds 120]

A fresh server with every default, the local agent at its 10 s included, is left alone for `--settle` seconds, and then
watched for `--seconds`. Cores are CPU seconds (user and system) a second; memory is at the end, resident and
proportional (pages that processes share are split among them). The last line is JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import psutil
from bench_remote_write import program, trimtab

_MIB = 1 << 20


def main() -> int:
    """Start, wait, watch, tell."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--settle", type=float, default=60.0, help="seconds before the watch begins")
    asked.add_argument("--seconds", type=float, default=120.0, help="seconds of the watch")
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-idle-") as directory, trimtab(Path(directory), agent=True) as server:
        time.sleep(arguments.settle)
        before, began = server.cpu_by_process(), time.monotonic()
        time.sleep(arguments.seconds)
        after, took_s = server.cpu_by_process(), time.monotonic() - began
        found = {
            name: {"cores": (after[name] - before.get(name, 0.0)) / took_s, **held}
            for name, held in _memory(server.process.pid).items()
        }
    total = {key: sum(one[key] for one in found.values()) for key in ("cores", "resident_mb", "proportional_mb")}
    print(f"{'process':<32}{'% of a core':>12}{'resident MB':>13}{'proportional MB':>17}")
    for name, one in {**found, "all": total}.items():
        print(f"{name:<32}{one['cores']:>12.2%}{one['resident_mb']:>13.0f}{one['proportional_mb']:>17.0f}")
    print(json.dumps({"processes": found, "all": total}))
    return 0


def _memory(root: int) -> dict[str, dict[str, float]]:
    found = {}
    for process in (psutil.Process(root), *psutil.Process(root).children(recursive=True)):
        held = process.memory_full_info()
        found[program(process)] = {"resident_mb": held.rss / _MIB, "proportional_mb": held.pss / _MIB}
    return found


if __name__ == "__main__":
    sys.exit(main())
