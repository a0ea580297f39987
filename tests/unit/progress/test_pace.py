"""Which rank slows a run, from step times by rank: on which node, by how much, and what it costs in GPU-hours."""

import asyncio
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.fleet.phases.pace import RankPaces
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.progress import pace

BEGUN = 1_764_000_000_000
HOUR = 3_600_000
RUN = Run(
    RunKey("1", "atlas", "101"), "slurm", RunState.COMPLETED, BEGUN, name="sft", start_ms=BEGUN, end_ms=BEGUN + HOUR,
    gpus=16, node_names=("n1", "n2"),
)  # fmt: skip


class Told:
    """Step times by rank and minute, as a registry and a reader."""

    def __init__(self) -> None:
        self.registry = SeriesRegistry(None, ManualClock(BEGUN + HOUR))  # type: ignore[arg-type]  # nothing is stored
        self.values: dict[int, list[float]] = {}
        self.periods: set[int] = set()

    def add(self, name: str, rank: str, seconds: float, **labels: str) -> None:
        tags = make_tags({"run": "101", "rank": rank, **labels})
        found = self.registry.add(Identity("1", "r", "Prometheus", name, tags, "s", Kind.GAUGE))
        self.registry.seen(np.array([found], np.uint64), np.array([BEGUN + HOUR], np.int64))
        self.values[found] = [seconds + 0.001 * (at % 7) for at in range(30)]

    async def statistics(self, scope: Scope, requests: Any, start_ms: int, end_ms: int) -> list[StatSeries]:
        self.periods |= {one.period_s for one in requests}
        rows = (self.values[one.series[0]] for one in requests)
        return [StatSeries(BEGUN + np.arange(len(row), dtype=np.int64) * 60_000, np.array(row)) for row in rows]

    def paces(self, run: Run = RUN) -> RankPaces | None:
        return self.of([run]).get(run.key)

    def of(self, runs: list[Run]) -> dict[RunKey, RankPaces]:
        return asyncio.run(pace.paces_of(self, self.registry, Scope(), runs, BEGUN + HOUR))


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_slow_rank_is_named_with_its_node_and_what_it_costs(told: Told) -> None:
    for rank in range(16):
        told.add("training_step_own_time", str(rank), 2.0 if rank != 11 else 2.5)
    found = told.paces()
    assert found is not None
    assert ("11", "n2") == (found.judgement.slow, found.slow_node)
    assert 0.2 == pytest.approx(found.judgement.gain, abs=0.005)
    # 30 minutes of an hour were told: a fifth of those is a tenth of the hour
    assert 0.5 * found.judgement.gain == pytest.approx(found.lost_share(BEGUN, BEGUN + HOUR))
    assert (True, "training_step_own_time", 60) == (found.own, found.metric, found.window_s)
    assert {60} == told.periods


def test_a_healthy_run_loses_nothing(told: Told) -> None:
    for rank in range(16):
        told.add("training.step.own.time", str(rank), 2.0 + 0.005 * rank)
    found = told.paces()
    assert found is not None
    assert (None, "", 0.0) == (found.judgement.slow, found.slow_node, found.lost_share(BEGUN, BEGUN + HOUR))


def test_own_times_come_before_whole_steps_which_are_alike(told: Told) -> None:
    for rank in range(4):
        told.add("training.step.time", str(rank), 2.5)
    whole = told.paces()
    assert whole is not None
    assert (None, False) == (whole.judgement.slow, whole.own)
    assert "no rank is slow, or all report the time for which they wait" in whole.judgement.words
    for rank in range(4):
        told.add("training.step.own.time", str(rank), 2.0 if rank != 1 else 2.5)
    own = told.paces()
    assert own is not None
    assert ("1", True) == (own.judgement.slow, own.own)


def test_the_series_own_host_says_where_a_rank_is(told: Told) -> None:
    for rank in range(4):
        told.add("training.step.own.time", str(rank), 2.0 if rank != 3 else 2.6, **{"host.name": "n1.cluster.local"})
    found = told.paces()
    assert found is not None
    assert "n1" == found.slow_node


def test_a_rank_is_placed_by_its_number_only_where_ranks_fill_the_nodes(told: Told) -> None:
    for rank in range(5):
        told.add("training.step.own.time", str(rank), 2.0 if rank != 4 else 2.6)
    found = told.paces()
    assert found is not None
    assert ("4", "") == (found.judgement.slow, found.slow_node)


def test_of_two_ranks_of_other_runs_and_of_what_never_started_nothing_is_said(told: Told) -> None:
    for rank in range(2):
        told.add("training.step.own.time", str(rank), 2.0)
    for rank in range(2, 9):
        told.add("training.step.own.time", str(rank), 2.0, run="102")
    assert told.paces() is None
    assert told.paces(replace(RUN, start_ms=None)) is None


def test_runs_are_read_together_and_each_is_judged_by_its_own_ranks_and_time(told: Told) -> None:
    other = replace(RUN, key=RunKey("1", "atlas", "102"), name="rl", end_ms=BEGUN + HOUR // 4)
    for rank in range(8):
        told.add("training.step.own.time", str(rank), 2.0 if rank != 5 else 2.5)
        told.add("training.step.own.time", str(rank), 2.0 if rank != 2 else 3.0, run="rl")
    found = told.of([other, RUN, replace(RUN, key=RunKey("1", "atlas", "103"), name="")])
    assert {"101": "5", "102": "2"} == {key.job: one.judgement.slow for key, one in found.items()}
    assert [30, 15] == [found[run.key].judgement.steps for run in (RUN, other)]
    assert [0.5 * 0.2, 1 / 3] == [
        pytest.approx(found[run.key].lost_share(BEGUN, run.end_ms or 0), abs=0.002) for run in (RUN, other)
    ]


def test_of_many_runs_longer_windows_are_read(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    for rank in range(16):
        told.add("training.step.own.time", str(rank), 2.0)
    monkeypatch.setattr(pace, "_MOST_VALUES", 16 * 20)
    assert told.paces() is not None
    assert {300} == told.periods
