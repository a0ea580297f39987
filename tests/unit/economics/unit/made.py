"""Runs, slices and activity for tests of unit economics."""

from decimal import Decimal
from typing import Any

import numpy as np

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.model import HeldActivity, Ledger, Slice
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import NOBODY_HELD
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState

DAY = 86_400_000
HOUR = 3_600_000
START = 1_767_225_600_000 // DAY * DAY


def run(job: str, state: RunState = RunState.COMPLETED, start: float = 0, end: float | None = 10, **more: Any) -> Run:
    """A run; times in hours from START."""
    begun = START + round(start * HOUR)
    facts = {"name": job, "team": "search", "user": "ravi", "gpus": 8.0, "submit_ms": begun, **more}
    ended = None if end is None else START + round(end * HOUR)
    pod = facts.pop("pod", "")
    held = (Held("n1", 8.0, pod=pod),)
    return Run(RunKey("1", "atlas", job), "slurm", state, start_ms=begun, end_ms=ended, held=held, **facts)


def piece(holder: str, use: Use, cost: str, hours: float = 10.0, day: int = 0, **more: Any) -> Slice:
    """A slice of the machine n1."""
    facts = {"estimated": False, "currency": "USD", "team": "search" if holder else NOBODY_HELD, **more}
    return Slice(
        day_ms=START + day * DAY, resource="i-1", node="n1", holder=holder, use=use, gpu_hours=hours,
        cost=Decimal(cost), **facts,
    )  # fmt: skip


def ledger(runs: list[Run], slices: list[Slice], **more: Any) -> Ledger:
    """A ledger of a week."""
    facts: dict[str, Any] = {"runs": runs, "clusters": {"n1": "1/atlas"}, "now_ms": START + 7 * DAY, **more}
    holders = {holder_name(one): one for one in runs}
    return Ledger(START, START + 7 * DAY, START + 6 * DAY, tuple(slices), holders, {"n1": "1"}, **facts)


def activity(*rows: list[float], step_s: int = 3600) -> HeldActivity:
    """A row a GPU, a value a step that was held whole."""
    values = np.array(rows)
    return HeldActivity(START, step_s, values, np.full(values.shape, float(step_s)))
