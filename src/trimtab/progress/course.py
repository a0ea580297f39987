"""The course of a run: from marks to phases, steps, attempts, and what was done twice. Pure.

The time between two marks belongs to the phase that holds between them, where marks say when training begins and ends
(MLPerf's do). Of a run that only tells its steps the time between two steps is training, as long as steps take (their
own time where it was told, else up to `_SLOW` times the median); the time before the outcome of an evaluation is
evaluation, before the end of a checkpoint is checkpoint, and before a step that goes back is start-up. What is left is
unexplained.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.progress.model import NOTHING, PHASES, Mark, MarkKind, Workload

_SLOW = 3.0
"""Times the median from which a step's time is not all training: evaluations and stalls take far more."""
_RESTART_MS = 5_000
"""A step that goes back sooner after the one before is another rank's, printed late: no program starts so fast."""


class Phase(StrEnum):
    """What a run did with its time."""

    START_UP = "start-up"
    TRAINING = "training"
    RECOMPUTED = "recomputed"
    """Training of steps that an attempt before it had done already."""
    EVALUATION = "evaluation"
    CHECKPOINT = "checkpoint"
    UNEXPLAINED = "unexplained"


_BEGINS = {
    MarkKind.START: Phase.START_UP,
    MarkKind.TRAIN: Phase.TRAINING,
    MarkKind.EVALUATE: Phase.EVALUATION,
    MarkKind.SAVE: Phase.CHECKPOINT,
    MarkKind.PAUSE: Phase.UNEXPLAINED,
    MarkKind.END: None,
}


class Span(Struct, frozen=True):
    """A time `[from_ms, to_ms)` of one phase."""

    from_ms: int
    to_ms: int
    phase: Phase


class Course(Struct, frozen=True, kw_only=True):
    """What a run did, as its marks tell. Counts are from the beginning of training; None is not known.

    `steps`, `samples` and `tokens` are what it trained in `seconds[TRAINING]`, without what it did twice. `lost_steps`
    were done before a restart and after the checkpoint from which it went on;
    `unsaved_steps` are those since its last checkpoint.
    """

    first_ms: int
    last_ms: int
    ended: bool
    step: int | None
    epoch: float | None
    loss: float | None
    score: float | None
    steps: float | None
    samples: float | None
    tokens: float | None
    step_s: float | None
    mfu: float | None
    evaluations: int
    checkpoints: int
    saved_step: int | None
    restarts: int
    lost_steps: int
    seconds: Mapping[Phase, float]
    spans: tuple[Span, ...]

    @property
    def unsaved_steps(self) -> int | None:
        """Steps since the last checkpoint; None where no step or no checkpoint is known."""
        if self.step is None or self.saved_step is None:
            return None
        return max(self.step - self.saved_step, 0)


def course_of(marks: Sequence[Mark], workload: Workload = NOTHING) -> Course | None:
    """The course that marks tell, whatever their order; None of none. What several ranks say alike counts once.

    Marks that have epochs and no steps (Hugging Face's) get steps where the workload knows how many there are to do.
    """
    ordered = sorted(
        (_with_step(one, workload) for one in marks), key=lambda one: one.at_ms
    )  # of one moment in the order in which they were told
    if not ordered:
        return None
    fold = _Fold(_usual_step_s(ordered))
    for mark in ordered:
        fold.take(mark)
    return fold.course()


def _with_step(mark: Mark, workload: Workload) -> Mark:
    if mark.step is not None or mark.epoch is None or not workload.total_steps or not workload.epochs:
        return mark
    if mark.kind not in (MarkKind.STEP, MarkKind.END):
        return mark
    return replace(mark, step=round(mark.epoch / workload.epochs * workload.total_steps))


def _usual_step_s(marks: Sequence[Mark]) -> float | None:
    """The median time of a step: as told, else between steps that were told one after the other."""
    told = [one.step_s for one in marks if one.step_s is not None and one.step_s > 0]
    if told:
        return median(told)
    steps = [one for one in marks if one.kind is MarkKind.STEP and one.step is not None]
    between = [
        (after.at_ms - before.at_ms) / 1000 / (after.step - before.step)
        for before, after in pairwise(steps)
        if before.step is not None and after.step is not None and after.step > before.step
    ]
    return median(between) if between else None


class _Counts(Struct):
    """How far counting is, or what was done: steps, samples, tokens, epochs; None where nothing said it."""

    step: float | None = None
    samples: float | None = None
    tokens: float | None = None
    epoch: float | None = None


_COUNTED = ("step", "samples", "tokens", "epoch")
_NOTED = ("epoch", "loss", "score", "mfu")


class _Fold:
    """Takes marks in order of time."""

    def __init__(self, usual_step_s: float | None) -> None:
        self._usual_s = usual_step_s
        self._phase: Phase | None = None
        self._explicit = False
        """Whether marks say when training begins: then its time is what they say, not what its steps take."""
        self._at: int | None = None
        self._first = 0
        self._now, self._most, self._done = _Counts(), _Counts(), _Counts()
        self._spans: list[Span] = []
        self._last: dict[str, float] = {}
        self._step: int | None = None
        self._step_ms = 0
        self._saved: int | None = None
        self._evaluations = self._checkpoints = self._restarts = self._lost = 0
        self._trained = self._starting = self._ended = self._scored = False

    def take(self, mark: Mark) -> None:
        """Take in a mark that is no earlier than those before it."""
        if self._at is None:
            self._at = self._first = mark.at_ms
        mark = self._placed(mark)
        steps, fresh = self._count(mark)
        self._spend(mark, steps, fresh)
        if mark.kind is MarkKind.STEP and not self._explicit:
            self._phase, self._starting = Phase.TRAINING, False
        if mark.kind in PHASES:
            self._begin(_BEGINS[mark.kind], mark)
        elif mark.kind is MarkKind.SAVED:
            self._save(mark)
        elif mark.kind is MarkKind.SCORE:
            self._score()
        elif mark.kind is MarkKind.LOADED:
            self._saved = mark.step if mark.step is not None else self._saved
        if mark.kind is not MarkKind.SCORE:
            self._scored = False
        self._last |= {name: value for name in _NOTED if (value := getattr(mark, name)) is not None}

    def _placed(self, mark: Mark) -> Mark:
        """The mark; a step that goes back begins an attempt, or is another rank's and counts nothing."""
        if mark.step is None or self._step is None or mark.step >= self._step or mark.kind is MarkKind.SAVED:
            return mark
        if not self._starting and mark.at_ms - self._step_ms < _RESTART_MS:
            return replace(mark, step=None, samples=None, tokens=None, epoch=None)
        if not self._starting:
            self._restarts += 1
            self._phase = Phase.START_UP
        at = self._saved if self._saved is not None and self._saved <= mark.step else max(mark.step - 1, 0)
        self._lost += self._step - (mark.step if mark.kind is MarkKind.LOADED else at)
        self._now, self._step = _Counts(), None
        return mark

    def _count(self, mark: Mark) -> tuple[bool | float, float]:
        """Steps since the mark before (True: work without steps), and which part of it had not been done before."""
        moved: float | bool = False
        fresh = 1.0
        for name in _COUNTED:
            value, before, most = (getattr(one, name) for one in (mark, self._now, self._most))
            if value is None or (before is not None and value < before):
                continue
            setattr(self._now, name, value)
            setattr(self._most, name, value if most is None else max(most, value))
            if before is None or value == before:
                continue
            new = max(value - max(before, most if most is not None else before), 0.0)
            setattr(self._done, name, (getattr(self._done, name) or 0.0) + new)
            fresh = min(fresh, new / (value - before))
            moved = value - before if name == "step" else moved or True
        if mark.step is not None:
            if self._step is None or mark.step > self._step:
                self._step_ms = mark.at_ms
            self._step = mark.step if self._step is None else max(self._step, mark.step)
        self._trained = self._trained or bool(moved)
        return moved, fresh

    def _spend(self, mark: Mark, moved: float | bool, fresh: float) -> None:
        """The time since the mark before."""
        before, phase = self._at or 0, self._phase
        self._at = mark.at_ms
        if mark.at_ms <= before:
            return
        if self._explicit:
            if phase is Phase.TRAINING:
                self._train(before, mark.at_ms, fresh)
            elif phase is not None:
                self._add(before, mark.at_ms, phase)
            return
        if phase in (Phase.EVALUATION, Phase.CHECKPOINT) or (phase is Phase.START_UP and (self._starting or not moved)):
            self._add(before, mark.at_ms, phase)
        elif moved:
            begun = mark.at_ms - round(self._took_s(mark, (mark.at_ms - before) / 1000, moved) * 1000)
            self._add(before, begun, Phase.UNEXPLAINED)
            self._train(begun, mark.at_ms, fresh)
        elif mark.kind in (MarkKind.SCORE, MarkKind.SAVED):
            self._add(before, mark.at_ms, Phase.EVALUATION if mark.kind is MarkKind.SCORE else Phase.CHECKPOINT)
        elif phase is not None:
            self._add(before, mark.at_ms, Phase.UNEXPLAINED)

    def _took_s(self, mark: Mark, gap_s: float, steps: float | bool) -> float:
        """How much of the time between two steps, of a run that tells only its steps, they took."""
        if mark.step_s is not None and mark.step_s > 0 and steps is not True:
            return min(gap_s, mark.step_s * steps)
        if self._usual_s is None or steps is True or gap_s <= _SLOW * self._usual_s * steps:
            return gap_s
        return self._usual_s * steps

    def _train(self, from_ms: int, to_ms: int, fresh: float) -> None:
        again = from_ms + round((to_ms - from_ms) * (1 - fresh))
        self._add(from_ms, again, Phase.RECOMPUTED)
        self._add(again, to_ms, Phase.TRAINING)

    def _begin(self, phase: Phase | None, mark: Mark) -> None:
        """A phase begins; a repeat by another rank changes nothing."""
        if phase is Phase.START_UP:
            if self._trained and not self._starting:
                self._restarts += 1
                self._now = _Counts()
            self._starting = True
        elif phase in (Phase.TRAINING, None):
            self._starting = False
        if phase is Phase.EVALUATION and self._phase is not Phase.EVALUATION:
            self._evaluations += 1
        self._explicit = self._explicit or mark.kind is MarkKind.TRAIN
        self._ended = mark.kind is MarkKind.END
        self._phase = phase

    def _save(self, mark: Mark) -> None:
        step = mark.step if mark.step is not None else self._step
        if step is None or step != self._saved:  # else another rank says the same
            self._checkpoints += 1
        self._saved = step
        if self._phase is Phase.CHECKPOINT:
            self._phase = Phase.TRAINING

    def _score(self) -> None:
        """An evaluation has an outcome; one of which nobody said that it began counts now."""
        if self._phase is not Phase.EVALUATION and not self._scored and not self._explicit:
            self._evaluations += 1
        self._scored = True
        if not self._explicit and self._phase is not None:
            self._phase = Phase.TRAINING

    def _add(self, from_ms: int, to_ms: int, phase: Phase) -> None:
        if to_ms <= from_ms:
            return
        if self._spans and self._spans[-1].phase is phase and self._spans[-1].to_ms == from_ms:
            self._spans[-1] = Span(self._spans[-1].from_ms, to_ms, phase)
        else:
            self._spans.append(Span(from_ms, to_ms, phase))

    def course(self) -> Course:
        """What came of it."""
        seconds = dict.fromkeys(Phase, 0.0)
        for span in self._spans:
            seconds[span.phase] += (span.to_ms - span.from_ms) / 1000
        done, trained = self._done, seconds[Phase.TRAINING]
        return Course(
            first_ms=self._first,
            last_ms=self._at or self._first,
            ended=self._ended,
            step=self._step,
            epoch=self._last.get("epoch"),
            loss=self._last.get("loss"),
            score=self._last.get("score"),
            steps=done.step,
            samples=done.samples,
            tokens=done.tokens,
            step_s=trained / done.step if done.step and trained else self._usual_s,
            mfu=self._last.get("mfu"),
            evaluations=self._evaluations,
            checkpoints=self._checkpoints,
            saved_step=self._saved,
            restarts=self._restarts,
            lost_steps=self._lost,
            seconds=seconds,
            spans=tuple(self._spans),
        )
