"""The facts of all checks together: what there is, what it measured, what it cost, and who watches it.

A check declares what it needs (`Needs`); `gather.py` reads the needs of all checks with few queries and hands every
check the same `Facts`. Examples and tests make them by hand (`examples.py`). Values are plain numbers, a bucket each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

DAY_S = 86_400
HOUR_S = 3_600
DAY_MS = DAY_S * 1000
BILL_DAYS = 30
"""Days of the bill that facts hold: the lookback of AWS's own commitment advice, and near a month."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource as checks see it.

    `kind` is AWS's resource type as its Tagging API spells it (`ec2:volume`), else the inventory's own. `attributes`
    are those of the describe call of its service in its spelling; times in them are UTC milliseconds.
    """

    path: str
    kind: str
    id: str
    name: str = ""
    type: str = ""
    account: str = ""
    region: str = ""
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    provider: str = "aws"

    def get(self, *keys: str, default: Any = None) -> Any:
        """The attribute at a path of keys; `default` where any of them is missing."""
        found: Any = self.attributes
        for key in keys:
            if not isinstance(found, Mapping) or key not in found:
                return default
            found = found[key]
        return found

    @property
    def shown(self) -> str:
        """How people call it."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Ask:
    """A metric of a kind of resource: buckets of `period_s` over `days`, of every series whose `dimension` is its id.

    `statistic` is CloudWatch's word (`Average`, `Sum`, `Maximum`, `p99` …).
    """

    namespace: str
    metric: str
    dimension: str
    statistic: str = "Average"
    days: int = 14
    period_s: int = DAY_S

    @property
    def shown(self) -> str:
        """Its name for people."""
        return f"{self.namespace} {self.metric} ({self.statistic})"


@dataclass(frozen=True, slots=True)
class Values:
    """Buckets of a metric: starts (ms, ascending) and values; what was not measured is absent."""

    times: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def __bool__(self) -> bool:
        return bool(self.values)

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a resource cost in the last BILL_DAYS days, in one currency.

    `billed` is what the invoice asks for usage that no commitment covers, `covered` the effective cost of what
    `commitments` cover, which on demand is `covered_listed`; `reserved` says that they are reservations, which cover
    their `family` of instances only. `rented` is what a contract bills whatever is used. `resource` is how the bill
    names it.
    """

    billed: Decimal
    covered: Decimal = Decimal(0)
    covered_listed: Decimal = Decimal(0)
    commitments: tuple[str, ...] = ()
    reserved: bool = False
    family: str = ""
    rented: Decimal = Decimal(0)
    currency: str = "USD"
    days: int = BILL_DAYS
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A Savings Plan or reservation in the bill of the last BILL_DAYS days; amounts as of the explorer's use."""

    id: str
    type: str
    total: Decimal
    used: Decimal
    currency: str = "USD"
    account: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """An alarm, as far as checks ask: the metric it watches and for what, and whether it tells anybody."""

    name: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    tells: bool = True
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU known from its metrics over the window: buckets of `period_s` seconds.

    `active` is its activity (0 to 1; `basis` says how measured), `memory` bytes used, `queue` requests running or
    waiting in the server on it, `cache` that server's KV-cache use (0 to 1); `errors_told` says whether any metric of
    errors comes from it.
    """

    uuid: str
    host: str
    path: str
    model: str = ""
    pod: str = ""
    namespace: str = ""
    owner: str = ""
    account: str = ""
    region: str = ""
    provider: str = ""
    period_s: int = 300
    basis: str = ""
    active: Values = Values()
    memory: Values = Values()
    memory_total: float = 0.0
    queue: Values | None = None
    cache: Values | None = None
    errors_told: bool = True
    peers: int = 1
    """GPUs of its host, it included: a bill names the machine."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GpuLoss:
    """GPU-hours lost on a node in the window, by cause (`XID 79`, `ECC`, `NVLink`, `drained`), with what shows it."""

    node: str
    provider: str
    cause: str
    gpu_hours: float
    gpus: int
    first_ms: int
    last_ms: int
    detail: str = ""
    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that checks may look at, as of `now_ms`."""

    now_ms: int
    things: Mapping[str, Sequence[Thing]] = field(default_factory=dict)
    values: Mapping[tuple[Ask, str], Values] = field(default_factory=dict)
    bills: Mapping[str, Bill] = field(default_factory=dict)
    commitments: Sequence[Commitment] = ()
    on_demand: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    """By currency and family of instances ("": all): spend that a commitment could cover and none does."""
    transfers: Mapping[str, Decimal] = field(default_factory=dict)
    """By resource id: what moving data between zones cost in the window."""
    watches: Sequence[Watch] = ()
    gpus: Sequence[Gpu] = ()
    gpu_losses: Sequence[GpuLoss] = ()
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """By instance type: USD an hour on demand, where the catalogue knows it."""
    billed: bool = False
    """Whether there is any bill of the window."""
    read: frozenset[str] = frozenset()
    """Kinds that a source reads whole: of others there may be more than is known."""

    def of(self, kind: str) -> Sequence[Thing]:
        """The resources of a kind."""
        return self.things.get(kind, ())

    def measured(self, ask: Ask, thing: Thing) -> Values:
        """The buckets of a metric of a resource; empty where it was not measured."""
        return self.values.get((ask, thing.path), Values())

    def bill(self, thing: Thing) -> Bill | None:
        """What a resource cost, by any of its names in the bill; None where no line names it."""
        return next((self.bills[key] for key in (thing.path, thing.id, thing.name) if key and key in self.bills), None)

    def machine(self, thing: Thing) -> str:
        """How the bill names a resource; "" where no line does."""
        found = self.bill(thing)
        return (found.resource or thing.shown) if found else ""
