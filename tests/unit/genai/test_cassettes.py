"""Recorded exchanges with thirteen vendors, as the evaluation reads them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data" / "genai_cassettes"
BENCH = Path(__file__).parents[3] / "bench" / "eval_genai.py"


def evaluated(directory: Path) -> dict[str, int]:
    done = subprocess.run([sys.executable, BENCH, directory], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_every_recorded_exchange_is_read_right() -> None:
    if not SHARED.is_dir():
        pytest.skip("the recorded exchanges are not on this machine")
    assert evaluated(SHARED) == {"calls": 566, "wrong": 0}


def test_a_kind_that_differs_is_wrong(tmp_path: Path) -> None:
    answer = {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    row = {"id": "a", "path": "/v1/chat/completions", "status": 200, "response": {"kind": "json", "json": answer}}
    right = {"input": 3, "output": 1, "cache_read": 0}
    rows = [row | {"expected_usage": one} for one in (right, right | {"output": 2}, right | {"cache_read": 1}, None)]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(one) for one in rows))
    done = subprocess.run([sys.executable, BENCH, tmp_path], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"calls": 4, "wrong": 3}
    assert "output 1, expected 2" in done.stderr
