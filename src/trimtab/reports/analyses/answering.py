"""Answers visuals: the largest groups, then all amounts, the whole, the period before, and what is drawn over them.

Every question goes through the dataset reader with the caller's `Reader`: what that may not see does not exist here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from trimtab.base.clock import Clock, to_ms
from trimtab.base.records import replace
from trimtab.reports.analyses.asking import Plan, plan
from trimtab.reports.analyses.folding import Kept, folded, largest, together
from trimtab.reports.analyses.grouping import OTHER
from trimtab.reports.analyses.model import Key, Row, Shown, Value
from trimtab.reports.analyses.overlays import Overlays
from trimtab.reports.analyses.periods import DAY_MS, after, before, between, complete
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.datasets.compiled import Compiled
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import Answer
from trimtab.reports.datasets.spec import Dataset

_WHOLE = frozenset(("kpi", "table", "pivot", "bars", "columns", "sankey", "heat"))
"""Kinds that show all groups together too."""
_MINUTE_MS = 60_000
_COMPARED = frozenset(("kpi", "line", "columns", "bars", "table", "pivot"))


class Asks(Protocol):
    """Who answers questions to a dataset: the room of datasets."""

    def compiled(self, spec: Dataset, reader: Reader | None = None, query: Query | None = None) -> Compiled:
        """A dataset made ready."""

    async def run(self, spec: Dataset, reader: Reader, query: Query) -> Answer:
        """An answer within what `reader` may see."""


class Wanted(Struct, frozen=True):
    """A visual with what its analysis and its page say: the dataset, further conditions, parameters, the range."""

    visual: Visual
    name: str
    dataset: Dataset
    where: tuple[str, ...] = ()
    parameters: Mapping[str, Any] | None = None
    range_ms: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None

    def span(self, now_ms: int) -> tuple[int, int]:
        """The range: what is asked for, else the last days, from the beginning of the first one."""
        end = self.end_ms if self.end_ms is not None else -(-now_ms // _MINUTE_MS) * _MINUTE_MS
        if self.start_ms is not None:
            return self.start_ms, end
        length = self.range_ms or self.dataset.range_ms
        start = end - length
        return (start // DAY_MS * DAY_MS if length % DAY_MS == 0 else start), end


class Answering:
    """Answers visuals over a reader of datasets."""

    def __init__(self, asks: Asks, overlays: Overlays, clock: Clock) -> None:
        self._asks = asks
        self._overlays = overlays
        self._clock = clock

    def planned(self, wanted: Wanted, reader: Reader) -> Plan:
        """A visual looked through, nothing read. Raises InvalidInput."""
        parameters = dict(wanted.parameters or {})
        compiled = self._asks.compiled(wanted.dataset, reader, Query(parameters=parameters))
        parameters = {name: value for name, value in parameters.items() if name in wanted.dataset.parameters}
        where = (*wanted.where, *wanted.visual.where)
        return plan(wanted.visual, compiled, where, parameters, wanted.span(self._clock.now_ms()))

    async def show(self, wanted: Wanted, reader: Reader) -> Shown:
        """A visual answered. Raises InvalidInput, QueryAborted, Unavailable."""
        made = self.planned(wanted, reader)

        async def ask(query: Query) -> Answer:
            return await self._asks.run(wanted.dataset, reader, query)

        found, rows, whole, kept = await self._groups(made, ask)
        shown = Shown(
            made.visual, made.kind, wanted.name, made.dimensions, made.amounts, tuple(_arranged(rows, made)),
            made.start_ms, made.end_ms, whole, until_ms=found.until_ms, notes=(*dict.fromkeys(found.notes),),
            more=found.more or len(rows) > made.limit, extracted_ms=found.extracted_ms,
        )  # fmt: skip
        shown = _in_currency(replace(shown, rows=shown.rows[: made.limit]), found)
        if made.visual.compare and made.kind in _COMPARED:
            shown = await self._compared(shown, made, kept, ask)
        return await self._overlaid(shown, made, ask)

    async def _groups(self, made: Plan, ask: "Ask") -> tuple[Answer, list[Row], Row | None, Kept]:
        """The groups, the whole, and which groups are shown one by one.

        Amounts that add up are asked for once and folded here; others are asked for again where they are folded.
        """
        if not made.dimensions:
            found = await ask(made.whole())
            rows = _rows(found, made)
            return found, rows, rows[0] if rows else None, ()
        everything: Kept = [None] * len(made.dimensions)
        if all(one.additive for one in made.amounts):
            found = await ask(made.groups(everything))
            if not found.more:
                rows = _rows(found, made)
                kept = largest(rows, made)
                whole = Row((), together(rows, len(made.amounts))) if made.kind in _WHOLE and rows else None
                return found, folded(rows, made, kept), whole, kept
        kept, all_ = await asyncio.gather(self._kept(made, ask), self._whole(made, ask))
        found = await ask(made.groups(kept))
        return found, _rows(found, made), _rows(all_, made, groups=False)[0] if all_ is not None else None, kept

    async def _kept(self, made: Plan, ask: "Ask") -> Kept:
        """The groups of each dimension that are shown one by one, ranked by the dataset."""

        async def rank(at: int) -> Sequence[Key] | None:
            if not made.tops[at]:
                return None
            keys = _keys((await ask(made.ranking(at))).table.column("d").to_pylist())
            return keys[: made.tops[at]] if len(keys) > made.tops[at] else None

        return list(await asyncio.gather(*(rank(at) for at in range(len(made.dimensions)))))

    async def _whole(self, made: Plan, ask: "Ask") -> Answer | None:
        return await ask(made.whole()) if made.kind in _WHOLE else None

    async def _compared(self, shown: Shown, made: Plan, kept: Kept, ask: "Ask") -> Shown:
        """The same of the range before; moments are told as those of this range."""
        at = next((at for at, one in enumerate(made.dimensions) if one.timely), None)
        grain = made.dimensions[at].grain if at is not None else ""
        start, end, number = before(made.start_ms, made.end_ms, grain)
        earlier, whole = await self._earlier(replace(made, start_ms=start, end_ms=end), kept, ask)
        known: dict[tuple[Key, ...], tuple[Value, ...]] = {}
        for row in earlier:
            keys = tuple(
                after(key, grain, number) if place == at and isinstance(key, int) else key
                for place, key in enumerate(row.keys)
            )
            known[keys] = row.values
        none = (None,) * len(made.amounts)
        rows = [replace(row, before=known.pop(row.keys, none)) for row in shown.rows]
        rows += [Row(keys, none, values) for keys, values in known.items()]
        total = shown.total
        if total is not None and whole is not None:
            total = replace(total, before=whole.values)
        if not made.dimensions and total is not None:
            rows = [total]
        return replace(shown, rows=tuple(_arranged(rows, made)), total=total, before=(start, end))

    async def _earlier(self, made: Plan, kept: Kept, ask: "Ask") -> tuple[list[Row], Row | None]:
        """The groups and the whole of another range, folded as those of this one."""
        if made.dimensions and all(one.additive for one in made.amounts):
            found = await ask(made.groups([None] * len(made.dimensions)))
            if not found.more:
                rows = _rows(found, made)
                whole = Row((), together(rows, len(made.amounts))) if rows else None
                return folded(rows, made, kept), whole
        if not made.dimensions:
            rows = _rows(await ask(made.whole()), made)
            return [], rows[0] if rows else None
        groups, all_ = await asyncio.gather(ask(made.groups(kept)), self._whole(made, ask))
        return _rows(groups, made), _rows(all_, made, groups=False)[0] if all_ is not None else None

    async def _overlaid(self, shown: Shown, made: Plan, ask: "Ask") -> Shown:
        wanted = made.visual.forecast or made.visual.anomalies
        if not (wanted and made.dimensions and made.dimensions[0].timely):
            return shown
        start = self._overlays.from_ms(made)
        found = await ask(made.history(start))
        past = replace(made, dimensions=made.dimensions[:1])
        points = {row.keys[0]: row.values[0] for row in _rows(found, past) if isinstance(row.keys[0], int)}
        grain = made.dimensions[0].grain
        until = min(made.end_ms, shown.known_until_ms or made.end_ms)
        starts = between(start, made.end_ms, grain)
        stop = complete(starts, grain, until)
        known = [at for at in starts if stop is None or at < stop]
        first = min(points, default=0)
        series = [(at, _number(points.get(at), made)) for at in known if at >= first]
        return await self._overlays.over(shown, made, series)


Ask = Callable[[Query], Awaitable[Answer]]


def _number(value: Value, made: Plan) -> float:
    if value is None:
        return 0.0 if made.amounts[0].additive else float("nan")
    return float(value)


def _rows(found: Answer, made: Plan, *, groups: bool = True) -> list[Row]:
    table = found.table
    keys = [_keys(table.column(f"d{at}").to_pylist()) for at in range(len(made.dimensions))] if groups else []
    values = [table.column(f"m{at}").to_pylist() for at in range(len(made.amounts)) if f"m{at}" in table.column_names]
    return [
        Row(tuple(one[at] for one in keys), tuple(_value(one[at]) for one in values)) for at in range(table.num_rows)
    ]


def _keys(values: Sequence[Any]) -> list[Key]:
    return [to_ms(one) if isinstance(one, datetime) else one for one in values]


def _value(value: Any) -> Value:
    return None if isinstance(value, float) and value != value else value


def _arranged(rows: Sequence[Row], made: Plan) -> list[Row]:
    """Moments in their order, else the largest first; the others together always last."""
    ordered = [at for at, one in enumerate(made.dimensions) if one.timely or one.cyclic]

    def place(row: Row) -> tuple[Any, ...]:
        first = row.values[0] if row.values else None
        return (
            *((row.keys[at] is None, row.keys[at] or 0) for at in ordered),
            any(key == OTHER for key in row.keys),
            -float(first) if first is not None else float("inf"),
            tuple(str(key) for key in row.keys),
        )

    return sorted(rows, key=place)


def _in_currency(shown: Shown, answer: Answer) -> Shown:
    """The money's own unit, and a warning where several are added up."""
    seen = {
        one
        for name in ("c0", "c1")
        if name in answer.table.column_names
        for one in answer.table.column(name).to_pylist()
        if one
    }
    if len(seen) > 1:
        note = f"Amounts in {' and '.join(sorted(seen))} are added up: group by {{currency}} or filter it"
        return replace(shown, notes=(*shown.notes, note.replace("{currency}", "currency")))
    if not seen:
        return shown
    unit = seen.pop()
    amounts = [replace(one, unit=one.unit.replace("USD", unit)) if one.money else one for one in shown.amounts]
    return replace(shown, amounts=tuple(amounts))
