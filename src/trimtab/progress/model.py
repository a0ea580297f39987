"""Words of training progress: what was said of a run at a moment, and what is known of what it trains."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import fields

from trimtab.base.records import replace


class MarkKind(StrEnum):
    """What was said of a run at a moment. Those of the first group begin a phase, which lasts until the next begins."""

    START = "start"
    """Its program starts, or starts again: start-up begins."""
    TRAIN = "train"
    """It trains, or goes on to train."""
    EVALUATE = "evaluate"
    """It evaluates."""
    SAVE = "save"
    """It begins to write a checkpoint."""
    PAUSE = "pause"
    """A phase ended, and nothing says what follows."""
    END = "end"
    """Training is over."""

    STEP = "step"
    """It has got to a step."""
    SAVED = "saved"
    """A checkpoint is whole."""
    LOADED = "loaded"
    """It goes on from a checkpoint."""
    SCORE = "score"
    """What an evaluation found."""


PHASES = frozenset(
    {MarkKind.START, MarkKind.TRAIN, MarkKind.EVALUATE, MarkKind.SAVE, MarkKind.PAUSE, MarkKind.END}
)  # fmt: skip


class Mark(Struct, frozen=True, kw_only=True):
    """What was said of a run at `at_ms`; None is what was not said.

    `step`, `samples` and `tokens` count from the beginning of training, over restarts. `step_s` is how long a step took
    (seconds), `score` what an evaluation found.
    """

    at_ms: int
    kind: MarkKind
    step: int | None = None
    epoch: float | None = None
    samples: float | None = None
    tokens: float | None = None
    loss: float | None = None
    step_s: float | None = None
    score: float | None = None
    mfu: float | None = None


FULL_TRAINING = 6.0
"""FLOPs a parameter and token: forward 2, gradients of activations 2, of weights 2 (Kaplan et al. 2020, section 2.1;
Chowdhery et al. 2022, appendix B). Frozen weights have no gradients: 4."""


class Workload(Struct, frozen=True, kw_only=True):
    """What a run trains, as far as it is known: 0 or "" is unknown.

    `parameters` are those that a token passes (of a mixture of experts the active ones), `sequence` tokens a sample,
    `batch` samples a step over all accelerators. `flops_factor` is k of the formula of MFU.
    `total_steps` and `epochs` are what it is to do. `origin` says who told it.
    """

    parameters: float = 0.0
    sequence: int = 0
    batch: float = 0.0
    precision: str = ""
    flops_factor: float = 0.0
    total_steps: int = 0
    epochs: float = 0.0
    accelerators: float = 0.0
    accelerator: str = ""
    origin: str = ""

    def or_else(self, other: "Workload") -> "Workload":
        """The same, with what it does not know from another."""
        known = {one.name: getattr(other, one.name) for one in fields(self) if not getattr(self, one.name)}
        return replace(self, **known)


NOTHING = Workload()


def merged(workloads: Iterable[Workload]) -> Workload:
    """What several know together; the first that says something of a fact counts."""
    found = NOTHING
    for one in workloads:
        found = found.or_else(one)
    return found
