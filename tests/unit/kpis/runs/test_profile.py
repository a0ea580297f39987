"""A run's profile in money: parts add up to the cost, and what to do is said where it is worth it."""

import io
from decimal import Decimal

import pytest
from tests.unit.profiles.traces import USUAL, event, step, trace
from tests.unit.profiles.training_jobs import Job, operations

from trimtab.kpis.runs.cost import NO_COST, Cost
from trimtab.kpis.runs.profile import RunProfile, Use, profile_of
from trimtab.profiles import kineto, stragglers
from trimtab.profiles.store import ProfileFile, RunProfiles

COST = Cost({"USD": Decimal("1000.01")}, (), (), 0.0, "")


def _file(events: list, rank: int | None = 0, name: str = "") -> ProfileFile:
    name = name or f"{rank}.json"
    return ProfileFile(file=name, trace=kineto.read(io.BytesIO(trace(events, rank=rank)), name))


def _profile(*files: ProfileFile, cost: Cost = COST, gpus: float = 4) -> RunProfile:
    return profile_of(RunProfiles(files, 7), cost, gpus)


def test_uses_add_up_to_the_time_and_to_the_cost() -> None:
    found = _profile(_file(USUAL, 0), _file([event("gemm", 0, 15)], 1))
    shares = {one.use: one.share for one in found.uses}
    assert shares == {
        Use.COMPUTE: pytest.approx(0.45),
        Use.COMMUNICATION: pytest.approx(0.1),
        Use.COPIES: pytest.approx(0.15),
        Use.IDLE: pytest.approx(0.3),
    }
    assert sum(one.amounts["USD"] for one in found.uses) == Decimal("1000.01")
    assert dict(next(one for one in found.uses if one.use is Use.IDLE).amounts)["USD"] == Decimal("300.003")
    assert (found.files, found.ranks, found.world_size) == (2, 2, 8)


def test_thirds_of_a_cost_add_up_to_it() -> None:
    found = _profile(_file([event("gemm", 0, 1), event("ncclKernel", 1, 1), event("gemm", 3, 0)]))
    assert [round(one.share, 3) for one in found.uses] == [0.333, 0.333, 0, 0.333]
    assert sum(one.amounts["USD"] for one in found.uses) == Decimal("1000.01")


def test_a_gpu_has_its_part_of_the_run_s_cost() -> None:
    found = _profile(_file(USUAL, 1), _file([event("gemm", 0, 15)], 0))
    assert [one.rank for one in found.gpus] == [0, 1]
    assert [one.amounts["USD"] for one in found.gpus] == [Decimal("250.0025")] * 2
    several = _profile(_file([event("gemm", 0, 15)], 0), _file([event("gemm", 0, 15)], 1), gpus=1)
    assert [one.amounts["USD"] for one in several.gpus] == [Decimal("500.005")] * 2


def test_kernels_of_all_ranks_are_added_up_and_ordered() -> None:
    found = _profile(_file(USUAL, 0), _file([event("gemm", 0, 15)], 1))
    first = found.kernels[0]
    assert (first.name, first.count, first.total_s, first.share) == ("gemm", 3, pytest.approx(45e-6), 0.45)
    assert first.amounts["USD"] == Decimal("1000.01") * Decimal("0.45")


def test_what_to_do_begins_with_the_largest_and_small_things_are_not_said() -> None:
    found = _profile(_file(USUAL, 0))
    assert [line.split(":")[0] for line in found.advice] == [
        "idle 35%",
        "exposed copies 18%",
        "exposed communication 12%",
    ]
    busy = _profile(_file([event("gemm", 0, 96), event("ncclKernel", 90, 10), event("copy", 0, 99, "gpu_memcpy")]))
    assert busy.advice == ()


def test_the_slow_rank_is_said_first_with_what_it_costs() -> None:
    files = []
    for rank in range(4):
        work = 60.0 if rank == 2 else 40.0
        events = [step(n, 100.0 * n, 100) for n in range(4)]
        events += [event("gemm", 100.0 * n, work) for n in range(4)]
        events += [event("ncclKernel", 100.0 * n + work, 100 - work, stream=9) for n in range(4)]
        files.append(_file(events, rank))
    found = _profile(*files)
    assert found.judgement is not None and found.judgement.slow == "2"
    assert found.slow_amounts["USD"] == pytest.approx(Decimal("333.3366"), abs=Decimal("0.01"))
    assert found.advice[0].startswith("rank 2 slows the job")
    assert found.gpus[2].own_step_s == pytest.approx(60e-6)


@pytest.mark.parametrize(
    ("slow", "words"),
    [
        (lambda dp, stage: (dp, stage) == (2, 1), "if rank 9 (dp 2, stage 1) worked as others do"),
        (lambda dp, stage: stage == 3, "if the last pipeline stage took as long as others"),
    ],
)
def test_stragglers_are_said_with_their_cost(slow, words: str) -> None:
    def length(kind: str, dp: int, stage: int, _: int) -> float:
        usual = {"forward-compute": 1.0, "backward-compute": 2.0}.get(kind, 0.01)
        return usual * (1.5 if slow(dp, stage) else 1.0)

    report = stragglers.analyse(operations(Job(dp=4, pp=4, microbatches=8), length))
    found = _profile(ProfileFile(file="a.csv", stragglers=report))
    assert words in found.advice[0]
    assert found.uses == () and found.gpus == ()
    assert found.stragglers[0].amounts["USD"] == COST.part(report.gain)["USD"]
    assert found.stragglers[0].cause_amounts["USD"] == COST.part(report.cause_gain)["USD"]


def test_without_gpu_events_or_cost_nothing_is_made_up() -> None:
    found = _profile(_file([event("aten::mm", 0, 5, "cpu_op")]))
    assert found.uses == () and found.gpus == () and found.ranks == 0
    assert found.notes == (
        "0.json: no GPU activity: only events of the host (cpu_op); profile with ProfilerActivity.CUDA",
    )
    free = _profile(_file(USUAL), cost=NO_COST)
    assert [dict(one.amounts) for one in free.uses] == [{}] * 4
