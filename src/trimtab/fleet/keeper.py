"""`LedgerKeeper`: keeps the days of the ledger: makes those that are asked for first, and makes again what changed.

A day remembers what it was made from: the newest mark of runs and nodes that it knows, how many times points of its
hours came late, which bill, and until when it reaches. A day of which nothing changed is left as it is; marks of runs
and nodes redo only the machines that they name. A day that is written to the end of is made again once its end is over.

Who has little patience (a page) is answered with what was made before a stop, while the rest is made behind it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct, field

from trimtab.base import patience
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.fleet.assemble import assemble
from trimtab.fleet.bills import BilledDays
from trimtab.fleet.build import build
from trimtab.fleet.claims import UNPLACED
from trimtab.fleet.gather import FactsReader, Scheduled
from trimtab.fleet.joined import Assembled
from trimtab.fleet.known import Known
from trimtab.fleet.model import DAY_MS, Intervals, MachineKey
from trimtab.fleet.store import FleetStore, Made
from trimtab.inventory.runs.marks import Marks, MarkStore

FRESH_MS = 60_000
"""How far a day that goes on may be behind: four scrapes of 15 s."""
_HARDLY_MS = 300_000
"""Days that are no more behind than this are waited for: a server that runs brings them up to now every minute."""
_SHOWN_MS = 30_000
"""How long an answer that was behind may still be shown after the days have caught up: pages keep one so long."""
_MANY = 3
"""Days that are new at once from which it is asked first which of them are empty."""
_FEW = 200
"""Machines up to which a day is made again for them alone; of more, whole."""
_BLOCK = 8
"""Days of which runs and nodes are read together: reading them finds as much of the past however short the range."""
_Todo = tuple[int, frozenset[MachineKey] | None]
"""A day, and the machines of it that are made again (None: all)."""
_Days = tuple[int, int]
"""The first day of a range, and the one after its last."""


class _Read(Struct, frozen=True):
    """What is known of a day up to `until`, and which machines it had rows of before."""

    day: int
    until: int
    bill: str
    known: Known
    before: Sequence[str]


class _Look(Struct, frozen=True):
    """The days that are to be made, those that only know of newer marks now, and what all days were made from."""

    todo: Sequence[_Todo]
    kept: Sequence[Made]
    marks: int
    late: Mapping[int, int]
    made: Mapping[int, Made]


class LedgerKeeper(Struct):
    """Makes days, one at a time."""

    facts: FactsReader
    store: FleetStore
    marks: MarkStore
    bills: BilledDays
    clock: Clock
    begun_ms: int = 0
    """When this process began: after a start nobody waits for days that one before it had made."""
    stamp: int = 0
    """Changes whenever a day was made: what was read before is not what would be read now."""
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _going: dict[_Days, asyncio.Task[int]] = field(default_factory=dict)
    """What is made for those who ask with little patience."""
    _awaited: set[_Days] = field(default_factory=set)
    """Of that, what was answered before it was made."""
    _begun: set[_Days] = field(default_factory=set)
    """Of that, what no longer waits for what others have made."""
    _known_until: int = 0
    _caught_up_ms: int = 0

    @property
    def known_until(self) -> int | None:
        """The moment up to which answers are whole that were given before the days were up to now; None: all are."""
        shown = self._awaited or self.clock.now_ms() < self._caught_up_ms + _SHOWN_MS
        return self._known_until if shown else None

    async def ensure(self, start_ms: int, end_ms: int) -> int:
        """Bring the days of `[start, end)` up to now; how many were made. Raises QueryAborted, Unavailable.

        When the patience of who asks ends, days that were made before are left as they are, and made behind it: after a
        stop of hours, or while others' days are made, a page shows what was known. What was never made is waited for.
        """
        left_s = patience.left_s(self.clock)
        if left_s is None:
            return await self._in_turn(start_ms, end_ms, None)
        days = start_ms // DAY_MS, -(-min(end_ms, self.clock.now_ms()) // DAY_MS)
        work = self._going.get(days)
        if work is None:
            work = self._going[days] = asyncio.create_task(self._in_turn(start_ms, end_ms, days))
            work.add_done_callback(partial(self._ended, days))
        await asyncio.wait({work}, timeout=left_s)
        if not work.done():
            made = await self.store.made(*days)
            until = _reached(made, days)
            taken_up = all(one.version < self.begun_ms for one in made.values())
            # While a stop is caught up with, points of it come late and days are made several times.
            now_ms = self.clock.now_ms()
            reach_ms, shown_ms = min(end_ms, now_ms), self.known_until
            behind = shown_ms is not None or (until or 0) < reach_ms - _HARDLY_MS
            if until is not None and (behind or taken_up or days not in self._begun) and not work.done():
                # A range that ended long ago says nothing of today: of it only what came late is missing.
                self._known_until = until if until < reach_ms else shown_ms or now_ms
                self._awaited.add(days)
                return 0
        return await asyncio.shield(work)

    async def _in_turn(self, start_ms: int, end_ms: int, days: _Days | None) -> int:
        """Make the days after what others have made; days of which nothing changed need not wait for that."""
        if self._alone.locked() and not (await self._look(start_ms, end_ms)).todo:
            return 0
        async with self._alone:
            if days is not None:
                self._begun.add(days)
            return await self._ensure(start_ms, end_ms)

    def _ended(self, days: _Days, work: asyncio.Task[int]) -> None:
        del self._going[days]
        self._begun.discard(days)
        if days in self._awaited:
            self._awaited.discard(days)
            self._caught_up_ms = self.clock.now_ms()
        if not work.cancelled():
            work.exception()  # whoever waits is told; where nobody does, who asks next makes the days

    async def _ensure(self, start_ms: int, end_ms: int) -> int:
        seen = await self._look(start_ms, end_ms)
        todo = await self._without_empty(seen.todo, seen.made, seen.marks, seen.late)
        await self._make(todo, seen.marks, seen.late, seen.made)
        if seen.kept:
            await asyncio.to_thread(self.store.put_days, seen.kept)
            if any(one.bill != seen.made[one.day].bill for one in seen.kept):
                self.stamp += 1  # amounts are others
        return len(todo)

    async def _look(self, start_ms: int, end_ms: int) -> _Look:
        """Which days of a range are to be made, the newest first: it is what most ask for."""
        now_ms = self.clock.now_ms()
        first, last = start_ms // DAY_MS, -(-min(end_ms, now_ms) // DAY_MS)
        if first >= last:
            return _Look([], [], 0, {}, {})
        made = await self.store.made(first, last)
        newest, marked = await self._marked(made)
        late = await self.store.telemetry_marks(first, last)
        dirty: dict[int, set[MachineKey]] = defaultdict(set)
        for (account, cluster, node, from_ms, to_ms), version in marked.items():
            machine = MachineKey(account, cluster, node or UNPLACED)
            for day in range(max(from_ms // DAY_MS, first), min(-(-to_ms // DAY_MS), last)):
                if day in made and made[day].marks < version:
                    dirty[day].add(machine)
        todo: list[_Todo] = []
        kept: list[Made] = []
        for day in range(last - 1, first - 1, -1):
            one = made.get(day)
            known = one is not None and not self._is_old(one, day, now_ms, late.get(day, 0))
            bill = await self.bills.still(one.bill, day) if one is not None and known else None
            if one is None or bill is None:
                todo.append((day, None))
            elif machines := dirty.get(day):
                todo.append((day, frozenset(machines) if len(machines) <= _FEW else None))
            elif (one.marks, one.bill) != (newest, bill):
                kept.append(replace(one, marks=newest, bill=bill, version=one.version + 1))
        return _Look(todo, kept, newest, late, made)

    async def _marked(self, made: Mapping[int, Made]) -> tuple[int, Marks]:
        """The newest mark, and what was marked since the first of the days was made."""
        if not made:
            return await self.marks.newest(), {}
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
            Made(day, now_ms, min((day + 1) * DAY_MS, now_ms), marks, late.get(day, 0), await self.bills.of(day))
            for day in sorted(empty)
        ]
        if noted:
            await asyncio.to_thread(self.store.put_days, noted)
        return [(day, only) for day, only in todo if day not in empty]

    def _is_old(self, one: Made, day: int, now_ms: int, late: int) -> bool:
        end_ms = (day + 1) * DAY_MS
        behind = one.until < min(end_ms, now_ms - FRESH_MS)
        return behind or one.telemetry != late

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
        bill = await self.bills.of(day)
        if only is not None and earlier is not None:
            until, bill = earlier.until, earlier.bill  # the others reach as far, and were made of that
        known = await self.facts.known(start_ms, until, only, scheduled)
        before = await self.store.machines_of(day)
        if only is not None:
            before = [path for path in before if MachineKey.parse(path) in only]
        return _Read(day, until, bill, known, before)

    async def _write(self, read: _Read, marks: int, late: int, earlier: Made | None) -> None:
        # A clock that went back must not leave the older row in force.
        version = max(self.clock.now_ms(), earlier.version + 1 if earlier else 0)
        assembled, found = await asyncio.to_thread(_made_of, read.known)
        await asyncio.to_thread(self.store.put, read.day, version, assembled, found, read.before)
        # Another process may have made the day meanwhile, of older facts: what it did not know is looked for again.
        now = (await self.store.made(read.day, read.day + 1)).get(read.day)
        if now is not None and (earlier is None or now.version != earlier.version):
            marks, version = min(marks, now.marks), max(version, now.version + 1)
        await asyncio.to_thread(self.store.put_days, [Made(read.day, version, read.until, marks, late, read.bill)])
        self.stamp += 1  # at the end: what somebody in a hurry read meanwhile is not taken for what the day is now


def _reached(made: Mapping[int, Made], days: _Days) -> int | None:
    """Until when days are known without a gap; None where nothing is, or something is known behind a gap."""
    until = None
    for day in range(*days):
        if day not in made:
            return None if any(later in made for later in range(day, days[1])) else until
        until = made[day].until
        if until < (day + 1) * DAY_MS:
            break
    return until


def _made_of(known: Known) -> tuple[Assembled, Intervals]:
    assembled = assemble(known)
    return assembled, build(assembled.facts)
