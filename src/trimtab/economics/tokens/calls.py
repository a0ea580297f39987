"""The calls of models that spans tell of, each once: what the ledger of tokens and unit costs are made of."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.genai.attributes import ALL, MARKS
from trimtab.genai.call import Call
from trimtab.genai.once import calls_of
from trimtab.genai.spans import CallSpan
from trimtab.traces.read import TraceReader

MOST_SPANS = 500_000
"""Spans that one question reads, whole traces with calls: some 400 bytes each in memory."""
_FRESH_MS = 5_000
"""How long calls are remembered: one page or answer asks for the same days several times."""


class Calls(Struct, frozen=True):
    """The calls of a range. `cut`: there were more spans than are read, and what is here is the first of them."""

    calls: Sequence[Call]
    cut: bool = False


class ReadCalls(Protocol):
    """Reads calls. Raises QueryAborted, Unavailable."""

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`."""
        ...


class SpanCalls(Struct):
    """Reads them from spans; what was read is remembered for some seconds."""

    traces: TraceReader
    clock: Clock
    _read: dict[tuple[Scope, int, int], tuple[int, Calls]] = field(default_factory=dict)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._read.clear()

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        """The calls that began in `[start_ms, end_ms)`."""
        key, now_ms = (scope, start_ms, end_ms), self.clock.now_ms()
        kept = self._read.get(key)
        if kept is None or now_ms - kept[0] > _FRESH_MS:
            found = await self.traces.model_spans(scope, start_ms, end_ms, MARKS, ALL, MOST_SPANS)
            kept = self._read[key] = (now_ms, await asyncio.to_thread(_calls, found))
            while len(self._read) > 4:
                self._read.pop(next(iter(self._read)))
        return kept[1]


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
