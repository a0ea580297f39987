"""What the ledger's days took from bills: a day is made again where its bill says something else of machines.

A provider delivers a month some times a day, and each time it is imported anew. Amounts are read when they are asked
for; the ledger itself takes from a bill which machines it names and how long. Those of most days are as they were.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from msgspec import Struct, field

from trimtab.base.clock import Clock, to_datetime
from trimtab.base.ids import hash64
from trimtab.costs.model import Held
from trimtab.fleet.known import BilledMachine
from trimtab.fleet.model import DAY_MS

_FRESH_MS = 2_000
"""How long the list of what bills hold is remembered: a page asks for it many times."""
_KEPT = 60
"""Months of which it is remembered what bills said of each day."""
_NOTHING = f"{hash64('[]'):x}"
"""Of a day of which bills name no machine."""
_READ_AS = "2:"
"""How what bills say of machines is read. Another one has every day of a bill looked at again, after an upgrade."""
_EPOCH = date(1970, 1, 1).toordinal()


class BillMarks(Struct):
    """What the bill of a day's month is made of: it changes when any of it is imported again."""

    held: Callable[[], Sequence[Held]]
    clock: Clock
    _marks: dict[int, str] | None = None
    _at_ms: int = 0

    async def __call__(self, day: int) -> str:
        """The mark of a day (since 1970); "" where no bill of its month or the months beside it is held."""
        now_ms = self.clock.now_ms()
        if self._marks is None or now_ms - self._at_ms > _FRESH_MS:
            found: dict[int, list[tuple[str, int, int]]] = {}
            for one in await asyncio.to_thread(self.held):
                found.setdefault(one.month, []).append((one.source, one.import_id, one.lines))
            self._marks = {month: f"{hash64(repr(sorted(some))):x}" for month, some in found.items()}
            self._at_ms = now_ms
        # Lines of a day may be billed in the month before or after: late use, and periods that are not months.
        months = [_month_of(day) + away for away in (-1, 0, 1)]
        marks = "".join(self._marks.get(month // 12 * 100 + month % 12 + 1, "") for month in months)
        return f"{_READ_AS}{marks}" if marks else ""


class BilledDays(Struct):
    """What bills said of machines on a day, as `Made.bill` keeps it: the mark of the bill, and a digest of the day."""

    marks: Callable[[int], Awaitable[str]]
    billed: Callable[[int, int], Awaitable[Sequence[BilledMachine]]]
    """The machines that bills name in `[start, end)` (ms)."""
    _digests: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)

    async def of(self, day: int) -> str:
        """What bills say of a day (since 1970) now. Raises QueryAborted, Unavailable."""
        mark = await self.marks(day)
        return f"{mark} {await self._digest(mark, day)}" if mark else ""

    async def still(self, was: str, day: int) -> str | None:
        """What they say now of a day where it is what they said, by another mark maybe; None where it is not.

        Raises QueryAborted, Unavailable.
        """
        mark_was, _, digest_was = was.partition(" ")
        mark = await self.marks(day)
        if mark == mark_was:
            return was
        digest_was = digest_was or ("" if mark_was else _NOTHING)  # days that earlier versions made have none
        digest = await self._digest(mark, day) if mark else _NOTHING
        if digest != digest_was:
            return None
        return f"{mark} {digest}" if mark else ""

    async def _digest(self, mark: str, day: int) -> str:
        key = mark, _month_of(day)
        found = self._digests.get(key)
        if found is None:
            first, last = _days_of(key[1])
            found = _digests_of(await self.billed(first * DAY_MS, last * DAY_MS))
            self._digests[key] = found
            while len(self._digests) > _KEPT:
                self._digests.pop(next(iter(self._digests)))
        return found.get(day, _NOTHING)


def _digests_of(machines: Sequence[BilledMachine]) -> dict[int, str]:
    days: dict[int, list[tuple[object, ...]]] = defaultdict(list)
    for one in machines:
        for start_ms, end_ms in one.spans:  # each within its day
            what = one.resource, one.account, one.region, one.instance_type, one.gpus, end_ms
            days[start_ms // DAY_MS].append(what)
    return {day: f"{hash64(repr(sorted(some))):x}" for day, some in days.items()}


def _month_of(day: int) -> int:
    """The month of a day, counted since year 0."""
    when = to_datetime(day * DAY_MS)
    return when.year * 12 + when.month - 1


def _days_of(month: int) -> tuple[int, int]:
    """The first day of a month, and that of the next."""
    return _first_day(month), _first_day(month + 1)


def _first_day(month: int) -> int:
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
