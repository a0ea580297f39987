"""Words of purchase options: hourly use that can be paid for in several ways, and what was or could be committed to.

Money in arrays is whole nano-dollars (int64) or, where it is averaged over outcomes that are only expected, dollars
(float64). Rates are Decimal dollars for a unit and hour. `share` is a rate ÷ the on-demand rate of the same use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NANO = 1_000_000_000
HOUR_MS = 3_600_000
YEAR_HOURS = 8760
"""Hours of a year of a commitment, as AWS counts them."""


class PlanKind(StrEnum):
    """Commitments to spend: AWS's by Cost Explorer's names, in the order in which they apply; Google's and Azure's."""

    EC2_INSTANCE = "EC2_INSTANCE_SP"
    COMPUTE = "COMPUTE_SP"
    SAGEMAKER = "SAGEMAKER_SP"
    DATABASE = "DATABASE_SP"
    GOOGLE_FLEXIBLE = "GOOGLE_FLEXIBLE_CUD"
    AZURE_SAVINGS = "AZURE_COMPUTE_SP"
    RESERVED = "RESERVED"  # no plan: what reservations of AWS's services beside EC2 cost, which have rates of their own

    @property
    def provider(self) -> str:
        """Whose use it covers."""
        return _PROVIDERS.get(self, AWS)


AWS, GOOGLE, AZURE = "AWS", "Google Cloud", "Azure"
"""Providers whose commitments can be planned, by their names in `costs/explorer/providers`."""
_PROVIDERS: Mapping[PlanKind, str] = {PlanKind.GOOGLE_FLEXIBLE: GOOGLE, PlanKind.AZURE_SAVINGS: AZURE}
AWS_KINDS = (PlanKind.EC2_INSTANCE, PlanKind.COMPUTE, PlanKind.SAGEMAKER, PlanKind.DATABASE)


class Payment(StrEnum):
    """When a commitment is paid, by Cost Explorer's names."""

    NO_UPFRONT = "NO_UPFRONT"
    PARTIAL_UPFRONT = "PARTIAL_UPFRONT"
    ALL_UPFRONT = "ALL_UPFRONT"


UPFRONT: Mapping[Payment, float] = {
    Payment.NO_UPFRONT: 0.0,
    Payment.PARTIAL_UPFRONT: 0.5,
    Payment.ALL_UPFRONT: 1.0,
}
"""The part of a commitment that is paid at its start: half or more of a partial one, as AWS says."""


class UseLine(Struct, frozen=True):
    """One kind of use of one account: what it is, and what an hour (or unit) of it costs on demand.

    `service` is the code of the bill (`AmazonEC2`), `type` the instance type, `units` its normalised units (1 where
    it has none), `platform` its operating system and tenancy as one word. `spot_ok`: may be interrupted.
    """

    account: str
    service: str
    region: str
    type: str
    on_demand: Decimal
    zone: str = ""
    platform: str = "Linux"
    family: str = ""
    units: Decimal = Decimal(1)
    usage_type: str = ""
    spot_ok: bool = False
    provider: str = AWS

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other lines of one bill: everything but its rate."""
        return self.account, self.service, self.region, self.zone, self.type, self.platform, self.usage_type


class Use(Struct, frozen=True):
    """Use hour by hour: `quantity[line, hour]` in the lines' units; `at_ms[hour]` is when each begins.

    Hours need not follow each other: a typical week may stand for a month.
    """

    lines: tuple[UseLine, ...]
    quantity: Floats
    at_ms: Ints
    currency: str = "USD"

    @classmethod
    def hourly(cls, lines: tuple[UseLine, ...], quantity: Floats, start_ms: int = 0, currency: str = "USD") -> "Use":
        """Hours that follow each other from `start_ms` on."""
        return cls(lines, quantity, start_ms + np.arange(quantity.shape[1], dtype=np.int64) * HOUR_MS, currency)

    @property
    def hours(self) -> int:
        """How many."""
        return int(self.quantity.shape[1])

    def at_on_demand(self) -> Ints:
        """Nano-dollars of each line and hour at on-demand rates."""
        rates = np.array([float(one.on_demand) for one in self.lines])
        return np.asarray(np.rint(self.quantity * rates[:, None] * NANO), dtype=np.int64)

    def of(self, provider: str) -> "Use":
        """The lines of one provider."""
        mine = [at for at, line in enumerate(self.lines) if line.provider == provider]
        return Use(tuple(self.lines[at] for at in mine), self.quantity[mine], self.at_ms, self.currency)

    def span(self, first: int, last: int) -> "Use":
        """The hours `[first, last)` of it."""
        return Use(self.lines, self.quantity[:, first:last], self.at_ms[first:last], self.currency)


@dataclass(frozen=True, slots=True)
class Plan:
    """A Savings Plan: `commitment` dollars an hour, at discounted rates; what an hour does not use is lost.

    `family` and `region` bind an EC2 Instance plan. `shares[line]`: what an hour costs under it, of on demand; NaN
    where the plan does not apply. `end_ms` 0: beyond every horizon.
    """

    id: str
    owner: str
    kind: PlanKind
    commitment: Decimal
    shares: Floats = field(compare=False, default_factory=lambda: np.zeros(0))
    family: str = ""
    region: str = ""
    years: int = 1
    payment: Payment = Payment.NO_UPFRONT
    start_ms: int = 0
    end_ms: int = 0


class Reservation(Struct, frozen=True):
    """`count` machines paid for whether they run or not: Reserved Instances, capacity blocks, rented machines.

    `hourly` is what one costs an hour, upfront part included. `zone` "": anywhere in the region. A `flexible` one
    covers any size of its family by normalised `units`, the smallest first.
    """

    id: str
    owner: str
    type: str
    region: str
    count: int
    hourly: Decimal
    zone: str = ""
    platform: str = "Linux"
    family: str = ""
    units: Decimal = Decimal(1)
    flexible: bool = False
    service: str = "AmazonEC2"
    years: int = 1
    payment: Payment = Payment.NO_UPFRONT
    start_ms: int = 0
    end_ms: int = 0
    what: str = "Reserved Instances"
    provider: str = AWS

    def covers(self, line: UseLine) -> bool:
        """Whether it may cover such use."""
        place = self.provider, self.service, self.region, self.platform
        if (line.provider, line.service, line.region, line.platform) != place:
            return False
        if self.zone and line.zone != self.zone:
            return False
        return line.family == self.family if self.flexible and not self.zone else line.type == self.type


class Holdings(Struct, frozen=True):
    """Everything committed to."""

    plans: tuple[Plan, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    def of(self, provider: str) -> "Holdings":
        """What is committed to at one provider."""
        return Holdings(
            tuple(one for one in self.plans if one.kind.provider == provider),
            tuple(one for one in self.reservations if one.provider == provider),
        )

    @property
    def every(self) -> "tuple[Plan | Reservation, ...]":
        """Plans, then reservations."""
        return (*self.plans, *self.reservations)

    def plus(self, other: "Holdings") -> "Holdings":
        """Both together."""
        return Holdings((*self.plans, *other.plans), (*self.reservations, *other.reservations))
