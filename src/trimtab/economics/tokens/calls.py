"""The calls of models that spans tell of, each once: what the ledger of tokens and unit costs are made of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.genai.attributes import ALL, MARKS, WHO
from trimtab.genai.call import Call
from trimtab.genai.once import calls_of
from trimtab.genai.spans import CallSpan
from trimtab.traces.kept_hours import HOUR_MS, KeptHours
from trimtab.traces.read import TraceReader

MOST_SPANS = 500_000
"""Spans that one read gives, whole traces with calls; and calls that are kept, and that one list of calls has."""
_TOGETHER = 5
"""A read of several hours gives at most this part of them: a span's fifteen attributes take 3 KB of memory."""
_EDGE_MS = 300_000
"""Of an hour with too many spans to read it with those beside it: how much of them is read with it."""


class Calls(Struct, frozen=True):
    """The calls of a range. `cut`: there were more spans than are read, and what is here is the first of them."""

    calls: Sequence[Call]
    cut: bool = False
    hour_ms: int = 0
    """Of the calls of an hour: its start."""


class ReadCalls(Protocol):
    """Reads calls. Raises QueryAborted, Unavailable."""

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`."""
        ...


class SpanCalls:
    """Reads them from spans, and keeps them by the hour: what comes costs the reading of its own hours."""

    def __init__(self, traces: TraceReader) -> None:
        self._traces = traces
        self._hours: KeptHours[Calls] = KeptHours(traces.hour_marks, self.by_hour, _number, MOST_SPANS)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._hours.forget()

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`. Of less than an hour they are read anew: minutes are counted
        every few seconds, and an hour is more to read. So they are for whoever is bound to tags."""
        if scope.rows or end_ms - start_ms < HOUR_MS:
            return await self._read(scope, start_ms, end_ms, MOST_SPANS)
        hours = await self._hours.over(start_ms, end_ms)
        return await asyncio.to_thread(_within, hours, scope, start_ms, end_ms)

    async def walk(self, start_ms: int, end_ms: int, take: Callable[[Calls], Awaitable[bool]]) -> None:
        """Give `take` the calls of each hour of a range, of all accounts, until it answers False.

        Raises QueryAborted, Unavailable.
        """
        await self._hours.walk(start_ms, end_ms, take)

    async def by_hour(self, start_ms: int, end_ms: int) -> dict[int, Calls] | None:
        """The calls of each hour of a range, of all accounts; the first and the last hour are read for those beside
        them. None: that is too much to read together, see `KeptHours`. Raises QueryAborted, Unavailable."""
        several = end_ms - start_ms > 3 * HOUR_MS
        most = MOST_SPANS // (_TOGETHER if several else 1)
        found = await self._traces.model_spans(EVERYTHING, start_ms, end_ms, MARKS, ALL, WHO, most)
        if several and len(found["span_id"]) >= most:
            return None
        read = await asyncio.to_thread(_calls, found, most)
        if read.cut:  # one hour, with more spans than are read: by itself, and what is then missing is said
            hour = start_ms + HOUR_MS
            read = await self._read(EVERYTHING, hour - _EDGE_MS, hour + HOUR_MS + _EDGE_MS, MOST_SPANS)
            own = [call for call in read.calls if hour <= call.at_ms < hour + HOUR_MS]
            return {hour: Calls(own, read.cut, hour)}
        hours: dict[int, list[Call]] = {}
        for call in read.calls:
            hours.setdefault(call.at_ms // HOUR_MS * HOUR_MS, []).append(call)
        return {hour: Calls(calls, hour_ms=hour) for hour, calls in hours.items()}

    async def _read(self, scope: Scope, start_ms: int, end_ms: int, most: int) -> Calls:
        found = await self._traces.model_spans(scope, start_ms, end_ms, MARKS, ALL, WHO, most)
        return await asyncio.to_thread(_calls, found, most)


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


def _calls(columns: Any, most: int) -> Calls:
    names = ("account", "region", "service", "trace_id", "span_id", "parent_id", "start_ns", "duration_ns", "failed",
             "said", "resource_said")  # fmt: skip
    lists = [columns[name].tolist() for name in names]
    parents = set(lists[names.index("parent_id")])
    rows = zip(*lists, strict=True)
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
        if said or span in parents  # another says nothing of calls, and leads from none to whose it is
    ]
    return Calls(calls_of(spans), len(columns["span_id"]) >= most)
