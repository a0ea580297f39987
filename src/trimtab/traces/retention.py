"""Drops spans that are past their retention, by whole days; and, where tail sampling is on, traces that it lets go."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from trimtab.base.clock import Clock, to_datetime
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.schema_traces import SPANS

_QUERIES = load_queries("trimtab.traces")
_LIMITS = ReadLimits(seconds=600, memory_mb=1024, threads=1)
_DAY_MS = 86_400_000


class TraceRetention(Struct, frozen=True):
    """In one process at a time."""

    telemetry: Telemetry
    clock: Clock
    kept_days: int
    may_write: Callable[[], bool] = lambda: True

    async def drop(self) -> int:
        """Drop what is due; how many days went. Raises QueryAborted or Unavailable."""
        first_ms = self.clock.now_ms() - self.kept_days * _DAY_MS
        first_day = int(to_datetime(first_ms).strftime("%Y%m%d"))
        found = await self.telemetry.fetch(_QUERIES["days_held"], limits=_LIMITS)
        gone = [day for day in found["on_day"].tolist() if day < first_day]
        for day in gone:
            if self.may_write():
                await asyncio.to_thread(self.telemetry.command, f"ALTER TABLE {SPANS.name} DROP PARTITION {day}")
        if gone and self.may_write():
            params = {"day": first_ms // _DAY_MS}
            await asyncio.to_thread(self.telemetry.execute, _QUERIES["drop_trace_times"], params, limits=_LIMITS)
        return len(gone)
