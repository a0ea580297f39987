"""The evaluations over public bills: every row and every sum as the files have it. Data that is not here is skipped."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow  # whole public bills
@pytest.mark.parametrize(
    ("name", "counted"), [("focus_sample", "rows"), ("cur_synthetic_nise", "rows"), ("focus_spec_commitment", "tables")]
)
def test_nothing_of_a_public_bill_is_wrong(repository: Path, name: str, counted: str) -> None:
    directory = repository.parent / "shared" / "data" / name
    if not directory.is_dir():
        pytest.skip(f"the data set {name} is not beside this checkout")
    answer = _evaluate(repository, name, directory)
    assert answer["wrong"] == 0
    assert answer[counted] > 10


def test_an_evaluation_finds_what_is_wrong(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(
        "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ServiceName\n"
        "1.50,1.25,USD,2026-08-01,2026-09-01,2026-08-02,Compute\n"
    )
    assert _evaluate(repository, "focus_sample", tmp_path)["wrong"] == 0
    (tmp_path / "facts.json").write_text('{"rows": 1, "billed": 1.5, "effective": 1.251}')
    assert _evaluate(repository, "focus_sample", tmp_path)["wrong"] == 1


@pytest.mark.slow
@pytest.mark.timeout(600)  # four forecasts of a year, each with its replays
def test_open_months_are_forecast_within_a_twentieth_of_what_they_came_to(repository: Path) -> None:
    answer = _answer([sys.executable, str(repository / "bench" / "eval_month_close.py"), "--seeds", "300:302"])
    for day in ("day_10", "day_20"):
        assert answer[day]["mean_error"] < 0.03
        assert answer[day]["within_5"] == 1
        assert answer[day]["coverage_80"] >= 0.5


def _evaluate(repository: Path, name: str, directory: Path) -> dict[str, Any]:
    return _answer([sys.executable, str(repository / "bench" / f"eval_{name}.py"), str(directory)])


def _answer(command: list[str]) -> dict[str, Any]:
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found
