"""What step times by rank say of waiting: the share of each step of a grid that went to the slow rank."""

import pytest

from trimtab.fleet.phases.pace import RankPaces
from trimtab.profiles.ranks import RankJudgement

MINUTE = 60_000


def paces(*compared: int, slow: str | None = "3", gain: float = 0.2) -> RankPaces:
    judgement = RankJudgement(ranks=(), compared=compared, slow=slow, gain=gain, words="")
    return RankPaces(judgement=judgement, nodes={"3": "n1"}, metric="m", own=True, window_s=60)


def test_only_time_that_was_compared_waits() -> None:
    found = paces(10, 11, 14).waiting(9 * MINUTE, MINUTE, 7)
    assert [0, 0.2, 0.2, 0, 0, 0.2, 0] == found.tolist()


def test_steps_need_not_be_windows() -> None:
    assert [0.05, 0.2, 0.15] == pytest.approx(paces(10, 11).waiting(9 * MINUTE + 15_000, MINUTE, 3).tolist())
    assert [0.1, 0.1] == pytest.approx(paces(10, 12).waiting(10 * MINUTE, 2 * MINUTE, 2).tolist())
    assert [0.2] * 4 == pytest.approx(paces(10).waiting(10 * MINUTE, 15_000, 4).tolist())
    assert 0.1 == pytest.approx(paces(10, 11).lost_share(10 * MINUTE, 14 * MINUTE))
    assert 12 * MINUTE == paces(10, 11).last_ms


def test_without_a_slow_rank_none_waits() -> None:
    assert [0.0, 0.0] == paces(10, 11, slow=None).waiting(10 * MINUTE, MINUTE, 2).tolist()
    assert [0.0] == paces().waiting(0, MINUTE, 1).tolist()
    assert (0.0, 0) == (paces().lost_share(5, 5), paces().last_ms)
