"""Words of connected accounts: how one is read, reads of it, and their steps."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.cloud.reading import Access

ORIGIN = "aws"
"""Who told of the resources that are found here."""


class Account(Struct, frozen=True):
    """An account that is read. `regions` are those that are read; `every_hours` 0 means only when asked.

    `max_cost` is what one read may spend on calls that AWS charges (dollars); `days` how far back metrics, audit events
    and spot prices are read the first time.
    """

    account: str
    access: Access = field(default_factory=Access)
    name: str = ""
    partition: str = "aws"
    regions: tuple[str, ...] = ("us-east-1",)
    metrics: bool = True
    audit: bool = True
    spot: bool = True
    days: int = 14
    every_hours: int = 24
    max_cost: Decimal = Decimal("1.00")
    added_ms: int = 0
    next_ms: int = 0

    @property
    def home(self) -> str:
        """The region that global services are asked in."""
        return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(self.partition, "us-east-1")


class ReadState(StrEnum):
    """How a read is: under way (also after a crash), over, or not possible at all."""

    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class StepState(StrEnum):
    """How a step is. `refused`: a permission is missing; `skipped`: it would have cost more than it may."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"


class Step(Struct, frozen=True):
    """One service in one region. `items` are the resources, points, events or prices that it brought."""

    region: str
    name: str
    state: StepState = StepState.WAITING
    items: int = 0
    problem: str = ""
    ended_ms: int | None = None


class Read(Struct, frozen=True):
    """A read of an account. `estimate` is what its metrics cost, in dollars, as soon as the inventory is known."""

    id: int
    account: str
    state: ReadState
    started_ms: int
    ended_ms: int | None
    estimate: Decimal | None
    problem: str


class CallCount(Struct, frozen=True):
    """Calls of an operation on a day (ISO, UTC), and what they cost in dollars."""

    day: str
    service: str
    operation: str
    calls: int
    failed: int
    throttled: int
    cost: Decimal
