"""The plan on the command line: what each row adds, when it becomes cash, and how it may come out."""

from typing import Any

import pytest
from click.testing import CliRunner

from trimtab.cli import advice as command
from trimtab.client import advice_wire as wire

MARCH = 1_803_859_200_000  # 2027-03-01
ROWS = [
    wire.PlanRow(
        "stop|idle|vision|", "stop", ["a", "b", "c", "d"], "vision", "90", "60.5", "40", "60.5", True, "", MARCH, ["1"],
        "next invoice", "5",
    ),
    wire.PlanRow(
        "stop|idle||-", "stop", ["e"], "", "0", "0", "0", "0", False, "saves nothing until 2027-03-01", MARCH, ["2"],
        "on 2027-03-01", "12.25",
    ),
]  # fmt: skip
PLAN = wire.AdvicePlan(
    0, "USD", 0, 1, "1000", "60.5", "40", "60.5", ROWS, [wire.PlanInvoice("2026-12", "1000", "939.5", "939.5", "960")],
    "every combination was replayed", [], "50",
)  # fmt: skip


class Calls:
    """Calls that know one plan."""

    def __init__(self, client: Any) -> None:
        del client

    def every_plan(self, currency: str) -> wire.AdvicePlans:
        del currency
        return wire.AdvicePlans([PLAN])


def test_a_row_says_when_it_becomes_cash_and_what_falls_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "AdviceCalls", Calls)
    told = CliRunner().invoke(command.advice, ["plan"]).output
    assert "60.50 USD a month off 1,000.00 USD if all is done; likely 40.00 USD to 60.50 USD" in told
    [first] = [line for line in told.splitlines() if "a, b, c and 1 more" in line]
    assert first.rstrip().endswith("next invoice, 5.00 USD more on 2027-03-01")
    [second] = [line for line in told.splitlines() if line.startswith("stop") and "nobody" in line]
    assert "on 2027-03-01: 12.25 USD " in second
    assert "saves nothing until" in second
