"""`TrainedBands`: the bands of ANOMALY_DETECTION_BAND, from models that are trained when they are asked for.

A range is cut into stretches of at most six hours. The band of a stretch comes from the two weeks before it, never from
the stretch itself: what a chart or a replay shows of the past is what an alarm knew then. The newest stretch is trained
anew every hour. Models are kept, so an alarm that is evaluated every minute costs one training an hour.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.detectors.book import DetectorBook
from trimtab.detectors.model import Detector, Settings
from trimtab.metrics.bands.targets import detector_of
from trimtab.metrics.bands.training import HISTORY_MS, MAX_POINTS, Learner
from trimtab.metrics.expressions.bands import Band, BandRequest, NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Query, Result, Times, Values
from trimtab.metrics.expressions.ports import Reader, Registry
from trimtab.metrics.model import SeriesQuery
from trimtab.timeseries.bands import BandModel

_HOUR_MS = 3_600_000
_STRETCH_HOURS = 6
_KEPT = 4096
"""Models remembered: 10 kB each with daily, weekly and hourly shapes."""

_Key = tuple[Scope, MetricStat | tuple[Query, ...], int, int]


class _Want(Struct, frozen=True):
    """One band that is asked for: what it learns from, how, and the start (ms) of each stretch."""

    request: BandRequest
    queries: tuple[Query, ...]
    learner: Learner
    version: int
    starts: tuple[int, ...]

    def key(self, scope: Scope, start_ms: int) -> _Key:
        subject = self.request.stat or self.request.queries
        return scope, subject, self.version, start_ms


class TrainedBands:
    """A BandSource over the metrics' own history."""

    def __init__(self, reader: Reader, registry: Registry, book: DetectorBook, clock: Clock) -> None:
        self._registry = registry
        self._book = book
        self._evaluator = Evaluator(reader, registry, clock, NoBands())
        self._models: OrderedDict[_Key, BandModel | None] = OrderedDict()

    async def bands(self, scope: Scope, requests: Sequence[BandRequest]) -> list[Band]:
        """A band for each request; no points where nothing is known yet. Raises QueryAborted, Unavailable."""
        if not requests:
            return []
        detectors = await self._book.known()
        wants = [self._want(scope, request, detectors) for request in requests]
        await self._train(scope, wants)
        return await asyncio.to_thread(lambda: [self._band(scope, want) for want in wants])

    def forget(self) -> None:
        """Drop every model: everything was wiped, or the past was filled in."""
        self._models.clear()

    async def history(self, scope: Scope, queries: Sequence[Query], end_ms: int) -> tuple[Times, Values]:
        """The points of what `queries` return in the two weeks before `end_ms`."""
        period_s = _finest(queries)
        found = await self._evaluator.evaluate(scope, queries, end_ms - _span_ms(period_s), end_ms)
        return _points(found)

    def _want(self, scope: Scope, request: BandRequest, detectors: dict[tuple[str, str, str], Detector]) -> _Want:
        detector = detector_of(scope, request, detectors)
        settings = detector.settings if detector else Settings()
        version = detector.version if detector else 0
        learner, queries = Learner(settings), request.queries
        if request.stat is not None:
            learner = Learner(settings, self._unit(scope, request.stat), request.stat.statistic.family)
            queries = (Query("m", request.stat, period_s=request.period_s),)
        first = request.start_ms // _HOUR_MS
        last = max(request.end_ms - 1, request.start_ms) // _HOUR_MS
        # Whole hours since the epoch, so that the next evaluation finds the models of this one.
        starts = [hour * _HOUR_MS for hour in range(first, last + 1) if hour == first or hour % _STRETCH_HOURS == 0]
        return _Want(request, queries, learner, version, tuple(starts))

    def _unit(self, scope: Scope, stat: MetricStat) -> str:
        if stat.unit is not None:
            return stat.unit
        query = SeriesQuery(namespace=stat.namespace, name=stat.name, dimensions=stat.dimensions, exact=True, limit=1)
        found = self._registry.find(scope, query)
        return found[0].identity.unit if found else ""

    async def _train(self, scope: Scope, wants: Sequence[_Want]) -> None:
        """Make the models that are missing; histories of equal ranges are read together."""
        missing: dict[tuple[int, int], list[tuple[_Want, tuple[int, ...]]]] = defaultdict(list)
        for want in wants:
            starts = tuple(start for start in want.starts if want.key(scope, start) not in self._models)
            if starts:
                span = _span_ms(want.request.period_s)
                missing[starts[0] - span, starts[-1]].append((want, starts))
        for (start_ms, end_ms), group in missing.items():
            jobs = [EvaluationJob(want.queries, start_ms, end_ms) for want, _ in group]
            read = await self._evaluator.evaluate_many(scope, jobs)
            for (want, starts), found in zip(group, read, strict=True):
                models = await asyncio.to_thread(_learn, want, starts, _points(found))
                for start, model in zip(starts, models, strict=True):
                    self._keep(want.key(scope, start), model)

    def _keep(self, key: _Key, model: BandModel | None) -> None:
        self._models[key] = model
        while len(self._models) > _KEPT:
            self._models.popitem(last=False)

    def _band(self, scope: Scope, want: _Want) -> Band:
        request = want.request
        period_ms = request.period_s * 1000
        phase = int(request.times[0]) if len(request.times) else request.start_ms // period_ms * period_ms
        first = request.start_ms + (phase - request.start_ms) % period_ms
        times = np.arange(first, request.end_ms, period_ms, dtype=np.int64)
        upper, lower = np.full(len(times), np.nan), np.full(len(times), np.nan)
        for start, end in zip(want.starts, (*want.starts[1:], request.end_ms), strict=True):
            model = self._models.get(want.key(scope, start))
            inside = (times >= start) & (times < end)
            if model is not None and inside.any():
                at = times[inside]
                upper[inside], lower[inside] = model.limits(at, want.learner.local(at), request.width)
        known = np.isfinite(upper)
        return Band(times[known], upper[known], lower[known])


def _learn(want: _Want, starts: Sequence[int], points: tuple[Times, Values]) -> list[BandModel | None]:
    times, values = points
    span = _span_ms(want.request.period_s)
    models = []
    for start in starts:
        low, high = np.searchsorted(times, (start - span, start))
        models.append(want.learner.learn(times[low:high], values[low:high]))
    return models


def _points(found: Sequence[Result]) -> tuple[Times, Values]:
    """The one series that was asked for; none where the expression gave several or nothing."""
    if len(found) != 1:
        return np.empty(0, np.int64), np.empty(0)
    return found[0].times, found[0].values


def _span_ms(period_s: int) -> int:
    return min(HISTORY_MS, MAX_POINTS * period_s * 1000)


def _finest(queries: Sequence[Query]) -> int:
    periods = [query.source.period_s for query in queries if isinstance(query.source, MetricStat)]
    periods += [query.period_s for query in queries if query.period_s]
    return min(periods, default=300)
