"""Words of right-sizing: what is sized, along which axes, into what, and what is said of it."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Kind(StrEnum):
    """What is sized. The words are those of the API and of pages."""

    INSTANCE = "ec2-instance"
    GROUP = "auto-scaling-group"
    VOLUME = "ebs-volume"
    FUNCTION = "lambda-function"
    SERVICE = "ecs-service"
    ENDPOINT = "endpoint"
    DATABASE = "database"
    CONTAINER = "container"


class Axis(StrEnum):
    """What use is measured along; the words are the first part of Compute Optimizer's reason codes."""

    CPU = "CPU"
    SUSTAINED = "CPUSustained"
    """The mean of a day: what a burstable machine can keep up, by its credits."""
    MEMORY = "Memory"
    GPU = "GPU"
    GPU_MEMORY = "GPUMemory"
    NETWORK = "NetworkBandwidth"
    IOPS = "EBSIOPS"
    THROUGHPUT = "EBSThroughput"
    ACTIVITY = "Activity"
    """Requests or connections: what tells an idle resource. Nothing is sized by it."""


class Finding(StrEnum):
    """Compute Optimizer's words; instances say `Underprovisioned`, other kinds spell some of them otherwise."""

    UNDER = "Underprovisioned"
    OVER = "Overprovisioned"
    OPTIMIZED = "Optimized"
    NOT_OPTIMIZED = "NotOptimized"
    """The size is right, and another type of it is cheaper."""
    UNAVAILABLE = "Unavailable"


class Effort(StrEnum):
    """Compute Optimizer's words for the work of a migration."""

    VERY_LOW = "VeryLow"
    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class Option(Struct, frozen=True):
    """A size that can be had. `capacity` by axis in the axis' own unit (vCPUs, GiB, bytes a second, I/O a second).

    An axis that is missing is not known to be limited. `per_hour` None is a price that is not known, with `note`;
    `order` says which of two options is cheaper all the same. `effort` is that of moving to it from where one is.
    """

    name: str
    capacity: Mapping[Axis, float]
    per_hour: Decimal | None
    currency: str = "USD"
    note: str = ""
    effort: Effort = Effort.VERY_LOW
    unknown: tuple[str, ...] = ()
    order: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


class Subject(Struct, frozen=True):
    """A resource that may be sized. `type` is the name of its option now, `count` how many machines it has of it."""

    path: str
    kind: Kind
    id: str
    name: str
    type: str
    account: str
    region: str
    arn: str = ""
    owner: str = ""
    count: float = 1.0
    tags: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    owner_reason: str = ""


def started_ms(subject: Subject) -> int:
    """When a machine or container was started last, in ms; 0 where it is not known."""
    found = subject.attributes.get("LaunchTime") if subject.kind in (Kind.INSTANCE, Kind.CONTAINER) else None
    return int(found) if isinstance(found, int | float) else 0


class Walked(Struct, frozen=True):
    """What a strategy's decisions came to over the past, in sizes that can be had.

    `cost` is of the judged days (None where a price is not known), `over` the share of time in which some axis was
    above what the size holds, `headroom` the least free share at the highest use of a day, on average over days.
    `sizes` are the names by day ("" before the first decision), `over_by_day` beside them.
    """

    strategy: str
    cost: Decimal | None
    over: float
    headroom: float
    sizes: tuple[str, ...] = ()
    over_by_day: tuple[float, ...] = ()
    changes: int = 0


class Advised(Struct, frozen=True):
    """A size that is recommended. `projected` is the use by axis, as a share of the size (`high` is what is judged).

    `risk` is Compute Optimizer's performance risk: 0 none to 4 high. `saving` a month at the prices paid; None where a
    price is not known. `over` is the share of the last days' time above it.
    """

    option: Option
    rank: int
    risk: float
    projected: Mapping[Axis, float]
    saving: Decimal | None
    saving_share: float | None
    over: float
    headroom: float


class Recommendation(Struct, frozen=True):
    """What is said of a subject. Without `advised`, `reason` says why.

    By axis, in shares of the size now: `used` is the size that the strategy asks for, `observed` the highest use of the
    lookback (99.5th percentile of a day). `replays` are what strategies would have cost, the chosen one first; `pick`
    is in words how it is chosen.
    """

    subject: Subject
    finding: Finding
    reasons: tuple[str, ...]
    current: Option | None
    used: Mapping[Axis, float]
    observed: Mapping[Axis, float] = field(default_factory=dict)
    advised: tuple[Advised, ...] = ()
    replays: tuple[Walked, ...] = ()
    reason: str = ""
    pick: str = ""
    risk: float = 0.0
    days: float = 0.0
    notes: tuple[str, ...] = ()
    idle: bool = False
    idle_reason: str = ""
    idle_saving: Decimal | None = None
