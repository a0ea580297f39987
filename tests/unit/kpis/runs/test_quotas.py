"""Quotas beside what recorded runs held and waited for."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import HeldStep
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.inventory.runs.quotas import InForce, Stated
from trimtab.kpis.runs import quotas
from trimtab.kpis.runs.quotas import Recorded, report_of, report_over

HOUR = 3_600_000
T0 = 1_764_000_000_000
END = T0 + 10 * HOUR


def run(job: str, submit_h: float, start_h: float | None, end_h: float | None, **more: Any) -> Run:
    def at(hours: float | None) -> int | None:
        return None if hours is None else T0 + round(hours * HOUR)

    known: dict[str, Any] = {"gpus": 8.0, "team": "vision", "start_ms": at(start_h), "end_ms": at(end_h), **more}
    return Run(RunKey("1", "atlas", job), "slurm", RunState.RUNNING, at(submit_h) or 0, **known)


def recorded(*runs: Run, gpus: float = 32.0, until_ms: int = END) -> Recorded:
    """The runs, and the ledger in which each held its GPUs from its start to its end."""
    steps = [
        HeldStep(at_ms, holder_name(one), one.team, gpus)
        for one in runs
        if one.start_ms is not None
        for at_ms, gpus in ((one.start_ms, one.gpus), (one.end_ms or until_ms, -one.gpus))
    ]
    return Recorded(runs, sorted(steps), gpus)


def hours(runs: list[Run], *stated: Stated, gpus: float = 32.0) -> dict[str, tuple[float | None, ...]]:
    found = report_of(recorded(*runs, gpus=gpus), stated, T0, END)
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


def in_force(from_h: float, to_h: float | None, *quotas: Stated) -> InForce:
    until = None if to_h is None else T0 + round(to_h * HOUR)
    return InForce("1", "atlas", T0 + round(from_h * HOUR), until, quotas)


def test_each_moment_counts_by_the_quotas_that_held_then() -> None:
    runs = [run("a", 0, 0, None)]  # 8 GPUs from the beginning on
    held = [in_force(2, 6, Stated(team="vision", gpus=4)), in_force(6, None, Stated(team="vision", gpus=16))]
    found = report_over(recorded(*runs), held, T0, END)
    (vision,) = found.teams
    # four hours of 4, then four of 16; what was before anybody stated a quota is not counted
    assert (80, 64, 16) == (vision.entitled, vision.held, vision.borrowed)
    assert (T0 + 2 * HOUR, END) == (found.start_ms, found.end_ms)
    assert ("quotas are known since 2025-11-24T18:00:00+00:00",) == found.notes


def test_days_are_in_utc_and_add_up_to_the_range() -> None:
    runs = [run("a", 0, 0, 30), run("b", 4, 9, 40, team="nlp")]
    held = [in_force(-100, None, Stated(team="vision", gpus=8), Stated(team="nlp", gpus=4))]
    found = report_over(recorded(*runs), held, T0, T0 + 48 * HOUR)
    day = 24 * HOUR
    assert [T0 // day * day, T0 // day * day + day, T0 // day * day + 2 * day] == [one.day_ms for one in found.days]
    for team in found.teams:
        of_days = [one for each in found.days for one in each.teams if one.team == team.team]
        for name in ("entitled", "held", "borrowed", "lent", "starved", "waited"):
            assert getattr(team, name) == pytest.approx(sum(getattr(one, name) for one in of_days)), name
    assert {"nlp": 31 * 8, "vision": 30 * 8} == {team.team: team.held for team in found.teams}
    assert () == found.notes


def test_a_team_without_a_quota_is_entitled_to_nothing_that_is_known() -> None:
    held = [in_force(0, None, Stated(team="vision", gpus=8))]
    found = report_over(recorded(run("a", 0, 0, None, team="other")), held, T0, END)
    other, vision = found.teams
    assert (None, 80, 80) == (other.entitled, other.held, other.borrowed)
    assert (80, 0) == (vision.entitled, vision.held)


def test_what_the_ledger_says_was_held_counts_and_not_what_a_run_asked_for() -> None:
    asked = run("a", 0, 0, None)
    of_pod = HeldStep(T0 + HOUR, "1//pod", "nlp", 2.0)
    nameless = HeldStep(T0 + 9 * HOUR, "1//other", "", 1.0)
    ledger = [HeldStep(T0, holder_name(asked), "vision", 4.0), of_pod, nameless]  # one of its two nodes was down
    found = report_of(Recorded([asked], ledger, 32), [Stated(team="vision", gpus=2)], T0, END)
    assert {"nlp": 18, "unowned": 1, "vision": 40} == {one.team: one.held for one in found.teams}
    assert {"nlp": 18, "unowned": 1, "vision": 20} == {one.team: one.borrowed for one in found.teams}


def test_that_runs_are_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MOST_RUNS", 2)
    runs = [run("a", 0, 1, 2), run("b", 0, 1, 2)]
    assert 1 == len(report_of(recorded(*runs), [], T0, END).notes)
    assert 1 == len(report_over(recorded(*runs), [in_force(0, None)], T0, END).notes)
    assert () == report_of(recorded(runs[0]), [], T0, END).notes
