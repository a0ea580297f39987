"""What travels over `/rest/v1/fleet`. Amounts are decimal text; hours are GPU-hours."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Amounts = Annotated[dict[str, str], Meta(description="Decimal text by currency.")]
FleetBasis = Literal["billed", "amortised", "net amortised"]
FleetKey = Literal[
    "team", "machine", "cluster", "account", "region", "gpu_type", "holder", "state", "reason", "day", "hour"
]


class FleetGroup(Struct, frozen=True, kw_only=True):
    """GPU time of a group and what it cost: existing = down + held + free + unknown, held = active + inactive +
    unmeasured, idle = free + inactive. `unpriced` hours have no price."""

    keys: dict[str, str]
    existing: float
    down: float
    held: float
    free: float
    unknown: float
    active: float
    inactive: float
    unmeasured: float
    idle: float
    active_share: float | None
    held_share: float | None
    cost: Amounts
    idle_cost: Amounts
    unpriced: float


class FleetHours(Struct, frozen=True, kw_only=True):
    """GPU time of `[start_ms, end_ms)` by group; the groups add up to `total`.

    Costs of days from `closed_ms` on are estimated, as no bill has them yet (null where there is no bill). `leftover`
    is what bills say of known machines on days on which they did not exist, `elsewhere` what they say of others.
    """

    start_ms: Millis
    end_ms: Millis
    by: list[str]
    basis: FleetBasis
    groups: list[FleetGroup]
    total: FleetGroup
    closed_ms: Millis | None
    leftover: Amounts
    elsewhere: Amounts


class GpuFault(Struct, frozen=True, kw_only=True):
    """A code that a GPU or an NVSwitch told in kernel-log lines, `count` times. `meaning` and `action` are NVIDIA's
    (empty for an unknown code); `takes` says whether it takes the device out of use: yes, decode (the line decides),
    no or unknown. Times are exact to a step: a minute for ranges of a day, five for five days, else an hour.
    """

    account: str
    region: str
    machine: str
    device: str
    index: str
    model: str
    kind: Literal["xid", "sxid"]
    code: int
    count: int
    first_ms: Millis
    last_ms: Millis
    meaning: str
    action: str
    takes: Literal["yes", "decode", "no", "unknown"]


class GpuFaults(Struct, frozen=True):
    """Faults of `[start_ms, end_ms)`, the last first."""

    start_ms: Millis
    end_ms: Millis
    faults: list[GpuFault]


class FleetRemark(Struct, frozen=True):
    """Something said of a machine (`account/cluster/name`) that does not fit, and of which days."""

    machine: str
    text: str
    start_ms: Millis
    end_ms: Millis


class FleetRemarks(Struct, frozen=True):
    """What does not fit, the newest first."""

    remarks: list[FleetRemark]
