"""Rooms as they were known at a moment: nothing later is read, whoever asks."""

from datetime import timedelta
from decimal import Decimal

from trimtab.access.scope import Scope
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.base.clock import ManualClock, to_datetime, to_ms
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow, Granularity
from trimtab.costs.read import CostReader, PowerCost


class Until(CostReader):
    """The bill of the days before `end_ms`. Only what plans and facts ask is answered."""

    def __init__(self, reader: CostReader, end_ms: int) -> None:
        self._reader, self._end_ms = reader, end_ms

    async def extent(self) -> tuple[int, int] | None:
        """From when to when the bill goes, at most to the end; None where it begins later."""
        found = await self._reader.extent()
        return None if found is None or found[0] >= self._end_ms else (found[0], min(found[1], self._end_ms))

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """The rows of a question that ends before the end. Raises as the reader does."""
        if query.start_ms >= self._end_ms:
            return []
        rows = await self._reader.costs(scope, replace(query, end_ms=min(query.end_ms, self._end_ms)))
        if query.granularity is not Granularity.MONTHLY or query.end_ms < self._end_ms:
            return rows
        return [await self._until(row) for row in rows]

    async def _until(self, row: CostRow) -> CostRow:
        """A fee that is billed once for a month that ends later, as its share by days."""
        extent = await self._reader.extent()
        begun = to_datetime(row.start_ms)
        ends = to_ms((begun.replace(day=1) + timedelta(days=32)).replace(day=1))
        known = min(ends, extent[1] if extent else ends)
        if known <= self._end_ms:
            return row
        share = Decimal(self._end_ms - row.start_ms) / (known - row.start_ms)
        return replace(row, amounts=tuple(one * share for one in row.amounts), end_ms=self._end_ms)

    async def power(self, scope: Scope, start_ms: int, end_ms: int) -> list[PowerCost]:
        """What electricity cost of machines before the end."""
        if start_ms >= self._end_ms:
            return []
        return await self._reader.power(scope, start_ms, min(end_ms, self._end_ms))


def facts_until(facts: FactsReader, end_ms: int) -> FactsReader:
    """The facts as they were at a moment, but for the inventory, which keeps no past."""
    return replace(facts, costs=facts.costs.over(Until(facts.costs.reader, end_ms)), clock=ManualClock(end_ms))
