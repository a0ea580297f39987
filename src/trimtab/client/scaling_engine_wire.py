"""What `/rest/v1/scaling` takes and answers: targets, policies, scheduled actions, activities, guard rails."""

from typing import Annotated, Any

from msgspec import Meta, Struct

Replicas = Annotated[int, Meta(ge=0, le=100_000)]
Money = Annotated[str, Meta(pattern=r"^\d{1,12}(\.\d{1,12})?$")]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Text = Annotated[str, Meta(max_length=1000)]
Ms = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]


class Signal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The metric of a target's demand; `waiting` the one of what waits ("" for none)."""

    namespace: Name
    name: Name
    dimensions: dict[str, str] = {}
    statistic: Annotated[str, Meta(max_length=100)] = "Sum"
    per_period: bool = True
    waiting: Annotated[str, Meta(max_length=256)] = ""


class Service(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A replica: the load a second that it takes, its launch, and how often the engine decides."""

    capacity: Annotated[float, Meta(gt=0, le=1e11)] = 1.0
    launch_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    tick_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    signal: Signal | None = None


class Freeze(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A window in which nothing is scaled: `for_s` seconds from each time of `schedule`."""

    schedule: Annotated[str, Meta(max_length=256)]
    for_s: Annotated[int, Meta(ge=1, le=31_622_400)]
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    why: Text = ""


class Guards(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an action may not pass."""

    max_step: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    price_per_hour: Money | None = None
    hourly_cap: Money | None = None
    monthly_cap: Money | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    freezes: Annotated[list[Freeze], Meta(max_length=20)] = []
    approval: bool = False
    approve_above: Replicas | None = None


class Suspended(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is suspended."""

    scaling_in: bool = False
    scaling_out: bool = False
    scheduled: bool = False


class PutTarget(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A target to register or change; what is left out stays as it is. The mode has an operation of its own."""

    namespace: Annotated[str, Meta(max_length=32)]
    resource: Annotated[str, Meta(min_length=1, max_length=1600)]
    dimension: Annotated[str, Meta(max_length=128)] = ""
    least: Replicas | None = None
    most: Replicas | None = None
    guards: Guards | None = None
    service: Service | None = None
    suspended: Suspended | None = None


class Worker(Struct, frozen=True, kw_only=True):
    """A worker of a local pool; `launch_s` is what it took from its launch to the first health check that it passed."""

    name: str
    zone: str
    life: str
    serving: int
    port: int
    launch_s: float | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """How a target stands; `owner` and `manifest` are those of another controller that decides over it."""

    ready: int
    coming: int
    desired: int
    owner: str | None = None
    manifest: Any = None
    zones: dict[str, int] = {}
    workers: list[Worker] = []
    url: str = ""
    problem: str = ""


class Promise(Struct, frozen=True, kw_only=True):
    """What is promised of a portfolio, named by its policy: no more than `allowed` of the demand violates, since
    `since_ms` (null: it is not promised, for `reason`); `violating` is the share that did since."""

    policy: str
    allowed: float
    since_ms: int | None
    violating: float | None
    reason: str
    words: str


class Decision(Struct, frozen=True, kw_only=True):
    """The last decision: what was wanted, why, what cut it. `spent` is this month's replica cost."""

    wanted: int | None
    why: str
    reasons: dict[str, str]
    limited: dict[str, str]
    at_ms: int
    spent: str
    problem: str = ""
    promises: list[Promise] = []


class PutPolicy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy: TargetTrackingScaling, StepScaling or PredictiveScaling with AWS's configuration, or Portfolio,
    Quantile, Objective or ToZero with settings by name."""

    kind: Annotated[str, Meta(max_length=32)]
    document: dict[str, Any] = {}
    enabled: bool = True


class Policy(Struct, frozen=True, kw_only=True):
    """A policy of a target."""

    name: str
    kind: str
    document: dict[str, Any]
    enabled: bool
    arn: str
    created_ms: int
    updated_ms: int


class PutSchedule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scheduled action: bounds, or a desired number, at each time of `schedule`."""

    schedule: Annotated[str, Meta(max_length=256)]
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    start_ms: Ms | None = None
    end_ms: Ms | None = None
    least: Replicas | None = None
    most: Replicas | None = None
    desired: Replicas | None = None


class Schedule(Struct, frozen=True, kw_only=True):
    """A scheduled action of a target, and when it is due next."""

    name: str
    schedule: str
    zone: str
    start_ms: int | None
    end_ms: int | None
    least: int | None
    most: int | None
    desired: int | None
    next_ms: int | None
    arn: str


class Proposal(Struct, frozen=True, kw_only=True):
    """A change that waits for a person, or did."""

    id: str
    before: int
    after: int
    cause: str
    at_ms: int
    verdict: str
    by: str


class Target(Struct, frozen=True, kw_only=True):
    """A scalable target, how it stands and what was decided last."""

    id: str
    arn: str
    account: str
    region: str
    namespace: str
    resource: str
    dimension: str
    least: int
    most: int
    mode: str
    backend: str | None
    guards: Guards
    service: Service
    suspended: Suspended
    standing: Standing | None
    decision: Decision
    felt: list[str]
    created_ms: int
    updated_ms: int


class TargetDetail(Struct, frozen=True, kw_only=True):
    """A target with all that hangs on it."""

    target: Target
    policies: list[Policy]
    schedules: list[Schedule]
    proposals: list[Proposal]


class Targets(Struct, frozen=True, kw_only=True):
    """The targets."""

    targets: list[Target]


class Activity(Struct, frozen=True, kw_only=True):
    """Something that was done, or would have been."""

    id: str
    target_id: str
    label: str
    did: str
    description: str
    cause: str
    status: str
    message: str
    start_ms: int
    end_ms: int | None
    before: int | None
    after: int | None
    details: dict[str, Any]


class Activities(Struct, frozen=True, kw_only=True):
    """Activities, the newest first."""

    activities: list[Activity]


class SetMode(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The mode: observe, dry-run, or act, for which `confirm` must be the target's resource."""

    mode: Annotated[str, Meta(max_length=16)]
    confirm: Annotated[str, Meta(max_length=1600)] = ""


class Scale(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number asked for by hand."""

    desired: Replicas
    reason: Text = ""


class Chaos(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What of a local pool to kill: `worker` with its name ("": the busiest), or a zone, which stays down a while."""

    worker: Annotated[str, Meta(max_length=32)] | None = None
    zone: Annotated[str, Meta(max_length=64)] = ""
    down_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0


class Killed(Struct, frozen=True, kw_only=True):
    """What was killed, in words."""

    killed: str


class Decide(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether a proposal is approved."""

    approve: bool


class Removed(Struct, frozen=True, kw_only=True):
    """What was removed."""

    removed: str
