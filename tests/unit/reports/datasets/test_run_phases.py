"""The source of phases: a row a run and phase, whose hours add up to what it held and whose cost to what it cost."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from trimtab.access.scope import Scope
from trimtab.fleet.phases.phase import Phase
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.reports.datasets.source import Rows, Window
from trimtab.reports.datasets.sources.run_phases import FIELDS, run_phases

AT = 1_764_000_000_000
RUN = Run(
    RunKey("1", "atlas", "7"), "slurm", RunState.RUNNING, AT, name="sft", team="vision", user="lena", gpu_type="H100",
    seen_ms=AT + 5,
)  # fmt: skip


def report(currency: str | None) -> Any:
    phases = [
        SimpleNamespace(phase=Phase.HUNG, gpu_hours=3.0, amounts={"USD": Decimal(6)}),
        SimpleNamespace(phase=Phase.UNKNOWN, gpu_hours=1.0, amounts={"USD": Decimal(2)}),
    ]
    single = None if currency is None else (Decimal(8), currency)
    return SimpleNamespace(run=RUN, phases=phases, cost=SimpleNamespace(single=single))


def rows(*found: Any) -> Rows:
    async def listed(scope: Scope, wanted: RunFilter, limit: int) -> list[Any]:
        assert (AT - 1, AT + 10) == (wanted.start_ms, wanted.end_ms)
        return list(found)

    reports: Any = SimpleNamespace(listed=listed)
    answer = asyncio.run(run_phases(reports).read(Window(Scope(), AT - 1, AT + 10, frozenset())))
    assert isinstance(answer, Rows)
    return answer


def test_each_phase_of_a_run_is_a_row_with_its_hours_and_cost() -> None:
    answer = rows(report("USD"))
    names = [one.name for one in FIELDS]
    told = [dict(zip(names, row, strict=True)) for row in answer.rows]
    assert [("hung", 3.0, Decimal(6), "USD"), ("unknown", 1.0, Decimal(2), "USD")] == [
        (one["phase"], one["gpu_hours"], one["cost"], one["currency"]) for one in told
    ]
    assert {("1", "7", "sft", "atlas", "vision", "lena", "H100")} == {
        (one["account"], one["run"], one["run_name"], one["cluster"], one["owner"], one["user"], one["gpu_type"])
        for one in told
    }
    assert (AT + 5, "") == (answer.until_ms, answer.note)


def test_a_cost_that_is_not_known_whole_is_not_told() -> None:
    assert [(None, None), (None, None)] == [row[-2:] for row in rows(report(None)).rows]
