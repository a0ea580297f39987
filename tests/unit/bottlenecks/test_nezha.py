"""The evaluation on Nezha's data keeps to what was reached; it is there where the shared data are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = ROOT.parent / "shared" / "data" / "nezha_codefaults"
DATA = ROOT.parent / "shared" / "data" / "nezha"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data set nezha is not beside the project")
def test_the_true_service_is_first_or_among_the_first_five() -> None:
    figures = evaluated(DATA)
    assert figures["as1"] >= 0.9
    assert figures["as5"] >= 0.95
    assert min(figures["onlineboutique_as1"], figures["trainticket_as1"]) >= 0.85


@pytest.mark.slow
@pytest.mark.skipif(not CODE.is_dir(), reason="the shared data set nezha_codefaults is not beside the project")
def test_code_that_returns_early_or_throws_is_found_by_what_it_does_no_more() -> None:
    figures = evaluated(CODE)
    assert figures["as1"] >= 0.8
    assert figures["as5"] >= 0.95


def evaluated(directory: Path) -> dict[str, float]:
    command = [sys.executable, str(ROOT / "bench" / "eval_nezha.py"), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
