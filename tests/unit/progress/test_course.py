"""What marks tell of a run: its phases, its steps, restarts and what they cost."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.progress.course import Phase, course_of
from trimtab.progress.model import Mark, MarkKind, Workload

K = MarkKind


def mark(at_s: float, kind: MarkKind, step: int | None = None, **more: float) -> Mark:
    return Mark(at_ms=round(at_s * 1000), kind=kind, step=step, **more)


def steps(first: int, last: int, at_s: float, each_s: float) -> list[Mark]:
    return [mark(at_s + (step - first) * each_s, K.STEP, step) for step in range(first, last + 1)]


def seconds(marks: list[Mark]) -> dict[str, float]:
    course = course_of(marks)
    assert course is not None
    return {phase.value: value for phase, value in course.seconds.items() if value}


def test_nothing_told_is_no_course() -> None:
    assert course_of([]) is None


def test_marks_that_say_when_training_begins_and_ends_part_the_time() -> None:
    told = [
        mark(0, K.START), mark(60, K.PAUSE, samples=0), mark(60, K.TRAIN), mark(160, K.PAUSE, samples=1000),
        mark(160, K.EVALUATE), mark(190, K.SCORE, score=0.5), mark(190, K.PAUSE), mark(190, K.TRAIN),
        mark(290, K.PAUSE, samples=2000), mark(300, K.END),
    ]  # fmt: skip
    course = course_of(told)
    assert course is not None
    assert {"start-up": 60, "training": 200, "evaluation": 30, "unexplained": 10} == seconds(told)
    assert (2000, 1, 0.5, True, 0) == (course.samples, course.evaluations, course.score, course.ended, course.restarts)


def test_what_every_rank_says_counts_once() -> None:
    told = [
        mark(0, K.START), mark(0, K.START), mark(10, K.TRAIN, samples=0), mark(10.001, K.TRAIN, samples=0),
        mark(20, K.EVALUATE), mark(20.002, K.EVALUATE), mark(25, K.PAUSE), mark(25.001, K.PAUSE),
    ]  # fmt: skip
    course = course_of(told)
    assert course is not None
    assert (1, 0) == (course.evaluations, course.restarts)
    assert 5 == round(course.seconds[Phase.EVALUATION])


def test_steps_alone_are_training_for_as_long_as_steps_take() -> None:
    told = [*steps(0, 10, 0, 2), *steps(11, 20, 120, 2)]
    assert {"training": 40, "unexplained": 98} == seconds(told)


def test_a_step_s_own_time_is_what_it_took() -> None:
    told = [mark(0, K.STEP, 0), mark(100, K.STEP, 10, step_s=6)]
    assert {"training": 60, "unexplained": 40} == seconds(told)


def test_the_time_before_an_outcome_or_a_checkpoint_is_theirs() -> None:
    told = [*steps(0, 10, 0, 1), mark(40, K.SCORE, 10, score=2.5), mark(45, K.SAVED, 10), *steps(11, 12, 46, 1)]
    course = course_of(told)
    assert course is not None
    assert {"training": 12, "evaluation": 30, "checkpoint": 5} == seconds(told)
    assert (1, 1, 10, 2) == (course.evaluations, course.checkpoints, course.saved_step, course.unsaved_steps)


def test_a_checkpoint_has_its_time_from_its_begin_to_its_end() -> None:
    told = [*steps(0, 4, 0, 1), mark(4, K.SAVE, 4), mark(14, K.SAVED, 4), mark(15, K.STEP, 5)]
    assert {"training": 5, "checkpoint": 10} == seconds(told)


def test_a_step_that_goes_back_is_a_restart_and_what_was_lost_is_computed_again() -> None:
    told = [
        *steps(0, 100, 0, 1), mark(100, K.SAVED, 100), *steps(101, 150, 101, 1),
        *steps(101, 200, 400, 1),
    ]  # fmt: skip
    course = course_of(told)
    assert course is not None
    assert (1, 50, 200) == (course.restarts, course.lost_steps, course.step)
    assert 199 <= (course.steps or 0) <= 200
    found = seconds(told)
    assert (250, 49) == (found["start-up"], found["recomputed"])
    assert 200 == found["training"]


def test_a_checkpoint_that_was_loaded_says_what_was_lost() -> None:
    told = [
        mark(0, K.START), *steps(0, 150, 10, 1), mark(300, K.START), mark(320, K.LOADED, 120), *steps(121, 160, 330, 1),
    ]  # fmt: skip
    course = course_of(told)
    assert course is not None
    assert (1, 30, 160, 120) == (course.restarts, course.lost_steps, course.step, course.saved_step)


def test_a_rank_that_prints_late_is_no_restart() -> None:
    told = [*steps(0, 20, 0, 1), mark(20.5, K.STEP, 19), *steps(21, 30, 21, 1)]
    course = course_of(told)
    assert course is not None
    assert (0, 0, 30) == (course.restarts, course.lost_steps, course.step)


def test_epochs_become_steps_where_their_number_is_known() -> None:
    told = [Mark(at_ms=at * 1000, kind=K.STEP, epoch=at / 100) for at in range(0, 301, 10)]
    known = course_of(told, Workload(total_steps=600, epochs=3))
    unknown = course_of(told)
    assert known is not None
    assert unknown is not None
    assert (600, None) == (known.step, unknown.step)
    assert 300 == unknown.seconds[Phase.TRAINING]


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from(list(K)), st.one_of(st.none(), st.integers(0, 500))),
        min_size=1,
        max_size=60,
    )
)
def test_phases_never_overlap_and_never_leave_the_time_that_was_told(
    told: list[tuple[int, MarkKind, int | None]],
) -> None:
    course = course_of([Mark(at_ms=at, kind=kind, step=step) for at, kind, step in told])
    assert course is not None
    last = course.first_ms
    for span in course.spans:
        assert last <= span.from_ms < span.to_ms <= course.last_ms
        last = span.to_ms
    assert sum(course.seconds.values()) * 1000 <= course.last_ms - course.first_ms + 1
    assert min(course.lost_steps, course.restarts, course.evaluations) >= 0


def test_what_was_lost_is_counted_from_the_checkpoint_although_steps_are_printed_rarely() -> None:
    told = [
        *(mark(step, K.STEP, step) for step in range(0, 151, 10)), mark(100.5, K.SAVED, 100),
        *(mark(300 + step, K.STEP, step) for step in range(110, 201, 10)),
    ]  # fmt: skip
    course = course_of(told)
    assert course is not None
    assert (1, 50) == (course.restarts, course.lost_steps)
