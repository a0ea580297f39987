"""The source that reads the store: samples, events and histograms of the series that match, in few engine queries."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.metrics.fetches import IDS_A_QUERY
from trimtab.metrics.model import Kind
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.assembly import Assembly
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.labels import BUCKET
from trimtab.metrics.promql.matchers import predicate
from trimtab.metrics.promql.problems import TooManySamples
from trimtab.metrics.promql.source import Read
from trimtab.metrics.promql.stored_histograms import add_histograms
from trimtab.metrics.promql.translation import Entry, Part
from trimtab.metrics.promql.values import Integers, Samples
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

_QUERIES = load_queries("trimtab.metrics.promql")
MOST_SERIES = 100_000
"""Series of one selector."""
_FINE_MS = 60_000
"""With steps up to a minute the samples themselves are read: of what is scraped every 15 s, finding the newest of each
step costs the engine four times as much (20 reads of 417 series over an hour: 1.4 s of CPU, and 0.3 s)."""
_AT_ONCE = 4  # engine queries of one read at a time: the pool has eight, and others wait too


class StoredSource:
    """Reads the telemetry store."""

    def __init__(self, telemetry: Telemetry, catalogue: Catalogue) -> None:
        self._telemetry = telemetry
        self._catalogue = catalogue

    async def read(self, scope: Scope, reads: list[Read], allowance: Allowance) -> list[Samples]:
        """The samples of each read. Raises TooManySamples, QueryAborted, Unavailable."""
        found = []
        for read in reads:
            entries = self._catalogue.find(scope, read.matchers, most=MOST_SERIES + 1)
            if len(entries) > MOST_SERIES:
                raise TooManySamples(
                    f"cannot read more than {MOST_SERIES} series for one selector; try one that finds fewer"
                )
            allowance.take_series(len(entries))
            found.append(_by_kind(entries))
        points = await self._points(reads, [by_kind[Kind.GAUGE] for by_kind in found], allowance)
        together = zip(reads, found, points, strict=True)
        return [await self._read(read, by_kind, own, allowance) for read, by_kind, own in together]

    async def _read(
        self, read: Read, by_kind: dict[Kind, list[Entry]], points: Columns | None, allowance: Allowance
    ) -> Samples:
        assembly = Assembly()
        if points is not None:
            labels_of = {entry.series: entry.labels for entry in by_kind[Kind.GAUGE]}
            assembly.add(points["series"], points["at"], points["value"], labels_of)
        if by_kind[Kind.EVENTS]:
            await self._events(read, by_kind[Kind.EVENTS], assembly, allowance)
        if by_kind[Kind.HISTOGRAM]:
            columns = await self._fetch("histograms", by_kind[Kind.HISTOGRAM], read, allowance)
            passes = [predicate(matcher) for matcher in read.matchers if matcher.name == BUCKET]
            await asyncio.to_thread(add_histograms, assembly, columns, by_kind[Kind.HISTOGRAM], passes)
        return await asyncio.to_thread(assembly.samples)

    async def _points(self, reads: list[Read], found: list[list[Entry]], allowance: Allowance) -> list[Columns | None]:
        """The samples of each read's series. Reads over the same times are one query: a page's panels mostly are."""
        alike: dict[tuple[int, int, tuple[tuple[str, int], ...]], list[int]] = defaultdict(list)
        for at, (read, entries) in enumerate(zip(reads, found, strict=True)):
            if entries:
                grid = _grid(read.steps) or {}
                grid = grid if grid.get("step", 0) > _FINE_MS else {}
                alike[read.start_ms, read.end_ms, tuple(grid.items())].append(at)
        points: list[Columns | None] = [None] * len(reads)
        for (_, _, grid_items), members in alike.items():
            # In the order of their ids, in which each chunk answers: what is put together is in that order too.
            together = sorted((entry for at in members for entry in found[at]), key=lambda entry: entry.series)
            name = "newest" if grid_items else "points"
            columns = await self._fetch(name, together, reads[members[0]], allowance, dict(grid_items))
            for at in members:
                points[at] = columns if len(members) == 1 else _part(columns, found[at])
        return points

    async def _events(self, read: Read, entries: list[Entry], assembly: Assembly, allowance: Allowance) -> None:
        columns = await self._fetch("events", entries, read, allowance)
        numbers: dict[Part, Callable[[], Any]] = {
            Part.VALUE: lambda: columns["total"] / columns["seen"],
            Part.SUM: lambda: columns["total"],
            Part.COUNT: lambda: columns["seen"],
        }
        for part, number in numbers.items():
            labels_of = {entry.series: entry.labels for entry in entries if entry.part is part}
            if labels_of:
                assembly.add(columns["series"], columns["at"], number(), labels_of)

    async def _fetch(
        self, name: str, entries: list[Entry], read: Read, allowance: Allowance, more: dict[str, int] | None = None
    ) -> Columns:
        ids = list(dict.fromkeys(entry.series for entry in entries))
        bounds = {"start": read.start_ms, "end": read.end_ms, **(more or {})}
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(at: int) -> Columns:
            async with gate:
                chunk = await self._telemetry.fetch(_QUERIES[name], {"ids": ids[at : at + IDS_A_QUERY], **bounds})
            allowance.take_samples(len(chunk["series"]))
            return chunk

        reading = [asyncio.ensure_future(one(at)) for at in range(0, len(ids), IDS_A_QUERY)]
        try:
            chunks = await asyncio.gather(*reading)
        finally:
            for chunk in reading:  # after the first that fails nobody waits for the others
                chunk.cancel()
        return {column: np.concatenate([chunk[column] for chunk in chunks]) for column in chunks[0]}


def _by_kind(entries: list[Entry]) -> dict[Kind, list[Entry]]:
    found: dict[Kind, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[Kind.GAUGE if entry.kind is Kind.COUNTER else entry.kind].append(entry)
    return found


def _part(columns: Columns, entries: list[Entry]) -> Columns:
    """The rows of some series, out of columns in the order of series."""
    ids = np.unique(np.array([entry.series for entry in entries], np.uint64))
    first = np.searchsorted(columns["series"], ids, "left")
    sizes = np.searchsorted(columns["series"], ids, "right") - first
    rows = np.repeat(first - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    return {name: column[rows] for name, column in columns.items()}


def _grid(steps: Integers | None) -> dict[str, int] | None:
    """Origin and step of steps that are evenly apart; None where the engine need not leave anything out."""
    if steps is None:
        return None
    step = int(steps[1] - steps[0]) if len(steps) > 1 else 0
    if len(steps) == 1 or step <= 0 or not (np.diff(steps) == step).all():
        return {"origin": int(steps.max()), "step": 2**53} if (steps == steps[0]).all() else None
    # Beyond all times that are read, so that the division's operand is positive and rounds one way.
    behind = int(steps[0]) // step + 1_000_000_000_000 // step + 1
    return {"origin": int(steps[0]) - behind * step, "step": step}
