"""Calls added up hour by hour and kept: a question over months adds up sums, and reads what came since it was asked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.tokens.calls import Calls, SpanCalls
from trimtab.economics.tokens.tallies import HourTally, Sums, tally_of
from trimtab.genai.prices.book import Book
from trimtab.jobs.periodic import Job
from trimtab.traces.kept_hours import HOUR_MS, KeptHours, Marks

MOST_SUMS = 400_000
"""Sums that are kept, of about 500 bytes each: every session of an hour is one."""
READY_DAYS = 8
"""The whole days that a range of seven touches."""
_READY_S = 300.0
_READY_AFTER_S = 120.0
"""How long after a start they are made ready: it takes a core for a while, as do the first pages."""


class ReadSums(Protocol):
    """Reads sums. Raises QueryAborted, Unavailable."""

    async def over(self, scope: Scope, start_ms: int, end_ms: int, by: str) -> Sums:
        """The calls that began in whole days, added up by a field of BY, of a scope's accounts and regions."""
        ...


class KeptSums:
    """Sums of calls by the hour, in memory. The rows that a scope is bound to are not looked at."""

    def __init__(self, calls: SpanCalls, marks: Marks, books: Callable[[], Sequence[Book]]) -> None:
        self._calls = calls
        self._books = books
        self._hours: KeptHours[HourTally] = KeptHours(marks, self._by_hour, lambda hour: hour.size, MOST_SUMS)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._hours.forget()

    async def over(self, scope: Scope, start_ms: int, end_ms: int, by: str) -> Sums:
        """The calls that began in whole days, added up by a field. Raises QueryAborted, Unavailable."""
        sums = Sums()

        async def take(hour: HourTally) -> bool:
            await asyncio.to_thread(sums.add, hour, by, scope)
            return True

        await self._hours.walk(start_ms, end_ms, take)
        return sums

    def job(self, clock: Clock) -> Job:
        """Keeps the days ready that pages show first, the newest first, as far as they fit."""

        async def ready() -> None:
            now_ms = clock.now_ms()
            for day in range(READY_DAYS):
                await self._hours.over(now_ms - (day + 1) * DAY_MS, now_ms - day * DAY_MS)
                if self._hours.weight() * (day + 2) > MOST_SUMS * (day + 1):
                    return

        return Job("keep sums of calls ready", _READY_S, ready, after_s=_READY_AFTER_S)

    async def _by_hour(self, start_ms: int, end_ms: int) -> dict[int, HourTally]:
        """The sums of each hour of a range but the first and the last; calls that are kept are not read again."""
        found: dict[int, HourTally] = {}

        async def take(hour: Calls) -> bool:
            found[hour.hour_ms] = await asyncio.to_thread(
                tally_of, hour.hour_ms, hour.calls, self._books(), cut=hour.cut
            )
            return True

        await self._calls.walk(start_ms + HOUR_MS, end_ms - HOUR_MS, take)
        return found
