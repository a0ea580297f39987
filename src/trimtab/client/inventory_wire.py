"""What travels over `/rest/v1/runs`, `/rest/v1/nodes`, `/rest/v1/inventory` and `/rest/v1/catalog`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

At = Annotated[int, Meta(ge=0, le=1 << 53, description="Milliseconds since the epoch, UTC.")]
Short = Annotated[str, Meta(max_length=128)]
Name = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=512)]
Number = Annotated[float, Meta(ge=0, le=1e6)]
Tags = Annotated[dict[Annotated[str, Meta(max_length=128)], Text], Meta(max_length=100)]

StateName = Literal[
    "pending", "running", "suspended", "completed", "failed", "cancelled", "timeout", "out of memory", "node failed",
    "preempted", "lost",
]  # fmt: skip
ConditionName = Literal["up", "reserved", "drained", "down", "powered down"]
RateKindName = Literal["price", "discount"]
RateUnitName = Literal["instance-hour", "gpu-hour"]
Decimals = Annotated[str, Meta(description="Decimal text.")]


class HeldGpus(Struct, frozen=True, omit_defaults=True):
    """GPUs of a run on one node. `indexes` and `uuids` say which, where that is known; `pod` is `namespace/name`,
    `pod_uid` what processes on the GPUs can be told by.
    """

    node: Name
    gpus: Number
    indexes: Annotated[list[Annotated[int, Meta(ge=0, le=1023)]], Meta(max_length=1024)] = []
    uuids: Annotated[list[Name], Meta(max_length=1024)] = []
    pod: Text = ""
    start_ms: At | None = None
    end_ms: At | None = None
    pod_uid: Annotated[str, Meta(max_length=64)] = ""


class RunRecord(Struct, frozen=True, omit_defaults=True):
    """What a scheduler says of a run; `gpus` are those of all its `tasks`. `whole_nodes`: its nodes were its alone."""

    job: Annotated[str, Meta(min_length=1, max_length=512)]
    state: StateName
    submit_ms: At
    name: Text = ""
    user: Name = ""
    team: Name = ""
    queue: Name = ""
    reason: Text = ""
    exit_code: Annotated[int, Meta(ge=-(1 << 31), lt=1 << 31)] | None = None
    start_ms: At | None = None
    end_ms: At | None = None
    gpus: Number = 0.0
    gpu_type: Short = ""
    nodes: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    node_names: Annotated[list[Name], Meta(max_length=20_000)] = []
    whole_nodes: bool = False
    tasks: Annotated[int, Meta(ge=1, le=10_000_000)] = 1
    tags: Tags = {}
    held: Annotated[list[HeldGpus], Meta(max_length=20_000)] = []


class ReportRuns(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known of a cluster's runs at `seen_ms` (now, where it is not given).

    `open` are the ids of every run that waits or runs: one that is known as open and not among them has vanished.
    """

    cluster: Annotated[str, Meta(min_length=1, max_length=128)]
    scheduler: Literal["slurm", "kubernetes", "other"]
    runs: Annotated[list[RunRecord], Meta(max_length=2000)]
    seen_ms: At | None = None
    account: Annotated[str, Meta(max_length=64)] = ""
    open: Annotated[list[Annotated[str, Meta(max_length=512)]], Meta(max_length=1_000_000)] | None = None


class RunsTaken(Struct, frozen=True):
    """What came of a report."""

    runs: int
    changed: int
    lost: int


class NodeRecord(Struct, frozen=True, omit_defaults=True):
    """A node of a cluster: what it may be used for, its GPUs, and how many of them are taken."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    condition: ConditionName
    state: Name = ""
    reason: Text = ""
    gpus: Number = 0.0
    allocated: Number = 0.0
    gpu_type: Short = ""
    instance_type: Short = ""
    instance_id: Name = ""
    partitions: Annotated[list[Name], Meta(max_length=1000)] = []
    labels: Tags = {}


class ReportNodes(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The nodes of a cluster at `seen_ms` (now, where it is not given). `whole`: a node that it lacks is gone."""

    cluster: Annotated[str, Meta(min_length=1, max_length=128)]
    nodes: Annotated[list[NodeRecord], Meta(max_length=20_000)]
    seen_ms: At | None = None
    account: Annotated[str, Meta(max_length=64)] = ""
    whole: bool = False


class NodesTaken(Struct, frozen=True):
    """How many nodes a report had, and of how many it changed something."""

    nodes: int
    changed: int


class ClusterNode(Struct, frozen=True):
    """A node as last reported."""

    account: str
    cluster: str
    name: str
    condition: ConditionName
    state: str
    reason: str
    gpus: float
    allocated: float
    gpu_type: str
    instance_type: str
    instance_id: str
    partitions: list[str]
    labels: dict[str, str]
    seen_ms: Millis


class ClusterNodes(Struct, frozen=True):
    """Every node that there is."""

    nodes: list[ClusterNode]


class ResourceRecord(Struct, frozen=True, omit_defaults=True):
    """A resource to keep: by its `arn`, or by kind and id. `type` is what its kind comes in, `owner` a team.

    `attributes` are facts by the names of the service's describe call, times among them in ms: what checks look at.
    """

    kind: Annotated[str, Meta(max_length=64)] = ""
    id: Annotated[str, Meta(max_length=512)] = ""
    arn: Annotated[str, Meta(max_length=1024)] = ""
    provider: Annotated[str, Meta(max_length=64)] = ""
    account: Annotated[str, Meta(max_length=64)] = ""
    region: Annotated[str, Meta(max_length=64)] = ""
    name: Text = ""
    owner: Name = ""
    type: Short = ""
    tags: Tags = {}
    attributes: Annotated[dict[str, Any], Meta(max_length=100)] = {}


class ReportResources(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Resources to add or replace; `origin` says who tells of them."""

    resources: Annotated[list[ResourceRecord], Meta(max_length=10_000)]
    origin: Name = ""


class ResourcesTaken(Struct, frozen=True):
    """How many were kept."""

    resources: int


class Resource(Struct, frozen=True):
    """A resource as it is kept. `path` is `provider/account/region/kind/id`.

    Of a thing of AWS, `resource_type` is its type as the Tagging API names it, and `attributes` are facts by the names
    of its describe call.
    """

    path: str
    provider: str
    account: str
    region: str
    kind: str
    id: str
    name: str
    owner: str
    type: str
    tags: dict[str, str]
    origin: str
    seen_ms: Millis
    arn: str = ""
    resource_type: str = ""
    attributes: dict[str, Any] = {}


class ResourcePage(Struct, frozen=True):
    """One page; `next` continues it."""

    resources: list[Resource]
    next: str | None


class FactSource(Struct, frozen=True):
    """Where facts came from, and of which day."""

    id: str
    title: str
    date: str
    licence: str


class CatalogPrice(Struct, frozen=True):
    """A list price an hour, as read on the day `as_of`; `until_ms` where it held no longer."""

    region: str
    purchase: str
    currency: str
    per_hour: Decimals
    as_of: str
    until_ms: Millis | None
    source: str


class CatalogType(Struct, frozen=True):
    """An instance type. `price` is what holds now; None with `unknown` saying why. `own` is what you pay, if set."""

    type: str
    vcpus: int
    memory_gib: float
    accelerator: str
    accelerators: float
    accelerator_memory_gib: float | None
    network: str
    spot: bool | None
    source: FactSource
    price: CatalogPrice | None
    unknown: str
    per_gpu_hour: Decimals | None
    currency: str
    basis: str
    note: str
    older: list[CatalogPrice]


class CatalogPage(Struct, frozen=True):
    """Instance types that match; `total` before they were cut to the limit."""

    types: list[CatalogType]
    total: int


class Rate(Struct, frozen=True):
    """An own price (money for `unit`) or discount (percent) of a subject, from and until when."""

    id: int
    kind: RateKindName
    subject: str
    unit: RateUnitName
    amount: Decimals
    currency: str
    from_ms: Millis
    to_ms: Millis | None
    note: str


class SetRate(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An own rate to set. `subject` is an instance type, `gpu:H100`, `queue:p5`, or `*` for every discount."""

    subject: Annotated[str, Meta(min_length=1, max_length=256)]
    amount: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]
    kind: RateKindName = "price"
    unit: RateUnitName = "gpu-hour"
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    from_ms: At = 0
    to_ms: At | None = None
    note: Text = ""


class SetRates(Struct, frozen=True, forbid_unknown_fields=True):
    """Rates to set, all or none."""

    rates: Annotated[list[SetRate], Meta(max_length=10_000)]


class RateList(Struct, frozen=True):
    """Every own rate."""

    rates: list[Rate]
