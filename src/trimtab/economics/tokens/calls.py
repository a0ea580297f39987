"""The calls of models that spans tell of, each once: what the ledger of tokens and unit costs are made of."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.costs.read_sql import DAY_MS
from trimtab.genai.attributes import ALL, MARKS
from trimtab.genai.call import Call
from trimtab.genai.once import calls_of
from trimtab.genai.spans import CallSpan
from trimtab.jobs.periodic import Job
from trimtab.traces.kept_hours import HOUR_MS, KeptHours
from trimtab.traces.read import TraceReader

MOST_SPANS = 500_000
"""Spans that one read gives, whole traces with calls; and calls that one question is answered by and that are kept."""

READY_DAYS = 8
"""The whole days that a range of seven touches."""
_READY_S = 300.0


class Calls(Struct, frozen=True):
    """The calls of a range. `cut`: there were more spans than are read, and what is here is the first of them."""

    calls: Sequence[Call]
    cut: bool = False


class ReadCalls(Protocol):
    """Reads calls. Raises QueryAborted, Unavailable."""

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`."""
        ...


class SpanCalls:
    """Reads them from spans, and keeps them by the hour: what comes costs the reading of its own hours."""

    def __init__(self, traces: TraceReader) -> None:
        self._traces = traces
        self._hours: KeptHours[Calls] = KeptHours(traces.hour_marks, self._by_hour, _number, MOST_SPANS)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._hours.forget()

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`. Of less than an hour they are read anew: minutes are counted
        every few seconds, and an hour is more to read. So they are for whoever is bound to tags."""
        if scope.rows or end_ms - start_ms < HOUR_MS:
            return await self._read(scope, start_ms, end_ms)
        hours = await self._hours.over(start_ms, end_ms)
        return await asyncio.to_thread(_within, hours, scope, start_ms, end_ms)

    def job(self, clock: Clock) -> Job:
        """Keeps the days ready that pages show first: who opens one waits for what came in the last minutes alone.

        Of very many calls fewer days: the newest first, as long as the next is likely to fit.
        """

        async def ready() -> None:
            now_ms = clock.now_ms()
            for day in range(READY_DAYS):
                await self._hours.over(now_ms - (day + 1) * DAY_MS, now_ms - day * DAY_MS)
                if self._hours.weight() * (day + 2) > MOST_SPANS * (day + 1):
                    return

        return Job("keep calls of models ready", _READY_S, ready)

    async def _by_hour(self, start_ms: int, end_ms: int) -> dict[int, Calls]:
        read = await self._read(EVERYTHING, start_ms, end_ms)
        hours: dict[int, list[Call]] = {}
        for call in read.calls:
            hours.setdefault(call.at_ms // HOUR_MS * HOUR_MS, []).append(call)
        if read.cut:  # of each hour the first calls are there, if any: what is shown says that others are not
            return {hour: Calls(hours.get(hour, ()), True) for hour in range(start_ms, end_ms, HOUR_MS)}
        return {hour: Calls(calls) for hour, calls in hours.items()}

    async def _read(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        found = await self._traces.model_spans(scope, start_ms, end_ms, MARKS, ALL, MOST_SPANS)
        return await asyncio.to_thread(_calls, found)


def _within(hours: Sequence[Calls], scope: Scope, start_ms: int, end_ms: int) -> Calls:
    """The calls of hours that are in a range and that a scope covers, as many as one question may have."""
    accounts, regions = scope.accounts, scope.regions
    found = [
        call
        for hour in hours
        for call in hour.calls
        if start_ms <= call.at_ms < end_ms
        and (accounts is None or call.account in accounts)
        and (regions is None or call.region in regions)
    ]
    cut = sum(map(_number, hours)) > MOST_SPANS or any(hour.cut for hour in hours)
    return Calls(found[:MOST_SPANS], cut)


def _number(hour: Calls) -> int:
    return len(hour.calls)


def _calls(columns: Any) -> Calls:
    names = ("account", "region", "service", "trace_id", "span_id", "parent_id", "start_ns", "duration_ns", "failed",
             "said", "resource_said")  # fmt: skip
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    spans = [
        CallSpan(
            account=account,
            region=region,
            service=service,
            trace_id=trace,
            span_id=span,
            parent_id=parent,
            start_ns=start,
            duration_ns=duration,
            failed=bool(failed),
            attributes=said,
            resource_attributes=resource,
        )
        for account, region, service, trace, span, parent, start, duration, failed, said, resource in rows
    ]
    return Calls(calls_of(spans), len(spans) >= MOST_SPANS)
