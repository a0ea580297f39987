"""What job files ask for, against what is known of them: `python bench/eval_manifests.py DIR` → `files`, `wrong`.

DIR holds `files/` and `expected.json` (workloads by file, in order). A file is wrong where any workload differs in
kind, name, pods or nodes (also by the GPUs of each), GPUs, resources by name, queue, CPU, memory, or where one that
nobody can know is not told as unknown. `--show` prints what differs.
"""

import argparse
import json
import math
from collections import Counter
from pathlib import Path

from trimtab.jobfiles.model import Ask
from trimtab.jobfiles.read import read

_SBATCH = ("nodes", "ntasks", "ntasks_per_node", "gpus_from", "exclusive", "cpus_per_task", "mem", "array")
_SKY = ("nodes", "cpus", "memory", "any_of", "replicas", "pool_workers")


def differences(ask: Ask, truth: dict) -> list[str]:
    """What of a workload is not as it is known to be."""
    pairs = {"kind": (ask.kind, truth["kind"]), "name": (ask.name, truth["name"])}
    if ask.kind == "sbatch":
        pairs |= {name: (ask.facts[name], truth[name]) for name in _SBATCH}
        own = ask.facts["gpus_per_node_variable"] if ask.gpus is None else None
        pairs["gpus_per_node_variable"] = (own, truth["gpus_per_node_variable"])
        pairs["time"] = (ask.seconds, truth["time_limit_s"])
        pairs["partition"] = (ask.queue or None, truth["partition"])
        pairs["account"] = (ask.team or None, truth["account"])
        pairs["gpus"] = (ask.gpus, truth["gpus"])
    elif ask.kind == "SkyPilotTask":
        pairs |= {name: (ask.facts[name], truth[name]) for name in _SKY}
        pairs["spot"] = (ask.spot, truth["spot"])
        choices = [[one.hardware.gpu_type, one.gpus_each] for one in ask.choices] or None
        pairs["alternatives"] = (choices, truth["alternatives"])
        group = ask.groups[0]
        each = group.gpus_each if not group.others else sum(group.others.values())
        if ask.choices:
            pairs["gpus"] = (ask.gpus, truth["gpus"])
        else:
            pairs["accelerator"] = (group.hardware.gpu_type or None, truth["accelerator"])
            pairs["gpus"] = (each * ask.facts["nodes"], truth["gpus"])
    elif "not_derivable" in truth:
        pairs["unknown"] = (bool(ask.why_unknown) and None in (ask.gpus, ask.replicas), True)
    else:
        pairs |= {"pods": (ask.replicas, truth["pods"]), "gpus": (ask.gpus, truth["gpus"])}
        pairs["devices"] = (ask.total("devices"), truth["gpu_resources"])
        pairs["others"] = (ask.total("others"), truth["other_accelerators"])
        pods = [(one.pods or 0, one) for one in ask.groups]
        pairs["cpu"] = (sum(number * one.cpu_each for number, one in pods), truth["cpu"])
        pairs["memory"] = (sum(number * one.memory_each for number, one in pods), truth["memory_bytes"])
        if "groups" in truth:
            found = Counter({one.gpus_each: 0 for one in ask.groups})
            for one in ask.groups:
                found[one.gpus_each] += one.pods or 0
            known = Counter()
            for one in truth["groups"]:
                known[float(one["gpus_each"])] += one["pods"]
            pairs["pods by their GPUs"] = (dict(found), dict(known))
        if "queue" in truth:
            pairs["queue"] = (ask.queue, truth["queue"])
    return [f"{name}: {found!r}, not {known!r}" for name, (found, known) in pairs.items() if not _same(found, known)]


def _same(found, known) -> bool:
    if isinstance(found, int | float) and isinstance(known, int | float):
        return math.isclose(found, known, rel_tol=1e-6, abs_tol=1e-6)
    return found == known


def judged(text: str, file: str, truth: list[dict]) -> list[str]:
    """What is wrong of a file; nothing of one that is read right."""
    reading = read(text, file)
    if reading.problems and truth:
        return list(reading.problems)
    if len(reading.asks) != len(truth):
        return [f"{len(reading.asks)} workloads, not {len(truth)}: {[one.kind for one in reading.asks]}"]
    return [line for ask, known in zip(reading.asks, truth, strict=True) for line in differences(ask, known)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    known = json.loads((args.directory / "expected.json").read_text())
    wrong = 0
    for file, truth in known.items():
        lines = judged((args.directory / "files" / file).read_text(), file, truth)
        wrong += bool(lines)
        if lines and args.show:
            print(file, *lines, sep="\n    ")
    print(json.dumps({"files": len(known), "wrong": wrong}))


if __name__ == "__main__":
    main()
