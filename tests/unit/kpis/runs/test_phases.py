"""Two runs of eight H100 for six hours: one hangs after two as a stuck collective does, the other works."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet
from tests.unit.kpis.runs.test_by_hand import report

from trimtab.base.clock import ManualClock
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.phases.phase import Phase
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.kpis.runs.cost import RunHours
from trimtab.kpis.runs.losses import LossKind
from trimtab.kpis.runs.report import report_of
from trimtab.profiles.ranks import RankJudgement
from trimtab.store.state.database import State

BEGUN, ENDED, HUNG_FROM = START + HOUR, START + 7 * HOUR, START + 3 * HOUR
RUN = Run(
    RunKey("1", "atlas", "7"), "slurm", RunState.CANCELLED, BEGUN, start_ms=BEGUN, end_ms=ENDED,
    gpus=8.0, gpu_type="h100", nodes=1, node_names=("n1",), held=(Held("n1", 8.0, tuple(range(8))),),
)  # fmt: skip
WORKING: Mapping[str, float] = {
    "DCGM_FI_PROF_SM_ACTIVE": 0.83, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.5, "DCGM_FI_PROF_DRAM_ACTIVE": 0.4,
    "DCGM_FI_PROF_NVLINK_TX_BYTES": 4e10, "DCGM_FI_PROF_PCIE_TX_BYTES": 1e8, "DCGM_FI_DEV_POWER_USAGE": 640.0,
}  # fmt: skip
HANGING: Mapping[str, float] = {
    "DCGM_FI_PROF_SM_ACTIVE": 0.99, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.0, "DCGM_FI_PROF_DRAM_ACTIVE": 0.0,
    "DCGM_FI_PROF_NVLINK_TX_BYTES": 0.0, "DCGM_FI_PROF_PCIE_TX_BYTES": 1e5, "DCGM_FI_DEV_POWER_USAGE": 320.0,
}  # fmt: skip


@pytest.fixture
def room(tmp_path: Path) -> Iterator[InventoryRoom]:
    state = State.open("", tmp_path)
    yield InventoryRoom.of(state, ManualClock())
    state.close()


def fleet(*, hangs: bool, names: Mapping[str, float] = WORKING, silent: int = -1) -> Fleet:
    made = Fleet()
    times = range(BEGUN, ENDED, MINUTE)
    for index in range(8):
        labels = {"Hostname": "n1", "gpu": str(index), "UUID": f"GPU-{index}"}
        for name in names:
            stuck = 0.0 if index == silent else HANGING[name]
            values = [stuck if hangs and at >= HUNG_FROM else WORKING[name] for at in times]
            made.add(name, values, times=list(times), labels=labels)
    return made


def test_the_run_that_hangs_is_found_with_its_hours_and_what_they_cost(room: InventoryRoom) -> None:
    found = report(room, fleet(hangs=True), RUN, now_ms=ENDED + MINUTE)
    assert found.gpu_phases is not None
    assert pytest.approx(32.0) == found.gpu_phases.hours[Phase.HUNG]
    assert pytest.approx(16.0) == found.gpu_phases.hours[Phase.PRODUCTIVE]
    assert pytest.approx(found.gpu_hours) == sum(found.gpu_phases.hours.values())
    assert found.largest_loss is not None
    assert found.largest_loss.loss.kind is LossKind.HUNG
    assert pytest.approx(80.0) == float(found.largest_loss.amounts["USD"])
    assert "from 2025-11-24 19:00 UTC on (all at once)" in found.largest_loss.words


def test_the_gpu_that_stopped_first_is_named(room: InventoryRoom) -> None:
    found = report(room, fleet(hangs=True, silent=5), RUN, now_ms=ENDED + MINUTE)
    assert found.gpu_phases is not None
    assert [(hang.node, hang.index) for hang in found.gpu_phases.hangs] == [("n1", "5")]
    assert "GPU 5 of n1 stopped first" in (found.largest_loss.words if found.largest_loss else "")


def test_its_healthy_twin_has_no_hang(room: InventoryRoom) -> None:
    found = report(room, fleet(hangs=False), RUN, now_ms=ENDED + MINUTE)
    assert found.gpu_phases is not None
    assert found.gpu_phases.hours[Phase.HUNG] == 0
    assert pytest.approx(48.0) == found.gpu_phases.hours[Phase.PRODUCTIVE]
    assert LossKind.HUNG not in [one.loss.kind for one in found.losses]


def test_by_utilisation_alone_all_hours_are_unknown(room: InventoryRoom) -> None:
    made = Fleet()
    times = list(range(BEGUN, ENDED, MINUTE))
    for index in range(8):
        made.add("DCGM_FI_DEV_GPU_UTIL", 100.0, times=times, labels={"Hostname": "n1", "gpu": str(index)})
    found = report(room, made, RUN, now_ms=ENDED + MINUTE)
    assert found.gpu_phases is not None
    assert pytest.approx(48.0) == found.gpu_phases.hours[Phase.UNKNOWN]
    paced = report(room, made, RUN, now_ms=ENDED + MINUTE, pace=slow_rank(BEGUN, ENDED))
    assert paced.gpu_phases is not None
    assert [pytest.approx(36.0), pytest.approx(12.0)] == [one.gpu_hours for one in paced.phases]
    assert paced.gpu_phases.productive_share is None  # how much of the rest was work nobody knows


def test_of_gpus_that_it_had_with_others_the_ledger_s_part_is_its_own(room: InventoryRoom) -> None:
    whole = report(room, fleet(hangs=True), RUN, now_ms=ENDED + MINUTE)
    half = report_of(RUN, whole.activity, whole.gpu_phases, RunHours(held=24.0), ENDED + MINUTE)
    assert {one.phase: pytest.approx(one.gpu_hours) for one in half.phases} == {Phase.HUNG: 16.0, Phase.PRODUCTIVE: 8.0}
    assert pytest.approx(16.0) == next(one.loss.gpu_hours for one in half.losses if one.loss.kind is LossKind.HUNG)
    assert () == report_of(RUN, whole.activity, whole.gpu_phases, RunHours(), ENDED + MINUTE).phases


def slow_rank(first_ms: int, last_ms: int) -> RankPaces:
    """Rank 3 slows the run by a quarter, as step times of each minute between the two tell."""
    compared = tuple(range(first_ms // MINUTE, last_ms // MINUTE))
    judgement = RankJudgement(ranks=(), compared=compared, slow="3", gain=0.25, words="rank 3 slows the job")
    return RankPaces(judgement=judgement, nodes={"3": "n1"}, metric="step", own=True, window_s=60)


def test_ranks_that_wait_inside_each_step_wait_in_phases_losses_and_dollars(room: InventoryRoom) -> None:
    pace = slow_rank(BEGUN, ENDED - 2 * HOUR)
    found = report(room, fleet(hangs=False), RUN, now_ms=ENDED + MINUTE, pace=pace)
    assert found.gpu_phases is not None
    assert {Phase.PRODUCTIVE: pytest.approx(40.0), Phase.STRAGGLER: pytest.approx(8.0)} == {
        one.phase: one.gpu_hours for one in found.phases
    }
    assert found.largest_loss is not None
    assert (LossKind.STRAGGLER, pytest.approx(8.0), 8) == (
        found.largest_loss.loss.kind, found.largest_loss.loss.gpu_hours, found.largest_loss.loss.gpus
    )  # fmt: skip
    assert pytest.approx(20.0) == float(found.largest_loss.amounts["USD"])
    assert "8 GPUs waited for 60 min each for rank 3 on n1: steps would be 25.0% shorter" in found.largest_loss.words
    assert pytest.approx(8.0) == found.slow_rank_hours
    assert {Phase.PRODUCTIVE} == {one.phase for one in found.gpu_phases.band()}
    assert pytest.approx(40 / 48) == found.gpu_phases.productive_share


def test_gpus_that_hang_do_not_wait_for_a_slow_rank_too(room: InventoryRoom) -> None:
    found = report(room, fleet(hangs=True), RUN, now_ms=ENDED + MINUTE, pace=slow_rank(BEGUN, ENDED))
    assert {Phase.HUNG: pytest.approx(32.0), Phase.PRODUCTIVE: pytest.approx(12.0), Phase.STRAGGLER: 4.0} == {
        one.phase: pytest.approx(one.gpu_hours) for one in found.phases
    }


def test_a_run_whose_gpus_nobody_watches_waits_by_its_step_times_alone(room: InventoryRoom) -> None:
    found = report(room, Fleet(), RUN, now_ms=ENDED + MINUTE, pace=slow_rank(BEGUN, ENDED - 3 * HOUR))
    assert {Phase.UNKNOWN: pytest.approx(42.0), Phase.STRAGGLER: pytest.approx(6.0)} == {
        one.phase: one.gpu_hours for one in found.phases
    }
    assert found.largest_loss is not None
    assert (LossKind.STRAGGLER, pytest.approx(6.0)) == (
        found.largest_loss.loss.kind, found.largest_loss.loss.gpu_hours
    )  # fmt: skip
    assert found.gpu_phases is None
