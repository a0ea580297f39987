"""Keeps what was estimated of each day, and beside it the bill once it came: the past errors of estimates."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.model import Basis, LineKey
from trimtab.store.state.database import State
from trimtab.store.state.schema.estimates import cost_estimates

KEPT_DAYS = 100
"""A quarter of compared days and the one before it."""
_columns = cost_estimates.c


class Kept(Struct, frozen=True):
    """An estimate of a line and a day as it last stood: amortised, as charged."""

    basis: Basis
    effective: float
    billed: float


class EstimateStore:
    """The table."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, day_ms: int, found: Mapping[str, Kept], now_ms: int) -> None:
        """Keep the estimates of a day, by line, in place of earlier ones; days long gone are dropped."""
        await self._state.change(partial(_put, day_ms=day_ms, found=found, now_ms=now_ms))

    async def settle(self, day_ms: int, actual: Mapping[str, tuple[float, float]]) -> None:
        """Note what the bill says of a day: of every line that was estimated, 0 where the bill has nothing."""

        def work(connection: Connection) -> None:
            for row in connection.execute(select(_columns.line).where(_columns.day_ms == day_ms)).all():
                effective, billed = actual.get(row.line, (0.0, 0.0))
                mine = (_columns.day_ms == day_ms) & (_columns.line == row.line)
                values = {"actual_effective": effective, "actual_billed": billed}
                connection.execute(update(cost_estimates).where(mine).values(values))

        await self._state.change(work)

    async def open_days(self) -> list[int]:
        """The days of which estimates are kept and the bill has not come."""
        query = select(_columns.day_ms).where(_columns.actual_billed.is_(None)).distinct().order_by(_columns.day_ms)
        return await self._state.read(lambda connection: [row.day_ms for row in connection.execute(query)])

    async def compared(self, since_ms: int) -> dict[int, dict[str, Kept]]:
        """By day, since one, what was estimated of each line of days whose bill came."""
        query = select(cost_estimates).where(_columns.day_ms >= since_ms, _columns.actual_billed.is_not(None))

        def work(connection: Connection) -> dict[int, dict[str, Kept]]:
            found: dict[int, dict[str, Kept]] = {}
            for row in connection.execute(query):
                found.setdefault(row.day_ms, {})[row.line] = Kept(Basis(row.basis), row.effective, row.billed)
            return found

        return await self._state.read(work)


def line_id(key: LineKey) -> str:
    """The name of a line in the table."""
    parts: Sequence[object] = (key.dimensions, key.tags, key.categories, key.currency)
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _put(connection: Connection, day_ms: int, found: Mapping[str, Kept], now_ms: int) -> None:
    connection.execute(delete(cost_estimates).where(_columns.day_ms == day_ms, _columns.actual_billed.is_(None)))
    settled = {row.line for row in connection.execute(select(_columns.line).where(_columns.day_ms == day_ms))}
    rows = [
        {
            "day_ms": day_ms,
            "line": line,
            "basis": int(one.basis),
            "effective": one.effective,
            "billed": one.billed,
            "made_ms": now_ms,
        }
        for line, one in found.items()
        if line not in settled
    ]
    if rows:
        connection.execute(insert(cost_estimates), rows)
    connection.execute(delete(cost_estimates).where(_columns.day_ms < day_ms - KEPT_DAYS * DAY_MS))
