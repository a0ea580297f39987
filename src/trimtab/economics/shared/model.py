"""Words of a shared machine: its GPUs, who held how much of which, and what its cost becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Sharing(StrEnum):
    """How a GPU is divided: not at all, into MIG slices, or by time among processes that take turns."""

    WHOLE = "whole"
    MIG = "mig"
    TIME_SLICED = "time-sliced"


@dataclass(frozen=True, slots=True)
class Holding:
    """`owner` held (a part of) GPU `device` over `[start_ms, end_ms)`.

    `part` is the slice of a MIG device (3/7 of 3g.40gb); 1 otherwise. `active` is the share of the held time in which
    it was used (0 … 1), None where nobody measured it. `sm_share` is the mean share of SM time of the owner's
    processes on a time-sliced GPU, None where unknown.
    """

    device: str
    owner: str
    start_ms: int
    end_ms: int
    sharing: Sharing = Sharing.WHOLE
    part: Fraction = Fraction(1)
    active: Fraction | None = None
    sm_share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """GPU `device` was down (drained, broken) over `[start_ms, end_ms)`."""

    device: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with `devices`, by id, and what happened on them."""

    devices: tuple[str, ...]
    holdings: Sequence[Holding] = ()
    outages: Sequence[Outage] = ()


class Use(StrEnum):
    """What a part of a machine's time was: used, held and idle, held with use unknown, held by nobody, down, or
    of a holder that nobody knows."""

    ACTIVE = "active"
    IDLE = "idle"
    HELD = "held"
    UNALLOCATED = "unallocated"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """GPU-milliseconds of one owner and use. `owner` is "" for what nobody held; `assumed`: split evenly for want of
    measurements."""

    owner: str
    use: Use
    gpu_ms: Fraction
    assumed: bool = False
