"""A small version of the evaluation of incidents: a bill with six plants, as it grew, told once each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_what_was_planted_is_found_and_told_once(repository: Path) -> None:
    script = str(repository / "bench" / "eval_cost_incidents.py")
    command = [sys.executable, script, "--seeds", "201", "--services", "6", "--plants", "6", "--every", "13"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["planted"] == 6
    assert figures["precision"] >= 0.85
    assert figures["recall"] >= 0.8
    assert figures["told_once"] == figures["told_plants"] >= 5
