"""What is made of spans, kept by the hour: an hour is made again when spans of it, or of those beside it, came since.

Whole traces are read, so what an hour says depends on spans an hour before it and after it. How many spans an hour has
and when the newest of them came is one narrow read, whatever the range; hours in which nothing changed are not read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

HOUR_MS = 3_600_000
BLOCK = 24
"""Hours that are read together at most: what a read holds in memory does not grow with the range."""
MOST_HOURS = 24 * 100
"""Hours that are kept: a quarter of a year and a margin. Those that were asked for longest ago go first."""
T = TypeVar("T")
Mark = tuple[int, int]
"""How many spans an hour has, and when the newest came (ms)."""
_NONE: Mark = (0, 0)
Marks = Callable[[int, int], Awaitable[Mapping[int, Mark]]]
"""Start and end (ms) → by hour (its start, ms) its mark; hours without spans are left out. Raises QueryAborted,
Unavailable."""
Read = Callable[[int, int], Awaitable[Mapping[int, T] | None]]
"""Start and end (ms) → by hour what is made of its spans; None where that is too much to read together, which a read
for one hour (and those beside it) must not say. Raises QueryAborted, Unavailable."""


class _Kept(Struct, Generic[T]):
    marks: tuple[Mark, Mark, Mark]
    value: T | None


class KeptHours(Generic[T]):
    """Hours of whatever `read` makes of spans. Askers of the same time wait for one read."""

    def __init__(self, marks: Marks, read: Read[T], weigh: Callable[[T], int] = lambda _: 0, most: int = 1) -> None:
        """Of what `weigh` says of its hours about `most` is kept; an answer that has more ends with that hour."""
        self._marks = marks
        self._read = read
        self._weigh = weigh
        self._most = most
        self._kept: dict[int, _Kept[T]] = {}
        self._together = BLOCK
        self._alone = asyncio.Lock()

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._kept.clear()

    async def over(self, start_ms: int, end_ms: int) -> list[T]:
        """What is made of the hours that `[start, end)` touches, in their order; of hours that have something.

        Where it weighs more than `most`, it is the first of them. Raises QueryAborted, Unavailable.
        """
        found: list[T] = []
        weight = 0

        async def take(value: T) -> bool:
            nonlocal weight
            found.append(value)
            weight += self._weigh(value)
            return weight <= self._most

        await self.walk(start_ms, end_ms, take)
        return found

    async def walk(self, start_ms: int, end_ms: int, take: Callable[[T], Awaitable[bool]]) -> None:
        """Give `take` what is made of each hour that `[start, end)` touches, in their order, until it answers False.

        However many there are, about `most` of them stay in memory. Raises QueryAborted, Unavailable.
        """
        first, last = start_ms // HOUR_MS * HOUR_MS, -(-end_ms // HOUR_MS) * HOUR_MS
        async with self._alone:
            marks = await self._marks(first - HOUR_MS, last + HOUR_MS)
            now = {hour: _around(marks, hour) for hour in range(first, last, HOUR_MS)}
            old = {hour for hour in now if self._is_old(hour, now[hour])}
            self._together = min(self._together * 2, BLOCK)
            weight = 0
            for hour, mark in now.items():
                if hour in old:
                    await self._make(now, hour, old)
                value = self._asked(hour) if mark[1] != _NONE else None
                if value is None:
                    continue
                weight += self._weigh(value)
                if weight > self._most:  # what a longer range begins with stays: else it would be read anew each time
                    del self._kept[hour]
                if not await take(value):
                    break
            self._shrink()

    def weight(self) -> int:
        """What the hours weigh that are kept."""
        return sum(self._weigh(one.value) for one in self._kept.values() if one.value is not None)

    async def _make(self, now: Mapping[int, tuple[Mark, Mark, Mark]], begin: int, old: set[int]) -> None:
        """Read that hour and the old ones after it; of what is too much the first half, and of later hours no more."""
        while True:
            end = begin + HOUR_MS
            while end in old and end - begin < self._together * HOUR_MS:
                end += HOUR_MS
            if (made := await self._read(begin - HOUR_MS, end + HOUR_MS)) is not None:
                break
            self._together = max((end - begin) // HOUR_MS // 2, 1)
        for hour in range(begin, end, HOUR_MS):
            self._kept[hour] = _Kept(now[hour], made.get(hour))
            old.discard(hour)

    def _shrink(self) -> None:
        weight = self.weight()
        while len(self._kept) > MOST_HOURS or weight > self._most:
            gone = self._kept.pop(next(iter(self._kept))).value
            weight -= self._weigh(gone) if gone is not None else 0

    def _is_old(self, hour: int, marks: tuple[Mark, Mark, Mark]) -> bool:
        if marks[1] == _NONE:
            return False
        kept = self._kept.get(hour)
        return kept is None or kept.marks != marks

    def _asked(self, hour: int) -> T | None:
        kept = self._kept[hour] = self._kept.pop(hour)
        return kept.value


def _around(marks: Mapping[int, Mark], hour: int) -> tuple[Mark, Mark, Mark]:
    before, own, after = (marks.get(hour + step, _NONE) for step in (-HOUR_MS, 0, HOUR_MS))
    return before, own, after
