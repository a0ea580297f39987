"""What is kept of an Auto Scaling group: one document, JSON in the state database. Times are ms.

Instances are recorded, not launched: a group says what it would run, and moves through the lifecycle that AWS
documents. Where a backend of the engine takes the group (a process pool, an AWS account), its desired number is
realised there by the engine.
"""

from typing import Any

from msgspec import Struct, field

PENDING, PENDING_WAIT, IN_SERVICE = "Pending", "Pending:Wait", "InService"
TERMINATING, TERMINATING_WAIT = "Terminating", "Terminating:Wait"
STANDBY = "Standby"
WARM = "Warmed:"
HEALTHY, UNHEALTHY = "Healthy", "Unhealthy"
LAUNCHING, ENDING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
PROCESSES = (
    "Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh",
    "ReplaceUnhealthy", "ScheduledActions",
)  # fmt: skip
METRICS = (
    "GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances",
    "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances", "GroupInServiceCapacity",
    "GroupPendingCapacity", "GroupStandbyCapacity", "GroupTerminatingCapacity", "GroupTotalCapacity",
    "WarmPoolDesiredCapacity", "WarmPoolWarmedCapacity", "WarmPoolPendingCapacity", "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity", "GroupAndWarmPoolDesiredCapacity", "GroupAndWarmPoolTotalCapacity",
)  # fmt: skip
_COOLDOWN_S = 300
"""The cooldown of a group that names none, as on AWS."""
MOST_ACTIVITIES = 500
"""Activities that a group remembers: AWS keeps six weeks of them."""


class Instance(Struct):
    """An instance. `hook` names the lifecycle hook that it waits for until `wait_ms`; `token` is that action's."""

    id: str
    type: str
    zone: str
    state: str
    launched_ms: int
    version: str
    health: str = HEALTHY
    protected: bool = False
    hook: str = ""
    token: str = ""
    wait_ms: int = 0
    hooks_done: list[str] = field(default_factory=list)
    decrement: bool = False

    @property
    def serves(self) -> bool:
        """Whether it counts toward the desired number."""
        return self.state in (PENDING, PENDING_WAIT, IN_SERVICE)

    @property
    def warm(self) -> bool:
        """Whether it waits in the warm pool."""
        return self.state.startswith(WARM)

    @property
    def leaving(self) -> bool:
        """Whether it is on its way out."""
        return self.state in (TERMINATING, TERMINATING_WAIT)


class Activity(Struct):
    """A scaling activity."""

    id: str
    description: str
    cause: str
    start_ms: int
    status: str = "Successful"
    message: str = ""
    end_ms: int | None = None
    progress: int = 100
    details: dict[str, str] = field(default_factory=dict)


class Hook(Struct):
    """A lifecycle hook."""

    name: str
    transition: str
    heartbeat_s: int = 3600
    result: str = "ABANDON"
    form: dict[str, Any] = field(default_factory=dict)


class Schedule(Struct):
    """A scheduled action. `next_ms` is its next time."""

    name: str
    arn: str
    form: dict[str, Any]
    next_ms: int | None = None


class GroupPolicy(Struct):
    """A scaling policy, in AWS's own form. `alarmed_ms` is when an alarm ran it last."""

    name: str
    arn: str
    kind: str
    form: dict[str, Any]
    alarmed_ms: int = 0


class Refresh(Struct):
    """An instance refresh. `old` are the instances that are still to be replaced."""

    id: str
    status: str
    start_ms: int
    old: list[str]
    total: int
    form: dict[str, Any]
    end_ms: int | None = None
    reason: str = ""
    next_ms: int = 0


class Group(Struct):
    """A group: `form` is what was asked for it, in AWS's members."""

    name: str
    arn: str
    account: str
    region: str
    created_ms: int
    least: int
    most: int
    desired: int
    form: dict[str, Any]
    instances: list[Instance] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    policies: list[GroupPolicy] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)
    suspended: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    warm: dict[str, Any] | None = None
    cooldown_ms: int = 0
    version: int = 1
    made: int = 0
    deleting: bool = False

    @property
    def zones(self) -> list[str]:
        """The zones that it spreads over; by its subnets where it names no zones."""
        named = self.form.get("AvailabilityZones") or []
        if named:
            return list(named)
        subnets = [one for one in str(self.form.get("VPCZoneIdentifier", "")).split(",") if one]
        return [f"{self.region}{'abcdef'[at % 6]}" for at in range(max(1, len(subnets)))]

    @property
    def serving(self) -> list[Instance]:
        """Instances that count toward the desired number."""
        return [one for one in self.instances if one.serves]

    @property
    def cooldown_s(self) -> int:
        """Its default cooldown."""
        given = self.form.get("DefaultCooldown")
        return _COOLDOWN_S if given is None else int(given)

    def allows(self, process: str) -> bool:
        """Whether a process is not suspended."""
        return process not in self.suspended
