"""What changed together with an anomaly: series of the same scope, ranked, and a sentence in plain words."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.anomalies.model import BEFORE, CALM, SLOT_MS, Anomaly
from trimtab.anomalies.naming import Place, place_of
from trimtab.anomalies.read import AnomalyReader
from trimtab.anomalies.subjects import is_watched, request_of
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.timeseries.together import Values, deviations, rank

CANDIDATES = 1000
"""Series that are compared at most: those that share most with the anomalous one come first."""
_A_DIMENSION = 300
_SHOWN = 50
_LEAST = 0.3
"""Scores below are what chance gives among a thousand series."""
_UNUSUAL_TOO = 0.3
"""By which share an anomaly of its own at the same time raises a score."""
_DAYS = (1, 2, 7)
"""Earlier days that say what is usual at this time: yesterday, the day before, the same weekday."""
_DAY_MS = 86_400_000


class Changed(Struct, frozen=True):
    """A series that changed too. `lag_ms` is how much later it left its usual range (negative: earlier; None: unclear).

    `points` are its means in the slots of the window, NaN where there is none. `anomaly` is the id of its own anomaly
    at the same time, where it had one.
    """

    series: Series
    place: Place
    score: float
    likeness: float
    lag_ms: int | None
    anomaly: str | None
    points: Values


class Together(Struct, frozen=True):
    """What changed, the strongest first. `compared` series were looked at, over `[start_ms, end_ms)`."""

    changed: tuple[Changed, ...]
    compared: int
    start_ms: int
    end_ms: int

    def places(self) -> list[tuple[Place, int]]:
        """Where the changed series are, the most frequent first."""
        return Counter(one.place for one in self.changed).most_common()


class Comparison(Struct, frozen=True):
    """Compares an anomaly with the series around it."""

    registry: SeriesRegistry
    reader: MetricReader
    anomalies: AnomalyReader

    async def together(self, scope: Scope, anomaly: Anomaly) -> Together:
        """What changed with `anomaly`, of what `scope` covers. Raises QueryAborted, Unavailable."""
        start_ms = anomaly.start_ms - BEFORE * SLOT_MS
        end_ms = anomaly.end_ms + CALM * SLOT_MS
        own = self.registry.readable(scope, anomaly.series)
        overlapping = await self.anomalies.in_range(scope, anomaly.start_ms - CALM * SLOT_MS, anomaly.end_ms)
        beside = {one.series: one.id for one in overlapping if one.series != anomaly.series}
        if own is None:
            return Together((), 0, start_ms, end_ms)
        others = self._candidates(scope, own, list(beside), anomaly.start_ms)
        rows = [own, *others]
        requests = [request_of(one) for one in rows]
        days = (0, *_DAYS)
        reads = [
            await self.reader.statistics(scope, requests, start_ms - day * _DAY_MS, end_ms - day * _DAY_MS)
            for day in days
        ]
        slots = (end_ms - start_ms) // SLOT_MS
        tables = [_table(read, start_ms - day * _DAY_MS, slots) for day, read in zip(days, reads, strict=True)]
        changed = await asyncio.to_thread(_ranked, rows, np.stack(tables), beside)
        return Together(changed, len(others), start_ms, end_ms)

    def _candidates(self, scope: Scope, own: Series, anomalous: Iterable[int], since_ms: int) -> list[Series]:
        """Series to compare: anomalous ones, those that share the rarest dimensions, the same metric, the namespace."""
        found: dict[int, Series] = {}
        for id_ in anomalous:
            series = self.registry.readable(scope, id_)
            if series is not None:
                found[id_] = series
        identity = own.identity
        queries = [SeriesQuery(dimensions=(pair,), active_since_ms=since_ms) for pair in identity.dimensions]
        queries.sort(key=lambda query: self.registry.count(scope, query))
        queries += [
            SeriesQuery(namespace=identity.namespace, name=identity.name, active_since_ms=since_ms),
            SeriesQuery(namespace=identity.namespace, active_since_ms=since_ms),
            SeriesQuery(active_since_ms=since_ms),
        ]
        for query in queries:
            room = CANDIDATES - len(found)
            if room <= 0:
                break
            limited = SeriesQuery(
                namespace=query.namespace,
                name=query.name,
                dimensions=query.dimensions,
                active_since_ms=since_ms,
                limit=CANDIDATES,
            )
            fresh = [one for one in self.registry.find(scope, limited) if one.id not in found and is_watched(one)]
            found |= {one.id: one for one in fresh[: min(room, _A_DIMENSION)]}
        found.pop(own.id, None)
        return list(found.values())


def _table(read: list[StatSeries], start_ms: int, slots: int) -> Values:
    """The values of each series by slot (n × slots); NaN where there is none."""
    table: Values = np.full((len(read), slots), np.nan)
    for row, one in enumerate(read):
        place = (one.times - start_ms) // SLOT_MS
        inside = (place >= 0) & (place < slots)
        table[row, place[inside]] = one.values[inside]
    return table


def _ranked(rows: list[Series], tables: Values, beside: dict[int, str]) -> tuple[Changed, ...]:
    """The changed ones of `rows` after the first, which is the anomalous series. `tables` are days × n × slots."""
    away = deviations(tables[0], tables[1:], BEFORE)
    found = rank(away[0], away[1:], BEFORE)
    changed = []
    for at, series in enumerate(rows[1:]):
        own = beside.get(series.id)
        score = float(found.score[at]) * (1.0 + _UNUSUAL_TOO if own else 1.0) / (1.0 + _UNUSUAL_TOO)
        if score < _LEAST:
            continue
        lag = float(found.lag[at])
        changed.append(
            Changed(
                series,
                place_of(series),
                score,
                float(found.likeness[at]),
                None if np.isnan(lag) else round(lag) * SLOT_MS,
                own,
                tables[0, at + 1],
            )
        )
    changed.sort(key=lambda one: (-one.score, one.series.id))
    return tuple(changed[:_SHOWN])
