"""Checkpoints and restarts as runs tell them."""

from trimtab.progress.milestones import milestones_of
from trimtab.progress.model import Mark, MarkKind

MINUTE = 60_000


def mark(minute: float, kind: MarkKind, step: int | None = None) -> Mark:
    return Mark(at_ms=round(minute * MINUTE), kind=kind, step=step)


def test_checkpoints_are_those_that_are_whole() -> None:
    marks = [mark(9, MarkKind.SAVED), mark(3, MarkKind.SAVE), mark(4, MarkKind.SAVED), mark(5, MarkKind.STEP, 7)]
    assert ((4 * MINUTE, 9 * MINUTE), ()) == ((found := milestones_of(marks)).saved_ms, found.restarted_ms)
    assert ((), ()) == ((none := milestones_of([])).saved_ms, none.restarted_ms)


def test_a_program_starts_again_where_it_says_so_or_its_steps_go_back_each_time_once() -> None:
    marks = [
        mark(0, MarkKind.START), mark(0.5, MarkKind.START), mark(1, MarkKind.STEP, 1), mark(5, MarkKind.STEP, 50),
        mark(9, MarkKind.LOADED), mark(9.5, MarkKind.STEP, 41), mark(20, MarkKind.STEP, 90),
        mark(30, MarkKind.STEP, 60), mark(31, MarkKind.STEP, 61),
    ]  # fmt: skip
    assert (9 * MINUTE, 30 * MINUTE) == milestones_of(marks).restarted_ms
