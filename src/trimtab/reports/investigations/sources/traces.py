"""Traces that failed, and the slowest."""

import asyncio
from collections.abc import Sequence

import numpy as np

from trimtab.access.principal import Principal
from trimtab.bottlenecks.parts import Population
from trimtab.bottlenecks.read import Choice, Sampled, through
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers
from trimtab.reports.written.wording import seconds
from trimtab.traces.model import NS_A_MS

_FAILED, _SLOWEST = 10, 5
"""Traces of each sort that stand on the line: pages of traces show all."""
_SAMPLE = 500
"""Traces that are looked at: more tell the same story, and take longer."""


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """The failed ones nearest to the time, and the slowest; None where there was no trace for a day before it."""
    room, service = readers.bottlenecks, inquiry.subject.service
    await room.traces.fresh()
    choice = Choice(inquiry.start_ms, inquiry.end_ms, through(service) if service else "")
    found = await room.populations.population(caller.scope, choice, _SAMPLE)
    if not found.found and not await _any(readers, caller, inquiry):
        return None
    return await asyncio.to_thread(_entries, found, inquiry)


async def _any(readers: Readers, caller: Principal, inquiry: Inquiry) -> bool:
    day = Choice(inquiry.end_ms - 86_400_000, inquiry.end_ms)
    return bool((await readers.bottlenecks.populations.population(caller.scope, day, 1)).found)


def _entries(found: Sampled, inquiry: Inquiry) -> list[Entry]:
    parts = found.population.parts
    starts = found.population.spans.start_ns[found.population.forest.roots] // NS_A_MS
    failed = np.flatnonzero(parts.failed)
    nearest = failed[np.argsort(np.abs(starts[failed] - inquiry.at_ms), kind="stable")][:_FAILED]
    slowest = np.argsort(-parts.total_ms, kind="stable")[:_SLOWEST]
    chosen = dict.fromkeys((*nearest.tolist(), *slowest.tolist()))
    return [_entry(found.population, at, int(starts[at]), failed=bool(parts.failed[at])) for at in chosen]


def _entry(population: Population, at: int, start_ms: int, *, failed: bool) -> Entry:
    spans, root = population.spans, population.forest.roots[at]
    trace, total_ms = population.parts.traces[at], float(population.parts.total_ms[at])
    mine = np.unique(spans.service[spans.trace == spans.trace[root]])
    service, operation = spans.services[spans.service[root]], spans.operations[spans.operation[root]]
    return Entry(
        kind=Kind.TRACE,
        at_ms=start_ms,
        end_ms=start_ms + round(total_ms),
        title=f"{service} {operation}: {'failed after' if failed else 'took'} {seconds(total_ms / 1000)}",
        href=f"/traces/{trace}",
        detail=f"trace {trace}",
        level=Level.BAD if failed else Level.PLAIN,
        weight=2.0 if failed else 1.0,
        names=(trace, *(spans.services[one] for one in mine.tolist())),
    )


SOURCE = EntrySource("traces", (Kind.TRACE,), read, "/connect")
