"""The readers against public files, and the forecast against a recorded queue, by their evaluations."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def folder(repository: Path, name: str) -> Path:
    found = repository.parent / "shared" / "data" / name
    if not found.is_dir():
        pytest.skip(f"the public data set {name} is not beside the checkout")
    return found


def evaluated(repository: Path, script: str, data: Path) -> dict[str, float]:
    path = repository / "bench" / script
    words = [sys.executable, str(path), str(data)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_files_are_read_right(repository: Path) -> None:
    found = evaluated(repository, "eval_manifests.py", folder(repository, "k8s_manifests"))
    assert found["wrong"] <= 0.02 * found["files"]


def test_waits_of_a_recorded_queue_are_expected_as_they_came(repository: Path) -> None:
    found = evaluated(repository, "eval_wait.py", folder(repository, "alibaba_gpu_v2023"))
    assert 0.77 <= found["coverage_80"] <= 0.83
    assert found["width_ratio"] < 1
    assert found["error_ratio"] <= 0.5
