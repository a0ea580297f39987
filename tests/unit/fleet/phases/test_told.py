"""What a run says of itself beside what its GPUs show."""

import numpy as np
from tests.unit.fleet.phases.training import MINUTE, STEP_MS, Run

from trimtab.fleet.phases.judge import judge
from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.told import Doing, Told, with_told


def at(minutes: float) -> int:
    return round(minutes * MINUTE * STEP_MS)


def run() -> Run:
    made = Run(21, kind="compute")
    made.work(0, made.steps)
    return made


def test_what_it_says_is_by_step_and_nothing_outside() -> None:
    told = [Told(at(1), at(3), Doing.STEPS), Told(at(3), at(4), Doing.SAVES), Told(at(4), at(5), Doing.NO_STEPS)]
    signals = with_told(run().made().signals, told)
    assert signals.steps_done is not None
    assert signals.saving is not None
    assert np.isnan(signals.steps_done[: 1 * MINUTE]).all()
    assert (signals.steps_done[1 * MINUTE : 3 * MINUTE] == 1).all()
    assert (signals.steps_done[3 * MINUTE : 5 * MINUTE] == 0).all()
    assert np.flatnonzero(signals.saving).tolist() == [3 * MINUTE, 3 * MINUTE + 1]
    assert np.isnan(signals.steps_done[5 * MINUTE :]).all()


def test_a_run_that_makes_steps_does_not_hang_and_what_it_repeats_is_recomputed() -> None:
    made = run()
    made.spin(60 * MINUTE, 90 * MINUTE)
    told = [Told(at(60), at(90), Doing.STEPS), Told(at(100), at(110), Doing.REPEATS)]
    judged = judge(with_told(made.made().signals, told))
    assert judged.hangs == ()
    assert (judged.codes[:, 100 * MINUTE : 110 * MINUTE] == Phase.RECOMPUTED).all()
    assert (judged.codes[:, 111 * MINUTE :] == Phase.PRODUCTIVE).all()


def test_a_long_checkpoint_that_says_so_is_no_hang() -> None:
    made = run()
    made.spin(60 * MINUTE, 85 * MINUTE)
    silent = judge(made.made().signals)
    assert [(hang.first, hang.last) for hang in silent.hangs] == [(60 * MINUTE, 85 * MINUTE)]
    told = judge(with_told(made.made().signals, [Told(at(60), at(85), Doing.SAVES)]))
    assert told.hangs == ()
    assert (told.codes[:, 60 * MINUTE : 85 * MINUTE] == Phase.CHECKPOINTING).all()
