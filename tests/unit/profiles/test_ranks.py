"""The slow rank by step times: found where it is one, and not blamed where ranks are alike, few, or take turns."""

import io

import numpy as np
import pytest
from tests.unit.profiles.traces import event, step, trace

from trimtab.profiles import kineto
from trimtab.profiles.ranks import judge, of_profiles, of_series


def _times(values: np.ndarray) -> dict[str, dict[int, float]]:
    return {str(rank): dict(enumerate(row.tolist())) for rank, row in enumerate(values)}


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_slow_rank_is_found_and_what_it_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(10, 0.1, (8, 40))
    values[5] *= 1.25
    found = judge(_times(values))
    assert found.slow == "5"
    assert found.gain == pytest.approx(1 - np.delete(values, 5, 0).max(0).mean() / values.max(0).mean())
    assert found.ranks[0].rank == "5" and found.ranks[0].pace == pytest.approx(1.25, abs=0.02)
    assert "rank 5 slows the job: its own part of a step takes 25% longer" in found.words


@pytest.mark.parametrize("seed", [6, 7, 8])
def test_ranks_that_take_turns_to_be_last_are_not_blamed(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(2, 0.3, (8, 40))
    found = judge(_times(values))
    assert found.slow is None
    assert found.words.startswith("no single rank slows the job")


def test_ranks_that_wait_inside_their_step_are_alike() -> None:
    found = judge(_times(np.full((4, 5), 7.0)))
    assert found.slow is None and found.gain == 0
    assert found.words == "no rank is slow, or all report the time for which they wait: their steps are alike"


@pytest.mark.parametrize("shape", [(2, 10), (10, 2), (0, 0)])
def test_too_few_to_compare_is_said(shape: tuple[int, int]) -> None:
    found = judge(_times(np.ones(shape)))
    assert found.slow is None
    assert found.words.startswith(f"cannot know: {shape[0]} ranks share {shape[1]} steps")


def test_steps_that_a_rank_lacks_or_that_are_no_time_are_left_out() -> None:
    times = _times(np.ones((4, 6)))
    del times["2"][3]
    times["1"][0] = float("nan")
    times["0"][1] = 0.0
    assert judge(times).steps == 3


def test_profiles_of_ranks_are_judged_by_their_steps_own_time() -> None:
    profiles = []
    for rank in range(4):
        events = []
        for number in range(5):
            at, work = number * 100.0, 60.0 if rank == 2 else 40.0
            events += [step(number, at, 100), event("gemm", at, work)]
            events.append(event("ncclKernel", at + work, 100 - work, stream=20))
        profiles.append(kineto.read(io.BytesIO(trace(events, rank=rank)), "a.json"))
    found = of_profiles(profiles)
    assert found.slow == "2"
    assert found.gain == pytest.approx(1 / 3)


def test_series_of_a_metric_are_compared_by_windows_whenever_each_rank_reports() -> None:
    series = {
        str(rank): [(15_000 * n + 700 * rank, (9.0 if rank == 1 else 6.0) + 0.01 * (n % 3)) for n in range(20)]
        for rank in range(4)
    }
    series["2"].append((0, float("nan")))
    found = of_series(series, 60_000)
    assert (found.slow, found.steps) == ("1", 5)
    assert found.gain == pytest.approx(1 / 3, abs=0.01)
