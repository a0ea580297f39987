"""Training plans: machines of the fleet that are set aside for a time, so that no two plans have the same. Pure.

What an offer names is checked again when somebody takes it; a plan is scheduled, active and over by the clock alone.
"""

import json
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

HOUR_MS = 3_600_000
FOREVER_MS = 1 << 52
"""The end of what has none."""
MOST_HOURS = 182 * 24
"""The longest plan (SageMaker developer guide, "Training plans": 182 days)."""


class Block(Struct, frozen=True):
    """`count` machines of a type in `[start_ms, end_ms)`."""

    type: str
    count: int
    start_ms: int
    end_ms: int

    @property
    def hours(self) -> int:
        """How long it is."""
        return (self.end_ms - self.start_ms) // HOUR_MS

    def status(self, now_ms: int) -> str:
        """What a plan of it is now, in SageMaker's words."""
        if now_ms < self.start_ms:
            return "Scheduled"
        return "Active" if now_ms < self.end_ms else "Expired"


def taken_at_most(taken: Iterable[Block], start_ms: int, end_ms: int) -> int:
    """The most machines that blocks have at one moment of `[start, end)`."""
    inside = [one for one in taken if one.start_ms < end_ms and one.end_ms > start_ms]
    moments = {start_ms, *(one.start_ms for one in inside if one.start_ms > start_ms)}
    return max((sum(one.count for one in inside if one.start_ms <= at < one.end_ms) for at in moments), default=0)


def fits(block: Block, machines: int, taken: Sequence[Block]) -> bool:
    """Whether a fleet of so many machines of its type has a block beside those that are taken."""
    mine = [one for one in taken if one.type == block.type]
    return block.count + taken_at_most(mine, block.start_ms, block.end_ms) <= machines


def earliest(block: Block, machines: int, taken: Sequence[Block], before_ms: int | None = None) -> Block | None:
    """The block as early as it fits, from its own start on; None where it does not end before `before_ms`."""
    lasts_ms = block.end_ms - block.start_ms
    starts = sorted({block.start_ms, *(one.end_ms for one in taken if block.start_ms < one.end_ms < FOREVER_MS)})
    for start_ms in starts:
        moved = Block(block.type, block.count, start_ms, start_ms + lasts_ms)
        if before_ms is not None and moved.end_ms > before_ms:
            return None
        if fits(moved, machines, taken):
            return moved
    return None


def offer_id(block: Block, targets: Sequence[str]) -> str:
    """The id of an offer: it says what is offered."""
    said = [block.type, block.count, block.start_ms, block.end_ms, *targets]
    return f"tpo-{json.dumps(said, separators=(',', ':')).encode().hex()}"


def offer_of(id_: str) -> tuple[Block, tuple[str, ...]]:
    """What an id offers, and for what. Raises InvalidInput for one that was never told."""
    try:
        match typed.loads(bytes.fromhex(id_.removeprefix("tpo-"))):
            case [str(type_), int(count), int(start_ms), int(end_ms), *targets] if count > 0 and start_ms < end_ms:
                return Block(type_, count, start_ms, end_ms), tuple(str(one) for one in targets)
    except ValueError:
        pass
    raise InvalidInput(f"The training plan offering {id_} does not exist.")
