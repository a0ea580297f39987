"""Quotas beside what recorded runs held and waited for."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.kpis.runs.quotas import Stated, report_of

HOUR = 3_600_000
T0 = 1_764_000_000_000
END = T0 + 10 * HOUR


def run(job: str, submit_h: float, start_h: float | None, end_h: float | None, **more: Any) -> Run:
    def at(hours: float | None) -> int | None:
        return None if hours is None else T0 + round(hours * HOUR)

    known: dict[str, Any] = {"gpus": 8.0, "team": "vision", "start_ms": at(start_h), "end_ms": at(end_h), **more}
    return Run(RunKey("1", "atlas", job), "slurm", RunState.RUNNING, at(submit_h) or 0, **known)


def hours(runs: list[Run], *stated: Stated, gpus: float = 32.0) -> dict[str, tuple[float | None, ...]]:
    found = report_of(runs, stated, gpus, T0, END)
    return {one.team: (one.entitled, one.held, one.borrowed, one.lent, one.starved, one.waited) for one in found.teams}


def test_waits_and_times_held_are_those_of_the_runs() -> None:
    runs = [run("a", 0, 2, 5), run("b", 1, 3, None), run("c", 8, None, None, team="nlp")]
    found = hours(runs, Stated(team="vision", gpus=8), Stated(team="nlp", gpus=4))
    # vision: nobody's GPUs for two hours (8 starved each), then 16 of 8 for two; nlp lends its 4, then wants 8 for two
    assert (80, 80, 16, 0, 16, 32) == found["vision"]
    assert (40, 0, 0, 8, 8, 16) == found["nlp"]


def test_a_share_is_of_the_gpus_of_the_cluster() -> None:
    assert 80 == hours([], Stated(team="vision", share=0.25))["vision"][0]
    with pytest.raises(InvalidInput, match="no GPUs of that cluster are known"):
        hours([], Stated(team="vision", share=0.25), gpus=0)


def test_a_run_belongs_to_the_quota_that_names_its_queue() -> None:
    runs = [run("a", 0, 0, 1, team="x", queue="vision-lq"), run("b", 0, 0, 1, team="y", queue="other")]
    found = hours(runs, Stated(team="vision-cq", gpus=8, queues=("vision-lq",)))
    assert {"vision-cq", "y"} == set(found)


def test_a_quota_is_gpus_or_a_share_and_a_team_has_one() -> None:
    with pytest.raises(InvalidInput, match="and not both"):
        hours([], Stated(team="a", gpus=1, share=0.1))
    with pytest.raises(InvalidInput, match="a team has two"):
        hours([], Stated(team="a", gpus=1), Stated(team="a", gpus=2))
