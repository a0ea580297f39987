"""Words of the catalogue: instance types, accelerators, and prices (which may be unknown), with their sources."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class Source(Struct, frozen=True):
    """Where facts came from: what it was, of which day (ISO), under which licence."""

    id: str
    title: str
    date: str
    licence: str


class Accelerator(Struct, frozen=True):
    """A model of accelerator. `memory_gib` as its maker sells it; `also` are words by which tools name it."""

    name: str
    maker: str
    memory_gib: float
    also: tuple[str, ...]
    source: str


class Limits(Struct, frozen=True):
    """What a machine keeps up and, for half an hour a day at least, reaches: None where it is not known.

    EBS in megabytes and operations a second, the network in gigabits a second.
    """

    ebs_mbps: float | None = None
    ebs_iops: float | None = None
    ebs_mbps_burst: float | None = None
    ebs_iops_burst: float | None = None
    network_gbps: float | None = None


class InstanceType(Struct, frozen=True):
    """A machine that can be rented. `accelerators` may be a part of one; None of `spot` where it is not known."""

    type: str
    vcpus: int
    memory_gib: float
    accelerator: str
    accelerators: float
    network: str
    spot: bool | None
    source: str
    limits: Limits = Limits()


class ListPrice(Struct, frozen=True):
    """A list price an hour of an instance type: as read on the day `as_of`; it ended before `until_ms` (None: not).

    With `from_ms` it held from then on, and nothing is said of the time before.
    """

    type: str
    region: str
    purchase: str
    currency: str
    per_hour: Decimal
    as_of: str
    until_ms: int | None
    source: str
    from_ms: int | None = None

    def holds(self, at_ms: int) -> bool:
        """Whether it held at a time, as far as it says."""
        return (self.from_ms is None or self.from_ms <= at_ms) and (self.until_ms is None or at_ms < self.until_ms)


class RateKind(StrEnum):
    """What an own rate says: a price in money, or percent off list prices."""

    PRICE = "price"
    DISCOUNT = "discount"


class RateUnit(StrEnum):
    """What an own price is for an hour of."""

    INSTANCE_HOUR = "instance-hour"
    GPU_HOUR = "gpu-hour"


class Rate(Struct, frozen=True):
    """An own price or discount in `[from_ms, to_ms)`.

    `subject` is an instance type, an accelerator (`gpu:H100`), a cluster's partition (`queue:p5`), or `*`.
    `amount` is money for `unit` of a price, percent of a discount.
    """

    kind: RateKind
    subject: str
    unit: RateUnit
    amount: Decimal
    currency: str
    from_ms: int
    to_ms: int | None = None
    note: str = ""
    id: int = 0


class PriceBasis(StrEnum):
    """What a price was taken from."""

    BILL = "bill"
    """What the bill says that the machine really cost: amortised, after discounts."""
    RATE_CARD = "rate card"
    DISCOUNTED = "catalogue with own discount"
    CATALOGUE = "catalogue"
    UNKNOWN = "unknown"


class GpuPrice(Struct, frozen=True):
    """Money for an hour of one GPU; None with the reason where it is not known. `note` says what it rests on."""

    per_gpu_hour: Decimal | None
    currency: str
    basis: PriceBasis
    note: str

    @classmethod
    def unknown(cls, reason: str) -> "GpuPrice":
        """No price, and why."""
        return cls(None, "", PriceBasis.UNKNOWN, reason)
