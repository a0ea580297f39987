"""`LiveEstimates`: what the days cost that the bill does not have yet, kept up to the minute.

A *snapshot* is made of the bill's past (once a bill), the hours that meters tell (those since the last snapshot are
read, the others remembered) and what is new since the bill. Asked again within a minute it is the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.costs.cells import CellReader
from trimtab.costs.conditions import facets_of
from trimtab.costs.model import CostCategory, Dimension, Filter, Metric
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.division import Division
from trimtab.economics.divisions import Divisions
from trimtab.economics.estimate.base import (
    COMPARED_DAYS,
    KINDS,
    Base,
    Used,
    compared_days,
    hours_of_day,
    make_base,
    metered_of,
    wants_use,
)
from trimtab.economics.estimate.estimator import estimate_day
from trimtab.economics.estimate.facets import LineFacets
from trimtab.economics.estimate.fresh import fresh_lines
from trimtab.economics.estimate.groups import ownership
from trimtab.economics.estimate.model import (
    KNOWN,
    Basis,
    DayAmounts,
    Floats,
    Line,
    LineKey,
    Metered,
    Past,
    PastError,
    money,
)
from trimtab.economics.estimate.past import read_past
from trimtab.economics.estimate.ports import Meters
from trimtab.economics.estimate.silence import Silence, silences
from trimtab.economics.estimate.store import EstimateStore, Kept, line_id
from trimtab.economics.months import month_of
from trimtab.economics.rules.store import RulesStore

FRESH_MS = 55_000
"""How long a snapshot is told without being made anew; a job makes one a minute."""
_LATE_MS = 2 * HOUR_MS
"""How far back hours are read again: what collectors send late."""
_MOST_OPEN_DAYS = 45
"""A bill that is later than this is not late but over: its last month and a half are estimated."""
_TINY = 1e-6


class Snapshot(Struct, frozen=True):
    """The lines of the days from `closed_ms` to now, made at `at_ms`. `meters`: machines that a meter watches."""

    at_ms: int
    closed_ms: int
    base: Base
    lines: tuple[Line, ...]
    division: Division
    month: int
    meters: int
    applied: bool = False
    silences: tuple[Silence, ...] = ()
    """When telemetry was silent on the open days."""

    @property
    def facets(self) -> LineFacets:
        """What lines have of facets, as the allocation says it."""
        return LineFacets(self.division, self.month, self.closed_ms - DAY_MS, self.applied)


class LiveSpend(Struct, frozen=True):
    """What open days of a question come to so far. `lower` and `upper` hold 80 % where enough days were compared, else
    they are None. `unpriced`: lines of which nothing says a price.
    """

    amount: Decimal
    lower: Decimal | None
    upper: Decimal | None
    error: PastError
    unpriced: int
    closed_ms: int
    at_ms: int


class Sources(Struct, frozen=True):
    """What estimates are made from. `generation` changes whenever the bill or the rules do."""

    cells: CellReader
    reader: CostReader
    rules: RulesStore
    divisions: Divisions
    meters: Meters
    generation: Callable[[], Awaitable[int]]


class LiveEstimates(Struct):
    """The estimates. One snapshot is made at a time."""

    sources: Sources
    store: EstimateStore
    clock: Clock
    _snapshot: Snapshot | None = None
    _hours: dict[str, Floats] = field(default_factory=dict)
    _hours_from: int = 0
    _hours_to: int = 0
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def newest(self) -> Snapshot | None:
        """The last snapshot, however old, without making one."""
        return self._snapshot

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._snapshot, self._hours, self._hours_from, self._hours_to = None, {}, 0, 0

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None where there is no bill. Raises QueryAborted, Unavailable."""
        async with self._making:
            if self._snapshot is None or self.clock.now_ms() - self._snapshot.at_ms > FRESH_MS:
                self._snapshot = await self._make()
            return self._snapshot

    async def turn(self) -> Snapshot | None:
        """Make a snapshot, keep its days, and set the bill beside the days that it has since."""
        async with self._making:
            self._snapshot = found = await self._make()
        if found is None:
            return None
        await self._settle(found)
        for day_ms in sorted({line.day_ms for line in found.lines}):
            await self.store.put(day_ms, _kept(found, day_ms), found.at_ms)
        return found

    async def spent(
        self, scope: Scope, where: Filter | None, metric: Metric, start_ms: int, end_ms: int, currency: str = ""
    ) -> LiveSpend | None:
        """What the open days of `[start, end)` come to in a scope, for lines that meet a filter. Bounds are whole days.

        None where there is no bill, and where the filter asks for what nobody knows of a line before it is billed.
        Raises QueryAborted, Unavailable.
        """
        if any(isinstance(one, Dimension) and one not in KNOWN for one in facets_of(where)):
            return None
        found = await self.snapshot()
        return None if found is None else spent_of(found, scope, where, metric, start_ms, end_ms, currency)

    async def _make(self) -> Snapshot | None:
        sources, now_ms = self.sources, self.clock.now_ms()
        closed = await sources.reader.closed_until(now_ms)
        if closed is None:
            return None
        closed = max(closed, now_ms // DAY_MS * DAY_MS - _MOST_OPEN_DAYS * DAY_MS)
        version = await sources.rules.current()
        month = month_of(closed - 1)
        division = await sources.divisions.of(version, version.rules.owner, month)
        generation = await sources.generation()
        last = self._snapshot
        if last is not None and (last.base.generation, last.closed_ms) == (generation, closed):
            base = last.base
            await self._read_hours(base.past.start_ms, closed, now_ms)
        else:
            base = await self._base(generation, closed, division, month, now_ms)
        lines = await self._lines(base, closed, now_ms)
        silent = [one for day_ms in range(closed, now_ms, DAY_MS)
                  for one in self._silences(day_ms, min(day_ms + DAY_MS, now_ms))]  # fmt: skip
        return Snapshot(
            at_ms=now_ms,
            closed_ms=closed,
            base=base,
            lines=tuple(lines),
            division=division,
            month=month,
            meters=len(self._hours),
            applied=bool(version.version),
            silences=tuple(silent),
        )

    async def _base(self, generation: int, closed: int, division: Division, month: int, now_ms: int) -> Base:
        sources = self.sources
        extent = await sources.reader.extent()
        first = extent[0] if extent else closed
        needed = division.derivation.needs([CostCategory(division.category)])
        past = await read_past(sources.cells, sources.reader, closed, first, needed.categories)
        self._hours = {}
        await self._read_hours(past.start_ms, closed, now_ms)
        days = [past.start_ms + at * DAY_MS for at in range(past.days - compared_days(past), past.days)]
        meters = [(await self._metered(past, day_ms, day_ms + DAY_MS))[0] for day_ms in days]
        kept = await self.store.compared(closed - COMPARED_DAYS * DAY_MS)
        owned = await asyncio.to_thread(ownership, past, division, month)
        silent = [one for day_ms in days for one in self._silences(day_ms, day_ms + DAY_MS)]
        return await asyncio.to_thread(make_base, generation, closed, past, owned, meters, kept, silent)

    def _silences(self, day_ms: int, until_ms: int) -> list[Silence]:
        return silences(self._hours, self._hours_from, day_ms, until_ms)

    async def _read_hours(self, past_ms: int, closed: int, now_ms: int) -> None:
        """Read the hours that are not known yet, and the last ones again."""
        first = max(past_ms, closed - COMPARED_DAYS * DAY_MS)
        end = -(-now_ms // HOUR_MS) * HOUR_MS
        if not self._hours or self._hours_from != first:
            self._hours = dict(await self.sources.meters.hours(first, end)) if end > first else {}
            self._hours_from, self._hours_to = first, end
            return
        since = max(first, min(self._hours_to, end) - _LATE_MS)
        fresh = await self.sources.meters.hours(since, end)
        size, keep = (end - first) // HOUR_MS, (since - first) // HOUR_MS
        for name in self._hours.keys() | fresh.keys():
            row = np.zeros(size)
            known = self._hours.get(name, np.zeros(0))[:keep]
            row[: len(known)] = known
            new = fresh.get(name, np.zeros(0))
            row[keep : keep + len(new)] = new[: size - keep]
            self._hours[name] = row
        self._hours_to = end

    async def _metered(self, past: Past, day_ms: int, until_ms: int) -> tuple[Metered, dict[str, float]]:
        """What meters say of a day until a time, by line, and the hours of every machine."""
        hours = hours_of_day(self._hours, self._hours_from, day_ms, until_ms)
        used: Used = {}
        if wants_use(past):
            found = await asyncio.gather(*(self.sources.meters.used(kind, day_ms, until_ms) for kind in KINDS))
            used = dict(zip(KINDS, found, strict=True))
        return metered_of(past, hours, used), hours

    async def _lines(self, base: Base, closed: int, now_ms: int) -> list[Line]:
        lines: list[Line] = []
        machines = await self.sources.meters.running()
        for ahead, day_ms in enumerate(range(closed, now_ms, DAY_MS), 1):
            until = min(day_ms + DAY_MS, now_ms)
            metered, hours = await self._metered(base.past, day_ms, until)
            passed = (until - day_ms) / DAY_MS
            day = await asyncio.to_thread(estimate_day, base.past, metered, ahead, passed)
            lines += lines_of(base, day, day_ms)
            lines += await fresh_lines(base.past, machines, hours, day_ms, self.sources.meters)
        return lines

    async def _settle(self, found: Snapshot) -> None:
        """Set the bill beside the days that it has by now."""
        past, base = found.base.past, found.base
        for day_ms in await self.store.open_days():
            column = (day_ms - past.start_ms) // DAY_MS
            if day_ms >= found.closed_ms or not 0 <= column < past.days:
                continue
            rows = zip(base.ids, past.effective[:, column].tolist(), past.billed[:, column].tolist(), strict=True)
            await self.store.settle(day_ms, {id_: (effective, billed) for id_, effective, billed in rows})


def spent_of(
    found: Snapshot, scope: Scope, where: Filter | None, metric: Metric, start_ms: int, end_ms: int, currency: str = ""
) -> LiveSpend:
    """What the open days of `[start, end)` come to in a snapshot. Pure."""

    facets = found.facets

    def share(key: LineKey) -> float:
        return facets.share(key, where) if key.seen_by(scope) and currency in ("", key.currency) else 0.0

    inside = ((line, share(line.key)) for line in found.lines if start_ms <= line.day_ms < end_ms)
    mine = [(line, part) for line, part in inside if part]
    known = ((line.amount(metric), part) for line, part in mine)
    total = sum((part_of(amount, part) for amount, part in known if amount is not None), Decimal(0))
    error = found.base.error(found.base.weights_of(share), metric)
    bounds = error.bounds(total)
    low, high = bounds if bounds else (None, None)
    unpriced = sum(1 for line, _ in mine if line.basis is Basis.UNPRICED)
    return LiveSpend(total, low, high, error, unpriced, found.closed_ms, found.at_ms)


def part_of(amount: Decimal, share: float) -> Decimal:
    """A share of an estimated amount; all of it as it is."""
    return amount if share == 1 else amount * Decimal(f"{share:.9f}")


def lines_of(base: Base, day: DayAmounts, day_ms: int) -> list[Line]:
    """The lines of a day that come to anything, corrected."""
    effective, billed = day.effective * base.factors, day.billed * base.factors
    found = []
    for row in np.flatnonzero((np.abs(effective) + np.abs(billed)) > _TINY).tolist():
        factor = float(base.factors[row])
        note = "" if factor == 1 else f"corrected by {factor - 1:+.1%}, as estimates of the last days were off"
        amounts = money(float(day.quantity[row])), money(float(effective[row])), money(float(billed[row]))
        found.append(Line(base.past.keys[row], day_ms, Basis(int(day.basis[row])), *amounts, note))
    return found


def _kept(found: Snapshot, day_ms: int) -> dict[str, Kept]:
    return {
        line_id(line.key): Kept(line.basis, float(line.effective), float(line.billed))
        for line in found.lines
        if line.day_ms == day_ms and line.effective is not None and line.billed is not None
    }
