"""What the engine remembers of a target between two decisions, stored with it: none of it lives in a process.

`shadow` is the number that a target in dry-run would have, and `arriving` its launches on their way (ready at, how
many): so that what it would have done follows from what it would have done before.
"""

from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, select, update

from trimtab.base import typed
from trimtab.base.clock import to_datetime
from trimtab.scaling.engine.model import ScalableTarget, Standing
from trimtab.scaling.engine.promising import Promised
from trimtab.store.state.schema.scaling import scaling_targets

_LONGEST_GAP_MS = 86_400_000
"""What at most is counted as running between two looks: a day without trimtab is not billed by guess."""


class Memory(Struct):
    """See the module. `last` is the tick of the last decision, `spent` the replica cost of `month` (YYYY-MM)."""

    memories: dict[str, list[float]] = field(default_factory=dict)
    last: int = 0
    looked_ms: int = 0
    month: str = ""
    spent: Decimal = Decimal(0)
    shadow: int | None = None
    arriving: list[tuple[int, int]] = field(default_factory=list)
    scaling: str = ""
    """The activity of a scale that is under way."""
    said: str = ""
    """The reasons for which nothing was scaled, when last told."""
    why: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    wanted: int | None = None
    limited: dict[str, str] = field(default_factory=dict)
    ready: int = 0
    coming: int = 0
    owner: str = ""
    problem: str = ""
    floor: int = 0
    promises: dict[str, Promised] = field(default_factory=dict)
    """What is promised of portfolios, by the policies' ids."""

    def spend(self, target: ScalableTarget, replicas: int, now_ms: int) -> None:
        """Count what ran since the last look. A new month begins at nothing."""
        month = f"{to_datetime(now_ms):%Y-%m}"
        began = self.looked_ms
        if month != self.month:
            self.month, self.spent = month, Decimal(0)
            began = max(began, _first_ms(now_ms))
        price = target.guards.price_per_hour
        if price and self.looked_ms:
            ran = min(max(0, now_ms - began), _LONGEST_GAP_MS)
            self.spent += price * replicas * ran / 3_600_000
        self.looked_ms = now_ms

    def shadow_standing(self, target: ScalableTarget, real: Standing, now_ms: int) -> Standing:
        """How the target would stand had every dry run been done."""
        if self.shadow is None:
            self.shadow = real.desired
        self.arriving = [(at, number) for at, number in self.arriving if at > now_ms]
        coming = min(self.shadow, sum(number for _, number in self.arriving))
        return Standing(self.shadow - coming, coming, self.shadow, real.owner, real.manifest, real.zones)

    def shadow_scale(self, target: ScalableTarget, desired: int, now_ms: int) -> None:
        """Note what a dry run would have asked for."""
        change = desired - (self.shadow or 0)
        if change > 0:
            self.arriving.append((now_ms + round(target.service.launch_s * 1000), change))
        left = -change
        while left > 0 and self.arriving:
            at, number = self.arriving.pop()
            if number > left:
                self.arriving.append((at, number - left))
            left -= min(left, number)
        self.shadow = desired


def _first_ms(now_ms: int) -> int:
    now = to_datetime(now_ms)
    return round(datetime(now.year, now.month, 1, tzinfo=now.tzinfo).timestamp() * 1000)


def read_memory(raw: str) -> Memory:
    """A stored memory; a new one for ""."""
    return typed.decode(raw, type=Memory) if raw else Memory()


def write_memory(connection: Connection, target: ScalableTarget, memory: Memory, was: str, due_ms: int) -> None:
    """Store it, with when the target is looked at next. A target that was deleted meanwhile is left alone.

    `was` is the `scaling` that it had when it was read: what somebody began by hand since then is kept.
    """
    raw = connection.execute(select(scaling_targets.c.state).where(scaling_targets.c.id == target.id)).scalar()
    stored = read_memory(raw or "").scaling
    if memory.scaling == was != stored:
        memory.scaling = stored
    values = {"state": msgspec.json.encode(memory).decode(), "due_ms": due_ms}
    connection.execute(update(scaling_targets).where(scaling_targets.c.id == target.id).values(values))


def write_scaling(connection: Connection, target: ScalableTarget, scaling: str, due_ms: int) -> None:
    """Store that a scale was begun by hand; all else that is remembered stays as it is now."""
    raw = connection.execute(select(scaling_targets.c.state).where(scaling_targets.c.id == target.id)).scalar()
    memory = read_memory(raw or "")
    memory.scaling = scaling
    values = {"state": msgspec.json.encode(memory).decode(), "due_ms": due_ms}
    connection.execute(update(scaling_targets).where(scaling_targets.c.id == target.id).values(values))
