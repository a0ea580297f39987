"""What travels over `GET /rest/v1/runs`, `/rest/v1/runs/report` and `/rest/v1/queue`. Amounts are decimal text."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.health_wire import RunHealth
from trimtab.client.inventory_wire import HeldGpus, StateName
from trimtab.client.profiles_wire import RunProfile
from trimtab.client.wire import Millis

Amounts = Annotated[dict[str, str], Meta(description="Decimal text by currency.")]
IdleName = Literal["fragmented", "reserved", "drained", "wrong type", "free"]
LossName = Literal[
    "never used", "unused GPUs", "idle start", "idle tail", "idle gaps", "low activity", "oversized",
    "hung", "waiting for a straggler", "starved of input"
]  # fmt: skip


class Loss(Struct, frozen=True):
    """Something that a run could have done without: a kind, its GPU-hours and money, and a sentence."""

    kind: LossName
    gpu_hours: float
    gpus: int
    amounts: Amounts
    words: str


class ExpectedStart(Struct, frozen=True):
    """When a run is expected to start, if it is not withdrawn: half of such runs start by `at_ms`, 80 % between
    `from_ms` and `to_ms`. Learnt from `waits` waits of its cluster's queue; `by` is the way that did best lately.
    """

    from_ms: Millis
    at_ms: Millis
    to_ms: Millis
    waits: int
    by: str


class Run(Struct, frozen=True):
    """A run. Hours and amounts are of the range that was asked for; of a single run, of its whole life until now.

    `active_share` (0 to 1) is null where it is not known, and `unknown` says why; `known_hours` are those with known
    activity. `amounts` is what it cost, by `priced_by`; `unpriced_hours` have no price, and `unpriced` says why.
    `expected_start` is of runs that wait, in lists.
    """

    job: str
    cluster: str
    account: str
    scheduler: str
    name: str
    user: str
    team: str
    queue: str
    state: StateName
    reason: str
    exit_code: int | None
    submit_ms: Millis
    start_ms: Millis | None
    end_ms: Millis | None
    wait_s: float
    gpus: float
    gpu_type: str
    nodes: int
    node_names: list[str]
    tags: dict[str, str]
    gpu_hours: float
    known_hours: float
    active_hours: float | None
    active_share: float | None
    measured_by: list[str]
    gpus_known_by: str
    unknown: str
    amounts: Amounts
    priced_by: list[str]
    price_notes: list[str]
    unpriced_hours: float
    unpriced: str
    largest_loss: Loss | None
    settled: bool
    expected_start: ExpectedStart | None = None


class RunPage(Struct, frozen=True):
    """Runs, the last submitted first; `next` continues."""

    runs: list[Run]
    next: str | None


class Waited(Struct, frozen=True):
    """A time in which a run waited for one reason."""

    from_ms: Millis
    to_ms: Millis
    reason: str


class GpuOfRun(Struct, frozen=True):
    """A GPU of a run and its mean activity by step; null where nothing was reported."""

    gpu: str
    node: str
    index: str
    active_share: float | None
    peak_memory: float | None
    values: list[float | None]


PhaseName = Literal[
    "productive", "warming up", "checkpointing", "recomputed after a failure", "waiting for a straggler",
    "starved of input", "communication-bound", "hung", "idle", "unknown",
]  # fmt: skip


class RunPhase(Struct, frozen=True):
    """GPU-hours that a run's GPUs spent in one phase, and what of the run's cost that is by its share of them."""

    phase: PhaseName
    gpu_hours: float
    amounts: Amounts


class PhaseStretch(Struct, frozen=True):
    """A time in which most GPUs of a run were in one phase."""

    phase: PhaseName
    from_ms: Millis
    to_ms: Millis


class RunHang(Struct, frozen=True):
    """A time in which no GPU of a run moved any data. `gpu` stopped first, "" where all did at once.

    `ended`: the run worked again.
    """

    from_ms: Millis
    to_ms: Millis
    ended: bool
    gpu: str
    node: str
    index: str


class HangingRun(Struct, frozen=True):
    """A run that hangs now: its GPUs run kernels since `from_ms`, and none moves any data.

    `gpu` stopped first, "" where all did at once. `amounts_a_minute`: what a minute of its GPUs costs; {}: unknown.
    """

    job: str
    cluster: str
    account: str
    name: str
    team: str
    user: str
    gpus: float
    from_ms: Millis
    amounts_a_minute: Amounts
    gpu: str
    node: str
    index: str


class HangingRuns(Struct, frozen=True):
    """The runs that hang now, the longest first."""

    runs: list[HangingRun]


class RunAttempt(Struct, frozen=True, kw_only=True):
    """Another attempt of a run that was requeued: a run of its own, called by the job and when that was submitted."""

    job: str
    state: StateName
    reason: str
    submit_ms: Millis
    start_ms: Millis | None
    end_ms: Millis | None
    gpu_hours: float
    amounts: dict[str, str]


class RunDetail(Struct, frozen=True):
    """A run in full. `series` begin at `activity_start_ms`, one value every `step_s` seconds.

    `profile` is null where none was imported. `phases` add up to the GPU-hours that the run held, `band` is the run
    over time; both and `hangs` are empty where no GPU of the run is known. `health` is of its GPUs while it held them.
    `attempts` are the others of what was requeued, the first first.
    """

    run: Run
    held: list[HeldGpus]
    waited: list[Waited]
    losses: list[Loss]
    activity_start_ms: Millis | None
    step_s: int | None
    gpus: list[GpuOfRun]
    profile: RunProfile | None = None
    phases: list[RunPhase] = []
    band: list[PhaseStretch] = []
    hangs: list[RunHang] = []
    health: RunHealth | None = None
    attempts: list[RunAttempt] = []


class Waiting(Struct, frozen=True):
    """Runs of one team that waited mostly for one reason: those that wait now, and waits of those that started."""

    team: str
    reason: str
    runs: int
    gpus: float
    gpu_hours: float
    started: int
    wait_p50_s: float | None
    wait_p95_s: float | None


class WaitingRun(Struct, frozen=True):
    """A run that waits now. `start` is null where too few runs of its queue have started."""

    job: str
    cluster: str
    name: str
    team: str
    queue: str
    gpus: float
    gpu_type: str
    submit_ms: Millis
    start: ExpectedStart | None


class GpuUse(Struct, frozen=True):
    """GPUs of one type at the end of the range: held, and idle by why."""

    gpu_type: str
    gpus: float
    allocated: float
    idle: dict[IdleName, float]


class QueueMoment(Struct, frozen=True):
    """GPUs at a moment."""

    at_ms: Millis
    pending: float
    allocated: float
    idle: dict[IdleName, float]


class Queue(Struct, frozen=True):
    """The queue of a range, and the GPUs at its end. `nodes` 0: no cluster reports its nodes.

    `runs` are those that wait now, the first to start in front; empty of a range that ended before.
    """

    start_ms: Millis
    end_ms: Millis
    pending_gpu_hours: float
    waiting: list[Waiting]
    gpus: list[GpuUse]
    timeline: list[QueueMoment]
    nodes: int
    runs: list[WaitingRun] = []
