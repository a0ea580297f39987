"""What a run's own marks say of its time, as the judgement of its GPUs takes it."""

from trimtab.fleet.phases.told import Doing
from trimtab.progress.course import course_of
from trimtab.progress.model import Mark, MarkKind
from trimtab.wiring.run_reports import told_of

MINUTE = 60_000


def test_steps_checkpoints_and_silence_are_told() -> None:
    marks = [
        Mark(at_ms=0, kind=MarkKind.START),
        *(Mark(at_ms=(10 + at) * MINUTE, kind=MarkKind.STEP, step=at) for at in range(31)),
        Mark(at_ms=40 * MINUTE, kind=MarkKind.SAVE),
        Mark(at_ms=43 * MINUTE, kind=MarkKind.SAVED, step=30),
        *(Mark(at_ms=(43 + at) * MINUTE, kind=MarkKind.STEP, step=30 + at) for at in range(1, 11)),
    ]
    course = course_of(marks)
    assert course is not None
    told = told_of(course, 120 * MINUTE)
    doing = {one.doing for one in told}
    assert {Doing.STEPS, Doing.SAVES, Doing.NO_STEPS} <= doing
    silence = told[-1]
    assert (silence.doing, silence.to_ms) == (Doing.NO_STEPS, 120 * MINUTE)
    assert silence.from_ms == 53 * MINUTE + 5 * MINUTE  # five usual steps after its last word
    assert told_of(course, 55 * MINUTE)[-1].doing is not Doing.NO_STEPS
