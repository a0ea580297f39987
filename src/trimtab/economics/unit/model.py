"""Words of unit economics: money of a machine's day by who held its GPUs, and what is counted beside it.

A *holder* is a run or a pod, as schedulers report them, named `account/cluster/job`. Amounts are amortised (what it
costs with commitments spread over what they cover), in Decimal, and add up to the bill of the machines.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.economics.shared.model import Use
from trimtab.inventory.runs.model import Run

Floats = npt.NDArray[np.float64]
ZERO = Decimal(0)


class Slice(Struct, frozen=True):
    """GPU-hours of a machine on a day by holder ("": nobody) and use, and their cost. `estimated`: not billed yet.

    `team` is the holder's, as the fleet ledger names it: of pods that no scheduler reports it is known too.
    """

    day_ms: int
    resource: str
    node: str
    holder: str
    team: str
    use: Use
    gpu_hours: float
    cost: Decimal
    currency: str
    estimated: bool


class Ledger(Struct, frozen=True):
    """Everything that machines with GPUs cost in `[start, end)`, and the runs that held them by name.

    `closed_ms`: where the bill ends and estimates begin. `unpriced` machines ran and have no known cost; `elsewhere` is
    what the same days' bill says of machines that no scheduler knows, by currency: left out here, not lost.
    """

    start_ms: int
    end_ms: int
    closed_ms: int
    slices: tuple[Slice, ...]
    holders: Mapping[str, Run]
    accounts: Mapping[str, str]
    unpriced: tuple[str, ...] = ()
    elsewhere: Mapping[str, Decimal] = field(default_factory=dict)
    error: float | None = None
    runs: Sequence[Run] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    now_ms: int = 0

    def cluster_of(self, one: Slice) -> str:
        """`account/cluster` of a slice's machine."""
        return self.clusters.get(one.node, "")

    def of(self, holder: str) -> list[Slice]:
        """What one holder held."""
        return [one for one in self.slices if one.holder == holder]


class Served(Struct, frozen=True):
    """Which model a pod serves, and as part of which service."""

    model: str
    service: str


class Traffic(Struct, frozen=True):
    """What a model did in steps of `step_ms` from `start_ms` on; NaN of p95 where nothing tells it (in ms)."""

    start_ms: int
    step_ms: int
    requests: Floats
    input_tokens: Floats
    output_tokens: Floats
    cached_tokens: Floats
    p95_ms: Floats


class Calls(Struct, frozen=True):
    """Traced calls of a model in an hour, by version and tenant: a sample of the traffic. Times are seconds in all.

    `example` is the trace of the longest.
    """

    hour_ms: int
    model: str
    version: str
    tenant: str
    service: str
    calls: int
    failed: int
    input_tokens: float
    output_tokens: float
    prefill_s: float
    decode_s: float
    example: str


class Deploy(Struct, frozen=True):
    """When a service got another version: its image or the version that its spans tell."""

    at_ms: int
    service: str
    version: str


class HeldActivity(Struct, frozen=True):
    """How busy a holder's GPUs were: rows GPUs, columns steps of `step_s` seconds from `start_ms`; NaN where unknown.

    `seconds` is how much of each step it held the GPU. `host` is what its machines did then (see `HostSigns`).
    """

    start_ms: int
    step_s: int
    values: Floats
    seconds: Floats
    gpus: tuple[str, ...] = ()

    @property
    def idle_hours(self) -> float:
        """GPU-hours of it in which its GPUs did nothing, by their activity."""
        return float((self.seconds * (1 - np.nan_to_num(self.values, nan=1.0))).sum()) / 3600


class HostSigns(Struct, frozen=True):
    """What a machine's processors did on average over a range: shares, None where not measured."""

    busy: float | None = None
    iowait: float | None = None


class Evidence(Struct, frozen=True):
    """Where a number comes from: a page that shows it, and what that is called."""

    label: str
    href: str


Links = Sequence[Evidence]
