"""Words of idle dollars: what a rule looks at, and what it says."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.economics.unit.model import HeldActivity, HostSigns, Served
from trimtab.inventory.runs.model import Run

IDLE_BELOW = 0.02
"""Activity below which a GPU does nothing: loaded models and exporters stay under it."""
BUSY_FROM = 0.05
"""Activity from which it works."""


class Cause(StrEnum):
    """Why GPUs that are paid for did nothing. One rule each; what none explains is unexplained."""

    NEVER_USED = "held and never used"
    POST_RUN_TAIL = "post-run tail"
    FORGOTTEN_NOTEBOOK = "forgotten notebook"
    OVER_MINIMUM = "over-minimum replicas"
    DATA_STALL = "data stall"
    QUEUE_EMPTY = "queue empty"
    UNEXPLAINED = "unexplained"
    PARTLY_ACTIVE = "partly active"
    """Not idle: GPUs at work that did less than they can. Told beside the idle dollars."""


class Holding(Struct, frozen=True):
    """A holder in a range: its run, how busy its GPUs were, its hosts, and the replicas of its service, itself too."""

    name: str
    run: Run
    activity: HeldActivity
    now_ms: int
    hosts: Sequence[HostSigns] = ()
    served: Served | None = None
    replicas: Mapping[str, HeldActivity] = field(default_factory=dict)


class Explained(Struct, frozen=True):
    """Idle GPU-hours that a rule explains, and its evidence in a sentence."""

    cause: Cause
    gpu_hours: float
    evidence: str


class IdleRow(Struct, frozen=True):
    """Idle dollars of a holder (or of a cluster's free GPUs) by one cause."""

    cause: Cause
    holder: str
    team: str
    gpus: float
    gpu_hours: float
    cost: Decimal
    currency: str
    evidence: str
