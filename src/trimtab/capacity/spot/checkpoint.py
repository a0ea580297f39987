"""How often to write a checkpoint: Young's interval, from what interruptions cost and how often they come.

τ = √(2·δ·M) minimises δ ÷ τ + τ ÷ (2·M), the share of time lost: δ hours a checkpoint takes, M mean hours between
interruptions (J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17, 1974).
"""

import math

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.spot.model import Availability


class Checkpointing(Struct, frozen=True):
    """`every_h` between checkpoints; `lost` is the share of time that writing and computing again take.

    `between_h` is the mean time between interruptions that was observed, `interruptions` how many.
    """

    every_h: float
    lost: float
    between_h: float
    interruptions: int


def between_interruptions(available: Availability) -> tuple[float, int]:
    """Mean hours up before spot was taken away over all zones, and how often it was.

    Hours up at the end count too. Where it was never taken away the hours up are all that is known: they are the
    mean if one interruption had come at the end.
    """
    up = available.up.astype(bool)
    falls = int((up[:, :-1] & ~up[:, 1:]).sum())
    return float(up.sum()) * available.gap_h / max(falls, 1), falls


def young(write_h: float, between_h: float) -> float:
    """The interval in hours. Raises InvalidInput where a time is not above zero."""
    if not (write_h > 0 and between_h > 0 and math.isfinite(write_h) and math.isfinite(between_h)):
        raise InvalidInput(
            f"cannot choose a checkpoint interval: got {write_h} h a checkpoint and {between_h} h between "
            "interruptions; expected both above 0"
        )
    return math.sqrt(2 * write_h * between_h)


def share_lost(every_h: float, write_h: float, between_h: float) -> float:
    """The share of time that goes into checkpoints and into computing again what an interruption took."""
    return write_h / every_h + every_h / (2 * between_h)


def checkpointing(available: Availability, write_h: float) -> Checkpointing:
    """The interval for what was observed. Raises InvalidInput where spot was never up."""
    between_h, falls = between_interruptions(available)
    every_h = young(write_h, between_h)
    return Checkpointing(every_h, share_lost(every_h, write_h, between_h), between_h, falls)
