"""Words of shared machines: the GPU-time of a machine's day in parts, by who held it and whether it was used."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.economics.rules.model import SharePolicy


class Use(StrEnum):
    """What a part of a machine's time was: used, held and idle, held with use unknown, held by nobody, down, or
    of a holder that nobody knows."""

    ACTIVE = "active"
    IDLE = "idle"
    HELD = "held"
    UNALLOCATED = "unallocated"
    DOWN = "down"
    UNKNOWN = "unknown"


class Part(Struct, frozen=True):
    """GPU-time of one owner and use: a weight among the parts of its machine's day. `owner` is "" for what nobody held;
    `assumed`: on GPUs of which nobody says that it had them, or of a use that is not measured and is charged by it."""

    owner: str
    use: Use
    gpu_ms: Fraction
    assumed: bool = False


MachineDays = Mapping[int, Sequence[Part]]
"""By day (its start, ms) the parts of a machine; of days on which it did not exist there are none."""


def under(parts: Sequence[Part], policy: SharePolicy) -> list[Part]:
    """The parts as a policy charges them.

    Under *allocated* a holder pays for the time held, its idle time a part of its own. Under *used* it pays for what
    was used and the idle rest belongs to nobody; where use is not measured, the time held counts, and is marked.
    """
    if policy is SharePolicy.ALLOCATED:
        return list(parts)
    found = []
    for part in parts:
        if part.use is Use.IDLE:
            found.append(replace(part, owner=""))
        else:
            found.append(replace(part, assumed=True) if part.use is Use.HELD else part)
    return found
