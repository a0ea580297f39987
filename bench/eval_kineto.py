"""Kineto traces beside what their GPUs did: the breakdown of every file of a directory.

Run as `python bench/eval_kineto.py DIR`: `DIR/expected.json` has by file name (without its endings) `own`, the truth.
Each file goes through the product's reader. `breakdown_error` is the largest relative error over all `own` values of
all files that have them: times, shares, counts and the largest kernels, of which each is compared with the one of the
same place. A file whose truth is a GPU without events must say so. The last line is JSON.
"""

import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.profiles import kineto
from trimtab.profiles.model import TraceProfile

_ENDINGS = (".json.gz", ".json", ".pt.trace.json.gz", ".pt.trace.json")


def main() -> int:
    """Evaluate the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_kineto.py DIR", file=sys.stderr)
        return 2
    directory = Path(sys.argv[1])
    truths = json.loads((directory / "expected.json").read_text())
    worst, files, events, silent, unread = 0.0, 0, 0, 0, []
    began = time.perf_counter()
    for name in sorted(truths):
        path = _path(directory, name)
        if path is None:
            print(f"{name}: no file of that name")
            unread.append(name)
            continue
        try:
            with path.open("rb") as file:
                found = kineto.read(file, path.name)
        except InvalidInput as problem:
            print(problem)
            unread.append(name)
            continue
        files, events = files + 1, events + found.events
        silent += not found.devices
        own = truths[name].get("own")
        if own is None or not isinstance(own, dict):
            print(f"{name}: no truth of its own; read: {found.note or found.whole}")
            continue
        error, where = _error(own, found)
        print(f"{name}: largest error {error:.6f} ({where}), {found.unreadable} events unreadable {found.note}")
        worst = max(worst, error)
    took = time.perf_counter() - began
    figures = {
        "breakdown_error": worst if not unread else 1.0,
        "files": files,
        "unread": unread,
        "events": events,
        "without_gpu": silent,
        "seconds": round(took, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures))
    return 0


def _path(directory: Path, name: str) -> Path | None:
    candidates = [directory / name, *(directory / (name + ending) for ending in _ENDINGS)]
    return next((one for one in candidates if one.is_file()), None)


def _error(own: dict[str, Any], found: TraceProfile) -> tuple[float, str]:
    """The largest relative error and what it is of; a figure that only one side has is an error of 1."""
    whole = found.whole
    if whole is None:
        return (1.0, "no GPU events were read") if own.get("gpu_events") else (0.0, "no GPU activity")
    hidden = whole.hidden_share
    ours: dict[str, float | None] = {
        "window_us": whole.window_us,
        "busy_us": whole.busy_us,
        "idle_us": whole.idle_us,
        "compute_us": whole.compute_us,
        "busy_without_compute_us": whole.busy_us - whole.compute_us,
        "comm_us": whole.communication_us,
        "mem_us": whole.memory_us,
        "comm_hidden_by_compute_pct": None if hidden is None else 100 * hidden,
        "gpu_events": whole.events,
    }
    errors = [(_relative(own[key], value), key) for key, value in ours.items() if key in own]
    for place, top in enumerate(own.get("top", ())):
        mine = found.kernels[place] if place < len(found.kernels) else None
        errors += [
            (_relative(top[key], None if mine is None else getattr(mine, key)), f"top {place} {key}")
            for key in ("total_us", "count")
        ]
    return max(errors)


def _relative(truth: float | None, value: float | None) -> float:
    if truth is None or value is None:
        return 0.0 if not truth and not value else 1.0
    if truth == 0:
        return 0.0 if math.isclose(value, 0.0, abs_tol=1e-3) else 1.0
    return abs(value - truth) / abs(truth)


if __name__ == "__main__":
    sys.exit(main())
