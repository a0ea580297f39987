"""Hangs are found to the minute, and no healthy minute is called one."""

import numpy as np
import pytest
from tests.unit.fleet.phases.training import KINDS, MINUTE, STEP_MS, Run, hours

from depth import examples
from trimtab.base.records import replace
from trimtab.fleet.phases.judge import NOT_HELD, judge, stopped_first
from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.signals import Signals

HEALTHY = range(5000, 5000 + examples(200))


@pytest.mark.parametrize("power", [True, False])
def test_no_healthy_minute_is_called_hung(power: bool) -> None:
    blamed = {}
    for seed in HEALTHY:
        run = Run(seed)
        run.healthy()
        judged = judge(run.made(power=power).signals, ended=True)
        if judged.hangs or (judged.codes == Phase.HUNG).any():
            blamed[seed] = run.kind, judged.hangs
    assert {} == blamed


def test_no_healthy_moment_raises_an_alarm() -> None:
    """As the alarm looks: at every minute, at the hour before it, while the run goes on."""
    alarms = []
    for seed in HEALTHY[:40]:
        run = Run(seed)
        run.healthy()
        signals = run.made().signals
        moments = range(10 * MINUTE, run.steps, 3 * MINUTE)
        alarms += [(seed, run.kind, now) for now in moments if judge(_until(signals, now)).hangs]
    assert [] == alarms


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "registers"])
def test_a_hang_is_found_with_its_hours(kind: str) -> None:
    off = []
    for seed in range(7000, 7000 + examples(30)):
        run = Run(seed, kind=kind)
        run.healthy()
        first = run.steps // 3
        run.hang(first, run.steps, silent=bool(seed % 2))
        made = run.made()
        judged = judge(made.signals, ended=True)
        told = hours(judged.codes)[Phase.HUNG]
        truth = made.hung.sum() * run.ranks * STEP_MS / 3_600_000
        if abs(told - truth) > 0.05 * truth:
            off.append((seed, run.ranks, run.spin_active, told, truth))
        elif made.first is not None and stopped_first(made.signals, judged.hangs[-1]) != made.first:
            off.append((seed, "rank", made.first, stopped_first(made.signals, judged.hangs[-1])))
    assert [] == off


def test_a_hang_is_told_within_five_minutes() -> None:
    late = []
    for seed in range(8000, 8000 + examples(30)):
        run = Run(seed, kind="compute")
        run.work(0, run.steps)
        first = 60 * MINUTE
        run.hang(first, run.steps, silent=bool(seed % 2))
        signals = run.made().signals
        told = next(now for now in range(first, run.steps) if judge(_until(signals, now)).hangs)
        if told - first > 5 * MINUTE:
            late.append((seed, told - first))
    assert [] == late


def test_a_hang_that_a_restart_ended_is_one_and_what_follows_warms_up() -> None:
    run = Run(1, kind="compute")
    run.work(0, run.steps)
    run.hang(60 * MINUTE, 70 * MINUTE, silent=False)
    run.quiet(70 * MINUTE, 76 * MINUTE)
    judged = judge(run.made().signals, ended=True)
    assert (judged.codes[:, 60 * MINUTE : 70 * MINUTE] == Phase.HUNG).all()
    assert (judged.codes[:, 70 * MINUTE : 76 * MINUTE] == Phase.WARMING_UP).all()
    assert [stall.ended for stall in judged.hangs] == [True]


def test_a_gap_in_telemetry_makes_no_hang_of_a_pause_and_ends_one_that_works_again() -> None:
    for minutes, hangs in ((6, 0), (20, 1)):
        run = Run(6, kind="compute")
        run.work(0, run.steps)
        first, last = 60 * MINUTE, (60 + minutes) * MINUTE
        run.spin(first, last)
        signals = run.made().signals
        signals.active[:, last : last + 4] = np.nan
        judged = judge(signals)
        assert [hang.ended for hang in judged.hangs] == [True] * hangs


def test_a_pause_at_the_end_of_a_run_whose_last_step_is_not_told_is_no_hang() -> None:
    run = Run(7, kind="compute")
    run.work(0, run.steps)
    run.spin(run.steps - 7 * MINUTE, run.steps)
    signals = run.made().signals
    signals.active[:, -1] = np.nan  # the run ended within it
    assert judge(signals, ended=True).hangs == ()


def test_without_power_a_hang_is_known_by_progress_alone() -> None:
    run = Run(3, kind="compute")
    run.work(0, run.steps)
    run.hang(run.steps // 3, run.steps, silent=False)
    signals = run.made(power=False).signals
    assert Phase.UNKNOWN in judge(signals, ended=True).codes
    assert judge(signals, ended=True).hangs == ()
    told = replace(signals, steps_done=np.where(run.hung, 0.0, 1.5))
    assert hours(judge(told, ended=True).codes)[Phase.HUNG] == run.hung.sum() * run.ranks * STEP_MS / 3_600_000


def test_a_run_that_never_works_hangs_only_where_it_says_that_it_does_no_steps() -> None:
    run = Run(4, kind="compute")
    run.spin(5 * MINUTE, run.steps)
    signals = run.made().signals
    assert judge(signals).hangs == ()
    told = judge(replace(signals, steps_done=np.zeros(run.steps)))
    assert [(stall.first, stall.last) for stall in told.hangs] == [(30 * MINUTE, run.steps)]


def test_with_utilisation_alone_nothing_is_known_of_a_busy_gpu() -> None:
    run = Run(2, kind="compute")
    run.work(0, run.steps)
    run.hang(run.steps // 3, run.steps, silent=False)
    judged = judge(run.made(utilisation_alone=True).signals, ended=True)
    assert (judged.codes == Phase.UNKNOWN).all()
    assert judged.hangs == ()


def test_every_held_step_is_one_thing_and_others_are_none() -> None:
    for seed in HEALTHY[:20]:
        run = Run(seed)
        run.healthy()
        signals = run.made().signals
        signals.held[0, 10:20] = False
        codes = judge(signals).codes
        assert ((codes == NOT_HELD) == ~signals.held).all()
        assert np.isclose(sum(hours(codes).values()), signals.held.sum() * STEP_MS / 3_600_000)


def _until(signals: Signals, now: int) -> Signals:
    names = ("held", "active", "tensor", "memory", "fabric", "host", "power")
    return replace(signals, **{name: getattr(signals, name)[:, :now] for name in names})
