"""How much faster a training job would be without stragglers, and which operations, rank or stage slow it.

What-if analysis (arXiv 2505.05713): the job's steps are simulated with their operations as they were, with all of them
ideal (each takes the mean of its type over all ranks and steps, communication the median), and with only some of them
as they were. Launch delays (time in which a rank did nothing though it could) are left out of all three.

- S = mean step as it was ÷ mean ideal step; S of a type, rank or stage: only its operations are as they were;
- S of a worker (a dp rank's part of a stage) = the smaller of its rank's and its stage's;
- M_W: the share of the slowdown that goes away when the slowest 3 % of workers are ideal; M_S: when the last stage is.

M_S and M_W also take away what varies with the data on that stage or worker, so both can be large where neither is at
fault. The cause is therefore named by remedies that do not overlap. A computation's length is its stage's pace × its
worker's × what its data makes of it; each remedy sets one of the three to what is usual and leaves the other two:

- worker: the slowest 3 % compute as the median worker of their stage does, and their communication is ideal;
- last stage: it computes as the mean stage does (of each stage the median worker counts);
- data: every computation takes its worker's mean.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trimtab.base.errors import InvalidInput
from trimtab.profiles import pipeline
from trimtab.profiles.operations import Operations
from trimtab.profiles.pipeline import Graph

SLOW_WORKERS = 0.03
"""The share of workers that M_W sets right, rounded up: the paper's."""
MOST_OF_IT = 0.5
"""A remedy is the cause where it takes away half of the slowdown or more: the paper's limit for M_W and M_S."""
STRAGGLING = 1.1
"""From this S on the paper calls a job straggling; below, no cause is looked for."""
_TOGETHER = {
    pipeline.FORWARD_SEND: "forward-pp-comm",
    pipeline.FORWARD_RECV: "forward-pp-comm",
    pipeline.BACKWARD_SEND: "backward-pp-comm",
    pipeline.BACKWARD_RECV: "backward-pp-comm",
}
"""Both sides of a transfer are one type."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Cause(StrEnum):
    """Whose fault most of the slowdown is."""

    WORKER = "worker"
    LAST_STAGE = "last stage"
    DATA = "uneven microbatches"
    MIXED = "no single cause"
    NONE = "not slowed"


class Slowed(Struct, frozen=True):
    """By how much a job is slower by one of its parts: S of it (1 is not at all)."""

    key: str
    slowdown: float


class SlowWorker(Struct, frozen=True, kw_only=True):
    """A worker: `rank` is its global number. `gain` is the share of a step that goes away with its remedy alone."""

    rank: int
    dp_rank: int
    stage: int
    slowdown: float
    gain: float


class StragglerReport(Struct, frozen=True, kw_only=True):
    """What slows a job. Steps are mean seconds; `by_*` are sorted, the slowest first; M_* are None where S is 1.

    `gain` is the share of a step that goes away without any straggler, `cause_gain` when only the cause is set right.
    `remedies` is by cause the share of the slowdown that its remedy takes away.
    """

    operations: int
    steps: int
    workers: int
    step_s: float
    simulated_s: float
    ideal_s: float
    slowdown: float
    gain: float
    by_operation: tuple[Slowed, ...]
    by_dp_rank: tuple[Slowed, ...]
    by_stage: tuple[Slowed, ...]
    slowest: tuple[SlowWorker, ...]
    m_w: float | None
    m_s: float | None
    remedies: dict[Cause, float]
    cause: Cause
    cause_gain: float
    left_out: tuple[str, ...]


class _Lab:
    """A job's lengths as they were and ideal, and the mean step that any mixture of the two gives."""

    def __init__(self, found: Operations, graph: Graph) -> None:
        self.found = found
        self.graph = graph
        self.actual = graph.transfers(found)
        self.ideal = _ideal(found, self.actual)
        self.actual_s = self.mean(self.actual)
        self.ideal_s = self.mean(self.ideal)

    def mean(self, lengths: Floats) -> float:
        """The mean step, in seconds."""
        return float(self.graph.step_times(lengths).mean())

    def kept(self, mask: Bools) -> float:
        """S of some operations: the others are ideal. `mask` broadcasts to (node, dp rank, step)."""
        return self.mean(np.where(mask, self.actual, self.ideal)) / self.ideal_s

    def kept_by_rank(self) -> Floats:
        """S of each dp rank, all in one pass: all other ranks are ideal and so alike, and one stands for them.

        A pair of ranks (the one that is kept, an ideal one) and step of each is simulated as a step of its own.
        """
        nodes, ranks, steps = self.actual.shape
        pairs = np.empty((nodes, min(ranks, 2), ranks * steps))
        pairs[:, 0] = self.actual.reshape(nodes, -1)
        pairs[:, 1:] = self.ideal[:, :1, :1]
        means: Floats = self.graph.step_times(pairs).reshape(ranks, steps).mean(axis=1)
        return means / self.ideal_s

    def without(self, mask: Bools) -> float:
        """The mean step when some operations are ideal and the others as they were."""
        return self.mean(np.where(mask, self.ideal, self.actual))

    def removed(self, seconds: float) -> float | None:
        """The share of the slowdown that goes away at a mean step."""
        slowed = self.actual_s - self.ideal_s
        return (self.actual_s - seconds) / slowed if slowed > 1e-9 * self.ideal_s else None


def analyse(found: Operations) -> StragglerReport:
    """What slows a job. Raises InvalidInput for operations that are no pipeline's."""
    found = _known(found)
    lab = _Lab(found, pipeline.build(found))
    if lab.ideal_s <= 0:
        raise InvalidInput("cannot analyse this job: its operations take no time")
    stages, ranks = len(found.stages), len(found.dp_ranks)
    stage_mask = [(found.stage_of == place)[:, None, None] for place in range(stages)]
    by_stage = np.array([lab.kept(mask) for mask in stage_mask])
    by_rank = lab.kept_by_rank()
    workers = np.minimum(by_rank[:, None], by_stage[None, :])
    slowest = _slowest(found, workers)
    slow = np.zeros((ranks, stages), bool)
    for dp, stage in slowest[: math.ceil(SLOW_WORKERS * ranks * stages)]:
        slow[dp, stage] = True
    of_slow = slow[:, found.stage_of].T[:, :, None]
    worker, stage_even, data_even = _remedies(lab)
    seconds = {
        Cause.WORKER: lab.mean(np.where(of_slow, worker, lab.actual)),
        Cause.LAST_STAGE: lab.mean(stage_even),
        Cause.DATA: lab.mean(data_even),
    }
    shares = {cause: share for cause, at in seconds.items() if (share := lab.removed(at)) is not None}
    slowdown = lab.actual_s / lab.ideal_s
    cause = cause_of(slowdown, shares)
    return StragglerReport(
        operations=found.rows,
        steps=len(found.steps),
        workers=ranks * stages,
        step_s=float((found.end.max(axis=(0, 1)) - found.start.min(axis=(0, 1))).mean()),
        simulated_s=lab.actual_s,
        ideal_s=lab.ideal_s,
        slowdown=slowdown,
        gain=1 - lab.ideal_s / lab.actual_s,
        by_operation=_by_operation(lab),
        by_dp_rank=_sorted(found.dp_ranks, by_rank),
        by_stage=_sorted(found.stages, by_stage),
        slowest=tuple(_worker(lab, worker, dp, stage, float(workers[dp, stage])) for dp, stage in slowest[:5]),
        m_w=lab.removed(lab.without(of_slow)),
        m_s=lab.removed(lab.without(stage_mask[-1])),
        remedies=shares,
        cause=cause,
        cause_gain=1 - seconds[cause] / lab.actual_s if cause in seconds else 0.0,
        left_out=found.left_out,
    )


def cause_of(slowdown: float, remedies: Mapping[Cause, float]) -> Cause:
    """The cause: the remedy that takes away most of the slowdown, if that is half of it or more.

    The paper calls a job straggling from S = 1.1 on, and takes half of the slowdown as the mark of slow workers and of
    a slow last stage; the same limit is held for the remedies here.
    """
    if slowdown < STRAGGLING:
        return Cause.NONE
    enough = {cause: share for cause, share in remedies.items() if share >= MOST_OF_IT}
    return max(enough, key=lambda cause: enough[cause]) if enough else Cause.MIXED


def _known(found: Operations) -> Operations:
    """The same without operations of types that no rule is known for; they are named as left out."""
    strange = [kind for kind in found.types if kind not in pipeline.KNOWN]
    if not strange:
        return found
    keep = np.array([found.types[at] in pipeline.KNOWN for at in found.type_of.tolist()])
    if not keep.any():
        raise InvalidInput(f"cannot analyse this job: no rule is known for operations {', '.join(strange[:5])}")
    return Operations(
        types=found.types,
        type_of=found.type_of[keep],
        stage_of=found.stage_of[keep],
        seq_of=found.seq_of[keep],
        chunk=found.chunk[keep],
        global_chunk=found.global_chunk[keep],
        start=found.start[keep],
        end=found.end[keep],
        dp_ranks=found.dp_ranks,
        stages=found.stages,
        steps=found.steps,
        ranks=found.ranks,
        rows=found.rows,
        left_out=(*found.left_out, f"operations of types that no rule is known for: {', '.join(strange[:10])}"),
    )


def _ideal(found: Operations, actual: Floats) -> Floats:
    """Lengths without stragglers: of each type the mean over everything, of communication the median."""
    ideal = np.empty_like(actual)
    for place, kind in enumerate(found.types):
        mine = found.type_of == place
        if mine.any():
            lengths = actual[mine]
            ideal[mine] = np.median(lengths) if kind in pipeline.COMMUNICATION else lengths.mean()
    return ideal


def _remedies(lab: _Lab) -> tuple[Floats, Floats, Floats]:
    """Lengths with each remedy: of every worker, of the last stage, of the data."""
    found, actual = lab.found, lab.actual
    worker, stage, data = actual.copy(), actual.copy(), actual.copy()
    computes = np.zeros(len(found.type_of), bool)
    for kind in (pipeline.FORWARD, pipeline.BACKWARD):
        of_kind = np.array([found.types[at] == kind for at in found.type_of.tolist()])
        computes |= of_kind
        on = [of_kind & (found.stage_of == place) for place in range(len(found.stages))]
        paces = [actual[mine].mean(axis=(0, 2)) for mine in on if mine.any()]
        usual = float(np.mean([_typical(pace) for pace in paces])) if paces else 0.0
        for mine in (one for one in on if one.any()):
            pace = actual[mine].mean(axis=(0, 2))
            typical = _typical(pace)
            worker[mine] *= _ratio(typical, pace)[None, :, None]
            if mine is on[-1]:
                stage[mine] *= _ratio(usual, np.array([typical]))
            for chunk in np.unique(found.chunk[mine]):
                same = mine & (found.chunk == chunk)
                data[same] = actual[same].mean(axis=(0, 2), keepdims=True)
    return np.where(computes[:, None, None], worker, lab.ideal), stage, data


def _typical(paces: Floats) -> float:
    """The median; of an even number the faster of the two in the middle, so that one slow worker of two is no norm."""
    return float(np.sort(paces)[(len(paces) - 1) // 2])


def _ratio(usual: float, paces: Floats) -> Floats:
    """What makes each pace the usual one; 1 where it took no time."""
    return np.divide(usual, paces, out=np.ones_like(paces), where=paces > 0)


def _by_operation(lab: _Lab) -> tuple[Slowed, ...]:
    found = lab.found
    names = [_TOGETHER.get(found.types[at], found.types[at]) for at in found.type_of.tolist()]
    keys = sorted(set(names))
    return _sorted(keys, [lab.kept(np.array([name == key for name in names])[:, None, None]) for key in keys])


def _slowest(found: Operations, workers: Floats) -> list[tuple[int, int]]:
    """(dp rank, stage) of workers, the slowest first; the lower rank of two alike."""
    places = [(dp, stage) for dp in range(workers.shape[0]) for stage in range(workers.shape[1])]
    return sorted(places, key=lambda at: (-workers[at], int(found.ranks[at])))


def _worker(lab: _Lab, remedied: Floats, dp: int, stage: int, slowdown: float) -> SlowWorker:
    found = lab.found
    only = np.zeros((len(found.type_of), len(found.dp_ranks), 1), bool)
    only[found.stage_of == stage, dp] = True
    return SlowWorker(
        rank=int(found.ranks[dp, stage]),
        dp_rank=found.dp_ranks[dp],
        stage=found.stages[stage],
        slowdown=slowdown,
        gain=1 - lab.mean(np.where(only, remedied, lab.actual)) / lab.actual_s,
    )


def _sorted(keys: Sequence[int | str], values: Sequence[float] | Floats) -> tuple[Slowed, ...]:
    rows = [Slowed(str(key), float(value)) for key, value in zip(keys, values, strict=True)]
    return tuple(sorted(rows, key=lambda row: -row.slowdown))
