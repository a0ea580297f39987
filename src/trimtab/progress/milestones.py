"""What runs told of their checkpoints and restarts, as who asks what a fault cost needs it."""

from collections.abc import Iterable, Sequence

from trimtab.fleet.health.impact import Milestones
from trimtab.progress.model import Mark, MarkKind

_AGAIN_MS = 60_000
"""How much later than the one before a start is another: ranks of one start tell it within so long."""
_STARTS = frozenset({MarkKind.START, MarkKind.LOADED})


def milestones_of(marks: Iterable[Mark]) -> Milestones:
    """When checkpoints were whole, and when the program started again: it says so, or its steps go back. Pure."""
    ordered = sorted(marks, key=lambda one: one.at_ms)
    saved = tuple(one.at_ms for one in ordered if one.kind is MarkKind.SAVED)
    return Milestones(saved, tuple(_restarts(ordered)))


def _restarts(marks: Sequence[Mark]) -> list[int]:
    found: list[int] = []
    last_ms = marks[0].at_ms if marks else 0
    step: int | None = None
    for mark in marks:
        back = mark.kind is MarkKind.STEP and mark.step is not None and step is not None and mark.step < step
        if (mark.kind in _STARTS or back) and mark.at_ms - last_ms > _AGAIN_MS:
            found.append(mark.at_ms)
        if mark.kind in _STARTS or back:
            last_ms = mark.at_ms
            step = None
        if mark.kind is MarkKind.STEP and mark.step is not None:
            step = mark.step
    return found
