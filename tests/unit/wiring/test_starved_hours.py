"""What the GPUs of the last days' runs did, as advice asks for it: phases of reports as hours."""

import asyncio
from types import SimpleNamespace
from typing import Any

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.fleet.phases.phase import Phase
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.wiring.starved_hours import DAYS, starved_hours

NOW = 1_764_000_000_000
RUN = Run(RunKey("1", "atlas", "7"), "slurm", RunState.RUNNING, NOW, name="augment", team="vision")


def test_phases_become_known_and_starved_hours_and_empty_runs_are_left_out() -> None:
    asked: list[RunFilter] = []

    def report(held: float, **phases: float) -> Any:
        did = [SimpleNamespace(phase=Phase[name], gpu_hours=hours) for name, hours in phases.items()]
        return SimpleNamespace(run=RUN, gpu_hours=held, phases=did)

    async def listed(scope: Scope, wanted: RunFilter, limit: int) -> list[Any]:
        asked.append(wanted)
        return [report(10.0, STARVED=6.0, PRODUCTIVE=1.0, UNKNOWN=3.0), report(0.0), report(4.0, UNKNOWN=4.0)]

    reports: Any = SimpleNamespace(clock=ManualClock(NOW), listed=listed)
    first, last = asyncio.run(starved_hours(reports)(Scope()))
    assert (10.0, 7.0, 6.0) == (first.held, first.known, first.starved)
    assert (4.0, 0.0, 0.0) == (last.held, last.known, last.starved)
    assert ("7", "augment", "atlas", "vision", "1") == (
        first.job,
        first.name,
        first.cluster,
        first.owner,
        first.account,
    )
    assert [(NOW - DAYS * 86_400_000, NOW)] == [(one.start_ms, one.end_ms) for one in asked]
