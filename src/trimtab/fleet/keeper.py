"""`LedgerKeeper`: keeps the days of the ledger: makes those that are asked for first, and makes again what changed.

A day remembers what it was made from: the newest mark of runs and nodes that it knows, how many times points of its
hours came late, which bill, and until when it reaches. A day of which nothing changed is left as it is; marks of runs
and nodes redo only the machines that they name. A day that is written to the end of is made again once its end is over.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.fleet.assemble import assemble
from trimtab.fleet.build import build
from trimtab.fleet.claims import UNPLACED
from trimtab.fleet.gather import FactsReader, Scheduled
from trimtab.fleet.joined import Assembled
from trimtab.fleet.known import Known
from trimtab.fleet.model import DAY_MS, Intervals, MachineKey
from trimtab.fleet.store import FleetStore, Made
from trimtab.inventory.runs.marks import MarkedDays, MarkStore

FRESH_MS = 60_000
"""How far a day that goes on may be behind: four scrapes of 15 s."""
_MANY = 3
"""Days that are new at once from which it is asked first which of them are empty."""
_FEW = 200
"""Machines up to which a day is made again for them alone; of more, whole."""
_BLOCK = 8
"""Days of which runs and nodes are read together: reading them finds as much of the past however short the range."""
_Todo = tuple[int, frozenset[MachineKey] | None]
"""A day, and the machines of it that are made again (None: all)."""
BillOf = Callable[[int], Awaitable[str]]
"""Day (days since 1970) → what the bill of its month was made of; "" where there is none."""


class _Read(Struct, frozen=True):
    """What is known of a day up to `until`, and which machines it had rows of before."""

    day: int
    until: int
    bill: str
    known: Known
    before: Sequence[str]


class LedgerKeeper(Struct):
    """Makes days, one at a time."""

    facts: FactsReader
    store: FleetStore
    marks: MarkStore
    bill_of: BillOf
    clock: Clock
    stamp: int = 0
    """Changes whenever a day was made: what was read before is not what would be read now."""
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ensure(self, start_ms: int, end_ms: int) -> int:
        """Bring the days of `[start, end)` up to now; how many were made. Raises QueryAborted, Unavailable."""
        async with self._alone:
            return await self._ensure(start_ms, end_ms)

    async def _ensure(self, start_ms: int, end_ms: int) -> int:
        now_ms = self.clock.now_ms()
        first, last = start_ms // DAY_MS, -(-min(end_ms, now_ms) // DAY_MS)
        if first >= last:
            return 0
        made = await self.store.made(first, last)
        newest, marked = await self._marked(made)
        late = await self.store.telemetry_marks(first, last)
        dirty: dict[int, set[MachineKey]] = defaultdict(set)
        for account, cluster, node, from_ms, to_ms in marked:
            for day in range(max(from_ms // DAY_MS, first), min(-(-to_ms // DAY_MS), last)):
                dirty[day].add(MachineKey(account, cluster, node or UNPLACED))
        todo: list[_Todo] = []
        kept: list[Made] = []
        for day in range(last - 1, first - 1, -1):  # the newest first: it is what most ask for
            one = made.get(day)
            if one is None or self._is_old(one, day, now_ms, late.get(day, 0), await self.bill_of(day)):
                todo.append((day, None))
            elif machines := dirty.get(day):
                todo.append((day, frozenset(machines) if len(machines) <= _FEW else None))
            elif one.marks != newest:
                kept.append(replace(one, marks=newest, version=one.version + 1))
        todo = await self._without_empty(todo, made, newest, late)
        await self._make(todo, newest, late, made)
        if kept:
            await asyncio.to_thread(self.store.put_days, kept)
        return len(todo)

    async def _marked(self, made: Mapping[int, Made]) -> tuple[int, list[MarkedDays]]:
        """The newest mark, and what was marked since the days were made: a day that is not made yet knows of all."""
        if not made:
            return await self.marks.newest(), []
        return await self.marks.since(min(one.marks for one in made.values()))

    async def _without_empty(
        self,
        todo: Sequence[_Todo],
        made: Mapping[int, Made],
        marks: int,
        late: Mapping[int, int],
    ) -> list[_Todo]:
        """What is to be made, without new days of which nothing is said: these are noted at once."""
        new = [day for day, only in todo if only is None and day not in made]
        if len(new) < _MANY:
            return list(todo)
        said = await self.facts.days(min(new), max(new) + 1)
        now_ms = self.clock.now_ms()
        empty = {day for day in new if day not in said}
        noted = [
            Made(day, now_ms, min((day + 1) * DAY_MS, now_ms), marks, late.get(day, 0), await self.bill_of(day))
            for day in sorted(empty)
        ]
        if noted:
            await asyncio.to_thread(self.store.put_days, noted)
        return [(day, only) for day, only in todo if day not in empty]

    def _is_old(self, one: Made, day: int, now_ms: int, late: int, bill: str) -> bool:
        end_ms = (day + 1) * DAY_MS
        behind = one.until < min(end_ms, now_ms - FRESH_MS)
        return behind or one.telemetry != late or one.bill != bill

    async def _make(self, todo: Sequence[_Todo], marks: int, late: Mapping[int, int], made: Mapping[int, Made]) -> None:
        """Make days, or some machines of them: while one is worked out the next is read."""
        for at in range(0, len(todo), _BLOCK):
            block = todo[at : at + _BLOCK]
            days = [day for day, _ in block]
            scheduled = await self.facts.scheduled(min(days) * DAY_MS, (max(days) + 1) * DAY_MS)
            coming: asyncio.Task[_Read] | None = None
            try:
                for place, (day, only) in enumerate(block):
                    read = await (coming or self._read(day, made.get(day), only, scheduled))
                    coming = None
                    for later, of in block[place + 1 : place + 2]:
                        coming = asyncio.create_task(self._read(later, made.get(later), of, scheduled))
                    await self._write(read, marks, late.get(day, 0), made.get(day))
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)

    async def _read(
        self, day: int, earlier: Made | None, only: frozenset[MachineKey] | None, scheduled: Scheduled
    ) -> _Read:
        now_ms = self.clock.now_ms()
        start_ms, until = day * DAY_MS, min((day + 1) * DAY_MS, now_ms)
        bill = await self.bill_of(day)
        if only is not None and earlier is not None:
            until = earlier.until  # the others reach as far
        known = await self.facts.known(start_ms, until, only, scheduled)
        before = await self.store.machines_of(day)
        if only is not None:
            before = [path for path in before if MachineKey.parse(path) in only]
        return _Read(day, until, bill, known, before)

    async def _write(self, read: _Read, marks: int, late: int, earlier: Made | None) -> None:
        # A clock that went back must not leave the older row in force.
        version = max(self.clock.now_ms(), earlier.version + 1 if earlier else 0)
        self.stamp += 1
        assembled, found = await asyncio.to_thread(_made_of, read.known)
        await asyncio.to_thread(self.store.put, read.day, version, assembled, found, read.before)
        # Another process may have made the day meanwhile, of older facts: what it did not know is looked for again.
        now = (await self.store.made(read.day, read.day + 1)).get(read.day)
        if now is not None and (earlier is None or now.version != earlier.version):
            marks, version = min(marks, now.marks), max(version, now.version + 1)
        await asyncio.to_thread(self.store.put_days, [Made(read.day, version, read.until, marks, late, read.bill)])


def _made_of(known: Known) -> tuple[Assembled, Intervals]:
    assembled = assemble(known)
    return assembled, build(assembled.facts)
