"""What travels over `/rest/v1/runs/progress`, `/rest/v1/runs/mlperf` and `/rest/v1/runs/energy-file`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.inventory_wire import At, Name, Number, Short, Text
from trimtab.client.wire import Millis

Amounts = Annotated[dict[str, str], Meta(description="Decimal text by currency.")]

MarkName = Literal["start", "train", "evaluate", "save", "pause", "end", "step", "saved", "loaded", "score"]
PhaseName = Literal["start-up", "training", "recomputed", "evaluation", "checkpoint", "unexplained"]
_Count = Annotated[float, Meta(ge=0, le=1e18)]


class ProgressMark(Struct, frozen=True, omit_defaults=True):
    """What a run says at a moment. `start`, `train`, `evaluate`, `save`, `pause` and `end` begin a phase; `step` is how
    far it is, `saved` a whole checkpoint, `loaded` one that it goes on from, `score` the outcome of an evaluation.

    `step`, `samples` and `tokens` count from the beginning of training, over restarts.
    """

    at_ms: At
    kind: MarkName
    step: Annotated[int, Meta(ge=0, le=1 << 53)] | None = None
    epoch: _Count | None = None
    samples: _Count | None = None
    tokens: _Count | None = None
    loss: float | None = None
    step_s: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    score: float | None = None
    mfu: Annotated[float, Meta(ge=0, le=10)] | None = None


class TrainingWorkload(Struct, frozen=True, omit_defaults=True):
    """What a run trains: `parameters` that a token passes, tokens a sample, samples a step, and k of MFU's formula (6;
    4 where weights are frozen). 0 and "" are unknown.
    """

    parameters: _Count = 0.0
    sequence: Annotated[int, Meta(ge=0, le=1 << 40)] = 0
    batch: _Count = 0.0
    precision: Annotated[str, Meta(max_length=16)] = ""
    flops_factor: Annotated[float, Meta(ge=0, le=100)] = 0.0
    total_steps: Annotated[int, Meta(ge=0, le=1 << 53)] = 0
    epochs: _Count = 0.0


class ReportProgress(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a training program tells of its run. Without a `cluster` the run is the last submitted one of that id."""

    job: Annotated[str, Meta(min_length=1, max_length=512)]
    marks: Annotated[list[ProgressMark], Meta(max_length=10_000)] = []
    cluster: Short = ""
    workload: TrainingWorkload = TrainingWorkload()
    source: Short = "callback"
    account: Short = ""


class ProgressTaken(Struct, frozen=True):
    """What came of it: marks read, and whether anything was new."""

    marks: int
    changed: bool


class ImportMlperf(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An MLPerf training log: its `:::MLLOG` lines at least. `job` names the run; accelerators are all of them."""

    job: Annotated[str, Meta(min_length=1, max_length=512)]
    log: Annotated[str, Meta(max_length=48 << 20)]
    cluster: Annotated[str, Meta(min_length=1, max_length=128)] = "mlperf"
    accelerator: Short = ""
    accelerators: Number = 0.0
    nodes: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    account: Short = ""


class MlperfTaken(Struct, frozen=True):
    """What a log has: `unreadable` are the numbers of its broken lines, at most 100 of them."""

    job: str
    cluster: str
    benchmark: str
    marks: int
    changed: bool
    unreadable: list[int]


class KnownFigure(Struct, frozen=True):
    """A figure and how it came about; null is not known, and `how` says why."""

    value: float | None
    how: str


class PhaseSpan(Struct, frozen=True):
    """A time of one phase."""

    from_ms: Millis
    to_ms: Millis
    phase: PhaseName


class RunCourse(Struct, frozen=True, kw_only=True):
    """What a run did, as it was told. `seconds` are by phase; `unsaved_steps` are those since its last checkpoint,
    `lost_steps` those done before a restart and after the checkpoint that it went on from.
    """

    first_ms: Millis
    last_ms: Millis
    ended: bool
    step: int | None
    total_steps: int | None
    epoch: float | None
    loss: float | None
    score: float | None
    samples: float | None
    tokens: float | None
    evaluations: int
    checkpoints: int
    saved_step: int | None
    unsaved_steps: int | None
    restarts: int
    lost_steps: int
    seconds: dict[PhaseName, float]
    spans: list[PhaseSpan]


class RankPace(Struct, frozen=True):
    """A rank: its step ÷ the median rank's (1 is the same), and the share of steps in which it was the slowest."""

    rank: str
    node: str
    pace: float
    slowest_share: float


class RunPace(Struct, frozen=True, kw_only=True):
    """How the ranks of a run compare, by step times that they report as `metric`; `own`: without waiting for others.

    `slow` is the rank that slows the run, null where none does; `gain` the share by which steps would be shorter
    without it; `gpu_hours` and `amounts` what it cost in the time that was compared. `ranks`: the slowest 16.
    """

    slow: str | None
    node: str
    gain: float
    words: str
    gpu_hours: float
    amounts: Amounts
    metric: str
    own: bool
    ranks: list[RankPace]


class RunProgress(Struct, frozen=True, kw_only=True):
    """How far a run is. `course` is null where nobody told; the figures then say why they are unknown. `pace` is null
    where fewer than three of its ranks tell their step times.
    """

    job: str
    cluster: str
    course: RunCourse | None
    sources: list[str]
    step_s: KnownFigure
    samples_per_s: KnownFigure
    tokens_per_s: KnownFigure
    mfu: KnownFigure
    goodput: KnownFigure
    kwh: KnownFigure
    joules_a_sample: KnownFigure
    joules_a_token: KnownFigure
    pace: RunPace | None = None


class EnergyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file as text: Zeus' windows (`window_name,elapsed_time,gpu0_energy`), its trials by `power_limit`, or readings
    of power (`run,node,time_ms,watts`).
    """

    text: Annotated[str, Meta(max_length=16 << 20)]


class LimitChoice(Struct, frozen=True):
    """A power limit (W), its joules, and the shares of energy saved and of time lost against the highest limit."""

    limit_w: float
    joules: float
    saving: float
    slower: float


class LimitAdvice(Struct, frozen=True, kw_only=True):
    """What limit to set for a job: with the fewest joules, and among those at most 5 % slower."""

    job: dict[Name, Text]
    limits: int
    top_w: float
    top_joules: float
    fewest_joules: LimitChoice
    hardly_slower: LimitChoice
    words: str


class EnergyPart(Struct, frozen=True):
    """Joules of a window, or of a run on a node, and the seconds for which they are known."""

    name: str
    joules: float
    seconds: float
    basis: str


class MeasuredEnergy(Struct, frozen=True):
    """What a file says: joules by part, and advice by job. `undecided` jobs were tried under one limit only;
    `unreadable` are numbers of lines.
    """

    parts: list[EnergyPart]
    advice: list[LimitAdvice]
    undecided: int
    unreadable: list[int]
