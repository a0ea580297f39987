"""What the engine knows: scalable targets, their policies, scheduled actions, guard rails, and what was done.

A target is named as Application Auto Scaling names it: namespace, resource and dimension, in an account and region.
trimtab's own kinds of resource are in the namespace `custom-resource`; groups of EC2 Auto Scaling are in `autoscaling`,
which only trimtab's own API accepts. What scales a target, its backend, is found by `targets.backend_of`.
Times are milliseconds since the epoch, UTC; amounts are Decimal, in the guard rails' currency.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from trimtab.base.partitions import partition_of

CUSTOM, GROUPS = "custom-resource", "autoscaling"
CUSTOM_DIMENSION = "custom-resource:ResourceType:Property"
GROUP_DIMENSION = "autoscaling:autoScalingGroup:DesiredCapacity"
MOST_REPLICAS = 100_000
"""Replicas of a target: more is taken for a slip of a unit."""


class Mode(StrEnum):
    """How far the engine goes: it looks, it says what it would have done, or it does it."""

    OBSERVE = "observe"
    DRY_RUN = "dry-run"
    ACT = "act"


class Kind(StrEnum):
    """The kinds of policy: those of AWS by its own names, then ours."""

    TRACKING = "TargetTrackingScaling"
    STEP = "StepScaling"
    PREDICTIVE = "PredictiveScaling"
    PORTFOLIO = "Portfolio"
    QUANTILE = "Quantile"
    OBJECTIVE = "Objective"
    TO_ZERO = "ToZero"


class Did(StrEnum):
    """What an activity is about."""

    SCALE = "scale"
    SCHEDULE = "schedule"
    REPLACE = "replace"
    CHAOS = "chaos"
    RECOVER = "recover"
    BALANCE = "balance"


class Status(StrEnum):
    """How an activity stands; AWS's words, with two of ours: PLANNED (a dry run) and WAITING (for approval)."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    OVERRIDDEN = "Overridden"
    UNFULFILLED = "Unfulfilled"
    FAILED = "Failed"
    PLANNED = "Planned"
    WAITING = "WaitingForApproval"


class TargetKey(Struct, frozen=True):
    """Which target."""

    account: str
    region: str
    namespace: str
    resource: str
    dimension: str

    @property
    def label(self) -> str:
        """What people call it: `custom-resource/pool/chat`."""
        return f"{self.namespace}/{self.resource}"


class Suspended(Struct, frozen=True):
    """What is suspended: Application Auto Scaling's SuspendedState."""

    scaling_in: bool = False
    scaling_out: bool = False
    scheduled: bool = False


class Signal(Struct, frozen=True):
    """A metric of the metrics room that says how much is asked of the whole target.

    `per_period` says that its values are counts of a period, not rates a second. `waiting`, in the same namespace and
    dimensions, is the load that waits ("" where none is measured).
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    per_period: bool = True
    waiting: str = ""


class Freeze(Struct, frozen=True):
    """A window in which nothing is scaled: `for_s` seconds from each time of `schedule` (rate, cron or at)."""

    schedule: str
    for_s: int
    zone: str = "UTC"
    why: str = ""


class Guards(Struct, frozen=True):
    """What an action may not pass, whoever asks for it.

    `max_step` replicas at once; what a replica costs an hour, and at most as much an hour and a calendar month (UTC);
    windows in which nothing is done; and whether a person must approve (`approve_above`: only above so many replicas).
    """

    max_step: int | None = None
    price_per_hour: Decimal | None = None
    hourly_cap: Decimal | None = None
    monthly_cap: Decimal | None = None
    currency: str = "USD"
    freezes: tuple[Freeze, ...] = ()
    approval: bool = False
    approve_above: int | None = None


class Service(Struct, frozen=True):
    """What the policies of ours need to know of a replica: the load a second that it takes within its objective, the
    seconds from a launch to the first request, and how often the engine decides."""

    capacity: float = 1.0
    launch_s: float = 60.0
    tick_s: int = 60
    signal: Signal | None = None


class ScalableTarget(Struct, frozen=True):
    """A target with its bounds. `id` is the last part of its ARN; `desired` is what was last asked of it by anybody
    (None: nothing yet), which a restart begins with."""

    id: str
    key: TargetKey
    least: int
    most: int
    created_ms: int
    updated_ms: int
    suspended: Suspended = Suspended()
    role: str = ""
    mode: Mode = Mode.OBSERVE
    guards: Guards = Guards()
    service: Service = Service()
    desired: int | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        key = self.key
        of = f"arn:{partition_of(key.region)}:application-autoscaling:{key.region}:{key.account}"
        return f"{of}:scalable-target/{self.id}"


class Form(Struct, frozen=True):
    """What may be set of a target, as it is stored."""

    least: int
    most: int
    suspended: Suspended = Suspended()
    role: str = ""
    mode: Mode = Mode.OBSERVE
    guards: Guards = Guards()
    service: Service = Service()


class Times(Struct, frozen=True):
    """What a scheduled action sets and when, as it is stored."""

    schedule: str
    zone: str = "UTC"
    start_ms: int | None = None
    end_ms: int | None = None
    least: int | None = None
    most: int | None = None
    desired: int | None = None


class Policy(Struct, frozen=True):
    """A policy. `document` is the configuration: for AWS's kinds the member of that name in its own form
    (`TargetTrackingScalingPolicyConfiguration` …), for ours the settings of the policy's class by name.
    `enabled` False keeps it and does not ask it."""

    id: str
    target_id: str
    key: TargetKey
    name: str
    kind: Kind
    document: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    enabled: bool = True

    @property
    def arn(self) -> str:
        """Its ARN, by which alarms name it as their action."""
        key = self.key
        where = f"arn:{partition_of(key.region)}:autoscaling:{key.region}:{key.account}:scalingPolicy:{self.id}"
        return f"{where}:resource/{key.namespace}/{key.resource}:policyName/{self.name}"


class ScheduledChange(Struct, frozen=True):
    """New bounds, and for groups a desired number, at each time of `schedule` within [start_ms, end_ms).

    `schedule` is rate(…), cron(…) or at(…), or for groups five fields of Unix cron. `done_ms` is the last time for
    which it was done.
    """

    id: str
    target_id: str
    key: TargetKey
    name: str
    schedule: str
    created_ms: int
    zone: str = "UTC"
    start_ms: int | None = None
    end_ms: int | None = None
    least: int | None = None
    most: int | None = None
    desired: int | None = None
    done_ms: int = 0

    @property
    def arn(self) -> str:
        """Its ARN."""
        key = self.key
        where = f"arn:{partition_of(key.region)}:autoscaling:{key.region}:{key.account}:scheduledAction:{self.id}"
        return f"{where}:resource/{key.namespace}/{key.resource}:scheduledActionName/{self.name}"


class Activity(Struct, frozen=True):
    """Something that was done, or would have been: what, why in words, and how it ended.

    `before` and `after` are replicas. `details` hold what else is known: guard rails that cut the wish (`limited`),
    the measured `recovery_s`, a worker's zone.
    """

    id: str
    target_id: str
    key: TargetKey
    did: Did
    description: str
    cause: str
    status: Status
    message: str
    start_ms: int
    end_ms: int | None = None
    before: int | None = None
    after: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Verdict(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


class Proposal(Struct, frozen=True):
    """A change that waits for a person; the next decision for the same target overtakes it."""

    id: str
    target_id: str
    key: TargetKey
    before: int
    after: int
    cause: str
    at_ms: int
    verdict: Verdict = Verdict.OPEN
    by: str = ""
    decided_ms: int | None = None


class Standing(Struct, frozen=True):
    """A target now: replicas that serve, that are on their way, and what was last asked for.

    `owner` names a controller that decides over it already (an HPA, KEDA, a policy of its group): it is never written
    to. `manifest` is that controller's own policy, as it is told (for the difference that is offered); `zones` are
    ready replicas by zone where they are known.
    """

    ready: int
    coming: int
    desired: int
    owner: str | None = None
    manifest: Mapping[str, Any] | None = None
    zones: Mapping[str, int] = field(default_factory=dict)
