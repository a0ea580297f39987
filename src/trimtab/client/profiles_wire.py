"""What travels over `/rest/v1/profiles`. Shares are 0 to 1; amounts are decimal text by currency."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Amounts = Annotated[dict[str, str], Meta(description="Decimal text by currency.")]
UseName = Literal["compute", "exposed communication", "exposed copies", "idle"]
KindName = Literal["compute", "communication", "memory"]
CauseName = Literal["worker", "last stage", "uneven microbatches", "no single cause", "not slowed"]
ImportStateName = Literal["reading", "done", "failed"]


class ProfileUpload(Struct, frozen=True):
    """A place for the files of a profile; import it by its id."""

    id: str


class ProfileSent(Struct, frozen=True):
    """How many bytes of a file are there now."""

    bytes: int


class StartProfileImport(Struct, frozen=True, forbid_unknown_fields=True):
    """Which upload is the profile of which run. Files of names that the run has already replace those; with `replace`
    all that it has goes.
    """

    upload: Annotated[str, Meta(min_length=1, max_length=64, description="The id of the upload.")]
    job: Annotated[str, Meta(min_length=1, max_length=512, description="The run's id: 48213, or vision/trainer-0.")]
    cluster: Annotated[str, Meta(max_length=128, description="Its cluster, where several have that id.")] = ""
    replace: bool = False


class ProfileImport(Struct, frozen=True, kw_only=True):
    """An import. `kept` is how many files the run has when it is done; `problem` says why it failed and kept none."""

    id: str
    job: str
    cluster: str
    state: ImportStateName
    files: int
    read: int
    kept: int
    problem: str
    notes: list[str]


class ProfileDropped(Struct, frozen=True):
    """How many files of a run are let go of."""

    files: int


class UseShare(Struct, frozen=True):
    """A share of the profiled time, and what the run paid for it."""

    use: UseName
    share: float
    amounts: Amounts


class ProfiledGpu(Struct, frozen=True, kw_only=True):
    """A GPU of a rank (null: the file does not say which). `hidden_share` is of its communication; null: it had none.

    `own_step_s` is a step without the time in which it waits in collectives.
    """

    rank: int | None
    device: str
    gpu: str
    file: str
    window_s: float
    uses: list[UseShare]
    hidden_share: float | None
    steps: int
    step_s: float | None
    own_step_s: float | None


class ProfiledKernel(Struct, frozen=True, kw_only=True):
    """A kernel over all GPUs. `share` is of their time; kernels beside each other each count in full."""

    kind: KindName
    name: str
    count: int
    total_s: float
    share: float
    amounts: Amounts


class RankPace(Struct, frozen=True):
    """A rank's mean own time of a step in microseconds, and how it compares with the median rank's (1: the same)."""

    rank: str
    mean: float
    pace: float
    slowest_share: float


class RankJudgement(Struct, frozen=True, kw_only=True):
    """Which rank slows the job (null: none), and the share of a step that goes away without that."""

    ranks: list[RankPace]
    steps: int
    slow: str | None
    gain: float
    words: str
    amounts: Amounts


class Slowed(Struct, frozen=True):
    """By how much a job is slower by one of its parts (1: not at all)."""

    key: str
    slowdown: float


class SlowWorker(Struct, frozen=True, kw_only=True):
    """A worker, and the share of a step that goes away when it works as others do."""

    rank: int
    dp_rank: int
    stage: int
    slowdown: float
    gain: float


class Stragglers(Struct, frozen=True, kw_only=True):
    """What-if analysis of a job's operations. `amounts` is what its stragglers cost, `cause_amounts` the cause alone.

    `m_w` and `m_s`: the share of the slowdown that goes away when the slowest 3 % of workers, or the last stage, are
    ideal.
    """

    file: str
    operations: int
    steps: int
    workers: int
    step_s: float
    ideal_s: float
    slowdown: float
    gain: float
    cause: CauseName
    cause_gain: float
    m_w: float | None
    m_s: float | None
    by_operation: list[Slowed]
    by_dp_rank: list[Slowed]
    by_stage: list[Slowed]
    slowest: list[SlowWorker]
    remedies: dict[CauseName, float]
    amounts: Amounts
    cause_amounts: Amounts
    words: str
    left_out: list[str]


class RunProfile(Struct, frozen=True, kw_only=True):
    """Where the time of a run's GPUs went by its profiles, in money of the whole run.

    `ranks` of `world_size` (null: unknown) are profiled. `advice` has what to do, `notes` what could not be read.
    """

    imported_ms: Millis
    files: int
    ranks: int
    world_size: int | None
    uses: list[UseShare]
    gpus: list[ProfiledGpu]
    kernels: list[ProfiledKernel]
    judgement: RankJudgement | None
    stragglers: list[Stragglers]
    advice: list[str]
    notes: list[str]
