"""What advice says: a finding, its evidence, and the two numbers of it.

*Cash* is what leaves the next invoice, a month, once commitments and rental contracts are applied again to what is
left: often 0, since what a Savings Plan or a rented machine paid for is paid anyhow. *GPU-hours* is the capacity that
becomes free, a month. Money is Decimal with its currency; None is "not known", never 0.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct, field

HOURS_A_MONTH = 730
"""Hours of a month in every figure "a month": 8,760 ÷ 12, as AWS's own estimates take it."""


class Pillar(StrEnum):
    """What a check looks after: the categories of Trusted Advisor, by its names."""

    COST = "cost_optimizing"
    PERFORMANCE = "performance"
    FAULT_TOLERANCE = "fault_tolerance"
    SECURITY = "security"
    LIMITS = "service_limits"
    OPERATIONS = "operational_excellence"


class Status(StrEnum):
    """How bad it is, by Trusted Advisor's words: `error` is red (act), `warning` yellow (look), `ok` green."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Effort(StrEnum):
    """How much work the fix is: Cost Optimization Hub's words."""

    VERY_LOW = "VeryLow"
    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    VERY_HIGH = "VeryHigh"


class Action(StrEnum):
    """What the fix does: Cost Optimization Hub's eight actions, and "" for what saves no money."""

    RIGHTSIZE = "Rightsize"
    STOP = "Stop"
    UPGRADE = "Upgrade"
    BUY_SAVINGS_PLAN = "PurchaseSavingsPlans"
    BUY_RESERVATION = "PurchaseReservedInstances"
    MIGRATE_TO_GRAVITON = "MigrateToGraviton"
    DELETE = "Delete"
    SCALE_IN = "ScaleIn"
    OTHER = ""


class Evidence(Struct, frozen=True):
    """A fact behind a finding: what, how much, and the page (a path of ours) that shows it."""

    name: str
    value: str
    url: str = ""


class Finding(Struct, frozen=True):
    """Something to change about one resource.

    `resource` is its path (`provider/account/region/kind/id`), `part` tells several findings of a check about one
    resource apart. `cash` a month, None where not known, and `cash_note` says how it came about; `cost` is what the
    resource costs a month now, before commitments are applied again, and `cost_note` who says so. `gpu_hours` a month.
    `confidence` from 0 to 1. `fix` is a command or a diff. `current` and `advised` are short words of what is there and
    what should be. `owner_reason` says why it is its owner's. `machine` is the machine that the resource is or is in,
    the same in every finding: the key of its bill, else its path in the ledger of GPU time; "" of what has none.

    `billed_as` is the resource, or the machine that it is in, as the bill names it ("" where no line does), `takes` the
    share of its use that the fix takes away; of a resource that is one of `parts` equal ones (a GPU of a machine) of
    its own part. Where it goes in some hours only, `hours` are those of the week, 0 the one that begins Monday 00:00
    UTC, and `takes` is of them. `lost` is of use that moves to spot: the share of it that interruptions and checkpoints
    cost; None of what does not move there. `estimate` is what the check itself takes the cash to be; `cash` is what the
    fix adds in the plan once there is one, and `alone` what it is worth where nothing else is done.
    """

    check: str
    pillar: Pillar
    resource: str
    kind: str
    name: str
    account: str
    region: str
    summary: str
    status: Status = Status.WARNING
    part: str = ""
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    cash: Decimal | None = None
    cost: Decimal | None = None
    currency: str = "USD"
    cash_note: str = ""
    gpu_hours: float = 0.0
    fix: str = ""
    effort: Effort = Effort.LOW
    action: Action = Action.OTHER
    restart: bool = False
    rollback: bool = True
    current: str = ""
    advised: str = ""
    owner_reason: str = ""
    machine: str = ""
    cost_note: str = ""
    billed_as: str = ""
    takes: float = 0.0
    parts: int = 1
    hours: tuple[int, ...] = ()
    lost: float | None = None
    estimate: Decimal | None = None
    alone: Decimal | None = None

    @property
    def id(self) -> str:
        """The same for the same check, resource and part, in every run."""
        text = "\x1f".join((self.check, self.resource, self.part))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Undecided(Struct, frozen=True):
    """A resource that a check could not judge, and why: "no answer" is a value."""

    resource: str
    reason: str


class Judgement(Struct, frozen=True):
    """What one check found: `looked_at` is how many resources it judged or tried to."""

    check: str
    findings: tuple[Finding, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    looked_at: int = 0
