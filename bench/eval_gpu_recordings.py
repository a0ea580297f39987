"""Recorded output of GPUs on a directory: nvidia_gpu_exporter's pages, nvidia-smi's XML, rocm-smi's and amd-smi's JSON.

Run as `python bench/eval_gpu_recordings.py DIR`. Every file goes through the product's own readers; `expected.json` is
only compared with (processes of which it tells no memory are not listed there). `files` are those that were read,
`wrong` those of which a GPU's fact differs, or that could not be read; what is unknown must be unknown, not 0. The last
line is JSON.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trimtab.agent.smi.reading import read
from trimtab.agent.smi.sample import GpuSample, Recording
from trimtab.base.errors import InvalidInput

_EDGE = "edge"


def main() -> int:
    """Read every file of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_gpu_recordings.py DIR", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    expected = {
        (path.parent / name).relative_to(folder).as_posix(): facts
        for path in sorted(folder.rglob("expected.json"))
        for name, facts in json.loads(path.read_text(encoding="utf-8")).items()
    }
    files = wrong = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or path.name.startswith(("expected", "README")):
            continue
        try:
            recording = read(path.read_text(encoding="utf-8", errors="replace"))
        except InvalidInput as problem:
            print(f"{name}: {problem}")
            wrong += name in expected
            continue
        files += 1
        differs = list(differences(recording, expected[name])) if name in expected else []
        wrong += bool(differs)
        for line in differs:
            print(f"{name}: {line}")
    print(json.dumps({"files": files, "wrong": wrong}))
    return 0


def differences(recording: Recording, expected: Mapping[str, Any]) -> Iterator[str]:
    """What differs in the GPUs of a file."""
    wanted = expected["gpus"]
    if len(recording.gpus) != len(wanted):
        yield f"{len(recording.gpus)} GPUs, expected {len(wanted)}"
        return
    if "driver" in expected and recording.driver != (expected["driver"] or ""):
        yield f"driver {recording.driver!r}, expected {expected['driver']!r}"
    for gpu, want in zip(recording.gpus, wanted, strict=True):
        for key, value in facts(gpu, "temperature_edge_c" in want).items():
            wish = want.get(key, [] if key == "processes" else None)
            if key in ("mig_mode", "mig_devices", "uuid", "processes", "ecc_uncorrected_aggregate") and key not in want:
                continue
            if key == "clock_event_reasons" and key not in want:
                continue
            if key == "processes":
                silent = any(one["memory_bytes"] is None for one in wish)
                value = [one for one in value if silent or one["memory_bytes"] is not None]
            if not same(value, wish):
                yield f"GPU {gpu.index}: {key} {value!r}, expected {wish!r}"


def facts(gpu: GpuSample, edge: bool) -> dict[str, Any]:
    """The facts of a GPU under the names and in the units of the expected ones."""
    heat = {"temperature_edge_c": gpu.temperature if gpu.sensor == _EDGE else None}
    return {
        "uuid": gpu.uuid,
        "name": gpu.name,
        "gpu_utilisation_pct": None if gpu.utilization is None else gpu.utilization * 100,
        "memory_used_bytes": gpu.memory_used,
        "memory_total_bytes": gpu.memory_total,
        "power_w": gpu.power,
        **(heat if edge else {"temperature_c": gpu.temperature}),
        "mig_mode": gpu.mig_mode or None,
        "mig_devices": gpu.mig_devices,
        "ecc_uncorrected_aggregate": gpu.uncorrected,
        "clock_event_reasons": gpu.throttle_reasons,
        "processes": [
            {"pid": str(one.pid), "process": one.name, "memory_bytes": one.memory}
            for one in sorted(gpu.processes, key=lambda one: one.pid)
        ],
    }


def same(value: Any, wish: Any) -> bool:
    """Whether two facts are the same; numbers within a rounding of the printed digits."""
    if isinstance(value, int | float) and isinstance(wish, int | float):
        return abs(value - wish) <= 1e-6 * max(1.0, abs(wish))
    if isinstance(value, list) and isinstance(wish, list):
        return value == sorted(wish, key=lambda one: int(one["pid"]))
    return bool(value == wish)


if __name__ == "__main__":
    sys.exit(main())
