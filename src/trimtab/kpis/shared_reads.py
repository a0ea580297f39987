"""Questions that are asked side by side become one read: a page asks in twenty places and waits for one answer.

The areas of a report run at once and each asks for what it needs. What they ask before any of them gets an answer is
gathered for a few turns of the event loop and read together, each equal request once. Only simple statistics are
gathered: they are the same however many are read, while percentiles are exact only where few are asked for at once.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.reading import Reader
from trimtab.metrics.plan import StatRequest, StatSeries

_TURNS = 4
"""Turns of the event loop that a read waits for more: tasks of tasks of a report begin within three."""

Range = tuple[Scope, int, int]


class _Batch(Struct):
    """Requests over one range, and what their answers will be."""

    places: dict[StatRequest, int] = field(default_factory=dict)
    task: "asyncio.Task[list[StatSeries]] | None" = None


class SharedReads:
    """A reader over `reader` that reads together what is asked together. Used from one event loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._open: dict[Range, _Batch] = {}

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """As `MetricReader.statistics`, with its errors."""
        if not all(request.statistic.simple for request in requests):
            return await self._reader.statistics(scope, requests, start_ms, end_ms)
        asked = (scope, start_ms, end_ms)
        batch = self._open.setdefault(asked, _Batch())
        places = [batch.places.setdefault(request, len(batch.places)) for request in requests]
        if batch.task is None:
            batch.task = asyncio.ensure_future(self._read(asked, batch))
        # Whoever leaves must not cancel the read that others wait for.
        answers = await asyncio.shield(batch.task)
        return [answers[place] for place in places]

    async def _read(self, asked: Range, batch: _Batch) -> list[StatSeries]:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        del self._open[asked]
        scope, start_ms, end_ms = asked
        return await self._reader.statistics(scope, list(batch.places), start_ms, end_ms)
