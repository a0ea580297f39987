"""The facts of all checks together: what there is, what it measured, what it cost, and who watches it.

A check declares what it needs (`Needs`); `gather.py` reads the needs of all checks with few queries and hands every
check the same `Facts`. Examples and tests make them by hand (`examples.py`). Values are plain numbers, a bucket each.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from trimtab.fleet.health.actions import Proposal
from trimtab.fleet.model import MachineKey
from trimtab.fleet.naming import MachineNames
from trimtab.genai.habits import NO_HABITS, Habits
from trimtab.inventory.owners import NO_RULES, Claims, Holding, Owner, OwnerRules, resolved

DAY_S = 86_400
HOUR_S = 3_600
DAY_MS = DAY_S * 1000
BILL_DAYS = 30
"""Days of the bill that facts hold: the lookback of AWS's own commitment advice, and near a month."""


class Thing(Struct, frozen=True):
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
    owner_reason: str = ""
    machine: str = ""
    """The ledger's path of the machine that it is, or is in; "" where only its names say so."""
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    """By currency what the ledger says that it alone cost over the days of the bill; its machine's else."""

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


class Ask(Struct, frozen=True):
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


class Values(Struct, frozen=True):
    """Buckets of a metric: starts (ms, ascending) and values; what was not measured is absent."""

    times: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def __bool__(self) -> bool:
        return bool(self.values)

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)


class Bill(Struct, frozen=True):
    """What a resource cost in the last BILL_DAYS days, in one currency.

    `billed` is what the invoice asks for usage that no commitment covers, `covered` the effective cost of what
    `commitments` cover, which on demand is `covered_listed`; `reserved` says that they are reservations, which cover
    their `family` of instances only. `rented` is what a contract bills whatever is used; `owned` says that it is a
    purchase. `power` is what a rate card says of electricity, for `power_kwh` drawn by the machine: `power_measured` of
    that was metered, the rest is taken at full load. `resource` is how
    the bill names it.
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
    owned: bool = False
    power: Decimal = Decimal(0)
    power_measured: Decimal = Decimal(0)
    power_kwh: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """All that it cost."""
        return self.billed + self.covered + self.rented + self.power


class Commitment(Struct, frozen=True):
    """A Savings Plan or reservation in the bill of the last BILL_DAYS days; amounts as of the explorer's use."""

    id: str
    type: str
    total: Decimal
    used: Decimal
    currency: str = "USD"
    account: str = ""


class Watch(Struct, frozen=True):
    """An alarm, as far as checks ask: the metric it watches and for what, and whether it tells anybody."""

    name: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    tells: bool = True
    enabled: bool = True


class Gpu(Struct, frozen=True):
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
    owner_reason: str = ""
    machine: str = ""
    """The ledger's path of its machine."""
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    """By currency what the ledger says that it cost over the days of the bill."""
    watts: Values = Values()


class GpuLoss(Struct, frozen=True):
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


class FabricPort(Struct, frozen=True):
    """A port of InfiniBand or RoCE: `counts` is how often what came in the window, by the names of `fabric.*`."""

    node: str
    device: str
    port: str
    provider: str
    account: str
    region: str
    counts: Mapping[str, float]

    def count(self, *names: str) -> float:
        """How often some of it came, together."""
        return sum(self.counts.get(name, 0.0) for name in names)


class ProgramFault(Struct, frozen=True):
    """What a training program logged of trouble in the window: on which machine, in which job, and in how many lines.

    `kind` and `detail` are those of `gpu_faults.program_lines`; `node` and `job` are "" where the lines do not say.
    """

    node: str
    provider: str
    job: str
    kind: str
    detail: str
    lines: int
    account: str = ""
    region: str = ""


class RunHours(Struct, frozen=True):
    """What the GPUs of a run did in the window, in GPU-hours: held, known (any signal tells), and starved of input."""

    job: str
    name: str
    cluster: str
    owner: str
    account: str
    held: float
    known: float
    starved: float


class Machine(Struct, frozen=True):
    """One machine with accelerators, whoever speaks of it: `path` is the ledger's (`account/cluster/name`).

    `resource` is its path as a resource: the inventory's instance where there is one, else the node. `bill` is the key
    of its bill in `Facts.bills`, "" where none names it. `cost`: by currency what the ledger says of the bill's days.
    """

    path: str
    resource: str
    bill: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    """The owner that the inventory names."""
    holdings: Sequence[Holding] = ()
    cost: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What findings call it: by its bill, else by the ledger."""
        return self.bill or self.path


class Machines(Struct, frozen=True):
    """The machines that the ledger knows, by path; `names` finds one by its node, its host or its id on a bill."""

    known: Mapping[str, Machine] = field(default_factory=dict)
    names: MachineNames = field(default_factory=lambda: MachineNames({}))

    def named(self, name: str, account: str = "") -> Machine | None:
        """The machine of a name, also of a path that ends in it; of several that have it the one of the account."""
        path = self.names.path_of(name, account) or self.names.path_of(name.rpartition("/")[2], account)
        return self.known.get(path or "")


class MachineUse(Struct, frozen=True):
    """When a machine was used that no inventory of a cloud knows: a scheduler, Kubernetes or telemetry tells of it.

    `machine` is its path in the ledger of GPU time. `used` by start of each hour (ms) that anybody tells of: whether
    somebody held any of it. A GPU that works is held, whoever tells of it.
    """

    machine: str
    name: str
    provider: str
    account: str
    region: str
    scheduler: str
    type: str
    gpus: int
    used: Mapping[int, bool]


class Facts(Struct, frozen=True):
    """Everything that checks may look at, as of `now_ms`."""

    now_ms: int
    things: Mapping[str, Sequence[Thing]] = field(default_factory=dict)
    values: Mapping[tuple[Ask, str], Values] = field(default_factory=dict)
    bills: Mapping[str, Bill] = field(default_factory=dict)
    commitments: Sequence[Commitment] = ()
    on_demand: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    """By currency and family of instances ("": all): spend that a commitment could cover and none does."""
    transfers: Mapping[str, Bill] = field(default_factory=dict)
    """By resource id: what moving data between zones cost in the window."""
    watches: Sequence[Watch] = ()
    gpus: Sequence[Gpu] = ()
    gpu_losses: Sequence[GpuLoss] = ()
    gpu_actions: Sequence[Proposal] = ()
    """What is due with machines and GPUs, by their faults of BILL_DAYS days."""
    ports: Sequence[FabricPort] = ()
    program_faults: Sequence[ProgramFault] = ()
    run_hours: Sequence[RunHours] = ()
    habits: Habits = NO_HABITS
    """How callers use vendors' models."""
    machine_uses: Sequence[MachineUse] = ()
    """Of machines that only a scheduler, Kubernetes or telemetry knows."""
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """By instance type: USD an hour on demand, where the catalogue knows it."""
    billed: bool = False
    """Whether there is any bill of the window."""
    read: frozenset[str] = frozenset()
    """Kinds that a source reads whole: of others there may be more than is known."""
    machines: Machines = field(default_factory=Machines)
    rules: OwnerRules = NO_RULES
    billed_owners: Mapping[str, str] = field(default_factory=dict)
    """By key of the bill whose most of its cost is there."""

    def of(self, kind: str) -> Sequence[Thing]:
        """The resources of a kind."""
        return self.things.get(kind, ())

    def measured(self, ask: Ask, thing: Thing) -> Values:
        """The buckets of a metric of a resource; empty where it was not measured."""
        return self.values.get((ask, thing.path), Values())

    def bill(self, thing: Thing) -> Bill | None:
        """What a resource cost, by any of its names in the bill; None where no line names it."""
        return self.bills.get(self._bill_key(thing))

    def billed_as(self, thing: Thing) -> str:
        """How the bill names a resource, or the machine that it is in; "" where no line does."""
        key = self._bill_key(thing)
        return self.bills[key].resource or key if key else ""

    def machine_of(self, thing: Thing) -> Machine | None:
        """The machine that a resource is, or (a GPU) is in; None of other kinds, and where the ledger knows none."""
        if thing.machine in self.machines.known:
            return self.machines.known[thing.machine]
        name = {"ec2:instance": thing.id, "instance": thing.id, "node": thing.id, "gpu": thing.name}.get(thing.kind, "")
        return self.machines.named(name, thing.account) if name else None

    def machine_key(self, thing: Thing) -> str:
        """What findings call the machine of a resource; "" where it is none and in none."""
        if machine := self.machine_of(thing):
            return machine.key
        match thing.kind:
            case "ec2:instance" | "instance":
                return self._bill_key(thing) or thing.path
            case "gpu" | "node" if thing.name:
                return self._bill_key(thing) or MachineKey(thing.account, "", thing.name).path
            case _:
                return ""

    def owner(self, thing: Thing, holdings: Sequence[Holding] | None = None) -> Owner:
        """Whose a resource is: by who held it (its machine, where `holdings` are not known), tags, bill and account."""
        machine = self.machine_of(thing)
        tags = {**machine.tags, **thing.tags} if machine else thing.tags
        told = thing.owner or (machine.told if machine else "")
        if holdings is None:
            holdings = machine.holdings if machine else ()
        billed = next((self.billed_owners[name] for name in self._names(thing) if name in self.billed_owners), "")
        return resolved(Claims(holdings, tags, told, billed, thing.account), self.rules)

    def _bill_key(self, thing: Thing) -> str:
        """The key of the bill that names a resource, or its machine; "" where none does."""
        return next((name for name in self._names(thing) if name in self.bills), "")

    def _names(self, thing: Thing) -> list[str]:
        """The names by which a bill may know a resource, or its machine."""
        machine = self.machine_of(thing)
        return [name for name in (thing.path, thing.id, thing.name, machine.bill if machine else "") if name]
