"""What series say of a run: only those that name it, over restarts of counters; and its energy by GPU."""

import asyncio
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.progress import series
from trimtab.progress.energy import EnergyBasis
from trimtab.progress.model import MarkKind

BEGUN = 1_764_000_000_000
HOUR = 3_600_000
RUN = Run(
    RunKey("1", "atlas", "101"), "slurm", RunState.COMPLETED, BEGUN, name="sft", start_ms=BEGUN, end_ms=BEGUN + HOUR,
    gpus=2, node_names=("n1",), held=(Held("n1", 2, (0, 1)),),
)  # fmt: skip


class Told:
    """Series with a value for each minute, as a registry and a reader."""

    def __init__(self) -> None:
        self.registry = SeriesRegistry(None, ManualClock(BEGUN + HOUR))  # type: ignore[arg-type]  # nothing is stored
        self.values: dict[int, list[float]] = {}

    def add(self, name: str, values: list[float], kind: Kind = Kind.GAUGE, **labels: str) -> None:
        found = self.registry.add(Identity("1", "r", "Prometheus", name, make_tags(labels), "1", kind))
        self.registry.seen(np.array([found], np.uint64), np.array([BEGUN + HOUR], np.int64))
        self.values[found] = values

    async def statistics(self, scope: Scope, requests: Any, start_ms: int, end_ms: int) -> list[StatSeries]:
        rows = (self.values[one.series[0]] for one in requests)
        return [StatSeries(BEGUN + np.arange(len(row), dtype=np.int64) * 60_000, np.array(row)) for row in rows]

    def marks(self) -> series.ToldBySeries:
        return asyncio.run(series.marks_of(self, self.registry, Scope(), RUN, BEGUN + HOUR))

    def energy(self) -> Any:
        return asyncio.run(series.energy_of(self, self.registry, Scope(), RUN, BEGUN + HOUR))


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_series_that_does_not_name_the_run_says_nothing_of_it(told: Told) -> None:
    told.add("train/global_step", [1, 2], run="102")
    told.add("train/global_step", [1, 2])
    assert series.ToldBySeries() == told.marks()


@pytest.mark.parametrize("labels", [{"run": "101"}, {"run_name": "sft"}, {"slurm_job_id": "101"}])
def test_a_series_that_names_the_run_does(told: Told, labels: dict[str, str]) -> None:
    told.add("train_global_step", [1, 2], **labels)
    assert [1, 2] == [one.step for one in told.marks().marks]


def test_of_several_names_the_first_counts_and_of_ranks_the_furthest(told: Told) -> None:
    told.add("training.step", [5, 6], run="101", rank="0")
    told.add("training.step", [5, 7], run="101", rank="1")
    told.add("global_step", [90, 91], run="101")
    told.add("train/loss", [2.0, 1.5], run="101")
    found = told.marks()
    assert [(5, 2.0), (7, 1.5)] == [(one.step, one.loss) for one in found.marks]
    assert ("training.step", "train/loss") == found.metrics


def test_what_a_process_counts_from_nothing_goes_on_over_its_restarts(told: Told) -> None:
    told.add("training.tokens", [10, 20, 5, 15], Kind.COUNTER, run="101")
    assert [10, 20, 25, 35] == [one.tokens for one in told.marks().marks]


def test_counters_of_checkpoints_and_evaluations_are_marks(told: Told) -> None:
    told.add("training.step", [1, 2, 3], run="101")
    told.add("training.checkpoints", [0, 1, 1], Kind.COUNTER, run="101")
    told.add("training.evaluations", [0, 0, 1], Kind.COUNTER, run="101")
    kinds = [one.kind for one in told.marks().marks]
    assert [MarkKind.STEP, MarkKind.STEP, MarkKind.SAVED, MarkKind.STEP, MarkKind.SCORE] == kinds


def test_a_gpu_with_a_counter_goes_by_it_another_by_its_power(told: Told) -> None:
    told.add(
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", [at * 6e6 for at in range(60)], Kind.COUNTER, Hostname="n1", gpu="0"
    )
    told.add("DCGM_FI_DEV_POWER_USAGE", [999.0] * 60, Hostname="n1", gpu="0")
    told.add("DCGM_FI_DEV_POWER_USAGE", [200.0] * 60, Hostname="n1", gpu="1")
    found = told.energy()
    assert [EnergyBasis.COUNTER, EnergyBasis.POWER] == [one.basis for one in found.parts]
    assert 100 * 3600 == pytest.approx(found.parts[0].joules, rel=0.02)
    assert 200 * 3600 == pytest.approx(found.parts[1].joules, rel=0.02)


def test_energy_that_nothing_tells_has_a_reason(told: Told) -> None:
    assert ((), "no GPU reports its energy or power") == (told.energy().parts, told.energy().reason)
    told.add("DCGM_FI_DEV_POWER_USAGE", [200.0] * 60, Hostname="n2", gpu="1")
    assert ((), "only the number of its GPUs is known, not which") == (told.energy().parts, told.energy().reason)
