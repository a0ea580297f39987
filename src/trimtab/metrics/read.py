"""Reads: statistics, raw points and latest values of series, within a caller's scope."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.answers import Answers
from trimtab.metrics.fetches import IDS_A_QUERY, rows_of, run_plan
from trimtab.metrics.matrix import OF_ARRAYS, Periods, of_gauges
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import Atoms, Fetch, Plan, Shape, Source, StatRequest, StatSeries, make_plan
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.statistics import Statistic
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

__all__ = ["LatestPoint", "MetricReader", "RawSeries", "StatRequest", "StatSeries"]

_QUERIES = load_queries("trimtab.metrics")
_RAW_QUERY = {
    Kind.EVENTS: "raw_events",
    Kind.GAUGE: "raw_samples",
    Kind.COUNTER: "raw_samples",
    Kind.HISTOGRAM: "raw_histograms",
}


class RawSeries(Struct, frozen=True):
    """The points of one series as they came: times (ms, ascending), values, and how often each value was seen.

    A statistic set or histogram is its mean and its count; a cumulative series is not differenced.
    """

    kind: Kind
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]


class LatestPoint(Struct, frozen=True):
    """The newest point of a series: its time (ms) and value (the mean of a statistic set or histogram)."""

    time_ms: int
    value: float


class Drain(Protocol):
    """The log in front of the engine, as far as a reader waits for it."""

    async def settled(self, timeout_s: float) -> bool:
        """Wait until what was appended before is in the engine; whether it is."""
        ...


class NoDrain:
    """For a process without a log: what is in the engine is what there is."""

    async def settled(self, timeout_s: float) -> bool:
        """At once."""
        return True


class MetricReader:
    """The only reader of metric points. Series that a scope does not cover read as if they did not exist.

    With `rollups`, long ranges are read from them.
    """

    def __init__(
        self, telemetry: Telemetry, registry: SeriesRegistry, log: Drain, rollups: RollupChoice | None = None
    ) -> None:
        self._telemetry = telemetry
        self._registry = registry
        self._log = log
        self._rollups = rollups

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """The answer to each request over `[start_ms, end_ms)`, in the requests' order.

        Points outside the range never count, so a first or last bucket that it cuts is partial. However many the
        requests, each table is read once for each period. Raises InvalidInput, QueryAborted, Unavailable.
        """
        wanted = dict.fromkeys(series_id for request in requests for series_id in request.series)
        readable = self._readable(scope, wanted)
        plan = make_plan(requests, readable)
        read = await self._read(plan, start_ms, end_ms, readable) if end_ms > start_ms else {}
        # A million rows take a thread 50 ms: the event loop has other callers meanwhile.
        return await asyncio.to_thread(_answer, requests, plan, read, start_ms, end_ms)

    async def matrix(
        self, scope: Scope, series: Sequence[int], statistic: Statistic, start_ms: int, end_ms: int, period_s: int
    ) -> npt.NDArray[np.float64]:
        """A statistic of each of `series` (ids) over `[start_ms, end_ms)`: a row a series, a column a period, else NaN.

        Periods begin at multiples of their length; the first is that which the start is in. The values are those of
        `statistics`. Raises InvalidInput, QueryAborted, Unavailable.
        """
        periods = Periods(start_ms, end_ms, period_s)
        known = self._readable(scope, series)
        gauges = [at for at, one in enumerate(series) if _is_array(known.get(one), statistic)]
        of_arrays = np.empty((0, len(periods)))
        if gauges and len(periods):
            ids = [series[at] for at in gauges]
            fetch = Fetch(Source.GAUGES, Shape.TOTALS, periods.period_ms)
            plan = Plan({fetch: Atoms(tuple(ids), (), {})}, ())
            splits = await self._rollups.splits(plan, start_ms, end_ms, known) if self._rollups else {}
            of_arrays = await of_gauges(self._telemetry, ids, statistic, periods, splits.get(fetch))
        if len(of_arrays) == len(series):
            return of_arrays
        found = np.full((len(series), len(periods)), np.nan)
        found[gauges[: len(of_arrays)]] = of_arrays
        others = sorted({*range(len(series))} - {*gauges})
        requests = [StatRequest((series[at],), statistic, period_s) for at in others]
        answers = await self.statistics(scope, requests, start_ms, end_ms) if requests else []
        for at, answer in zip(others, answers, strict=True):
            periods.place(answer, found[at])
        return found

    async def raw(self, scope: Scope, series_id: int, start_ms: int, end_ms: int) -> RawSeries:
        """The points of a series in `[start_ms, end_ms)`; none where the scope does not cover it."""
        series = self._registry.readable(scope, series_id)
        if series is None:
            return RawSeries(Kind.EVENTS, np.empty(0, np.int64), np.empty(0), np.empty(0))
        kind = series.identity.kind
        columns = await self._telemetry.fetch(
            _QUERIES[_RAW_QUERY[kind]], {"series": series_id, "start": start_ms, "end": end_ms}
        )
        return RawSeries(kind, columns["at"], columns["value"], columns["count"])

    async def latest(self, scope: Scope, series: Iterable[int], since_ms: int) -> dict[int, LatestPoint]:
        """The newest point of each of `series` (ids) since `since_ms`; series without one are absent."""
        ids = list(self._readable(scope, series))
        found: dict[int, LatestPoint] = {}
        for at in range(0, len(ids), IDS_A_QUERY):
            columns = await self._telemetry.fetch(
                _QUERIES["latest"], {"ids": ids[at : at + IDS_A_QUERY], "since": since_ms}
            )
            rows = zip(columns["series"].tolist(), columns["at"].tolist(), columns["value"].tolist(), strict=True)
            found |= {series_id: LatestPoint(time, value) for series_id, time, value in rows}
        return found

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        """Wait, at most `timeout_s` seconds, until what was written before can be read; whether it now can."""
        return await self._log.settled(timeout_s)

    async def _read(
        self, plan: Plan, start_ms: int, end_ms: int, readable: Mapping[int, Series]
    ) -> dict[Fetch, list[Columns]]:
        splits = await self._rollups.splits(plan, start_ms, end_ms, readable) if self._rollups else {}
        return await run_plan(self._telemetry, plan, splits, start_ms, end_ms)

    def _readable(self, scope: Scope, ids: Iterable[int]) -> dict[int, Series]:
        found = ((series_id, self._registry.readable(scope, series_id)) for series_id in ids)
        return {series_id: series for series_id, series in found if series is not None}


def _is_array(series: Series | None, statistic: Statistic) -> bool:
    return series is not None and series.identity.kind is Kind.GAUGE and statistic.family in OF_ARRAYS


def _answer(
    requests: Sequence[StatRequest], plan: Plan, read: dict[Fetch, list[Columns]], start_ms: int, end_ms: int
) -> list[StatSeries]:
    if not read:
        return [StatSeries(np.empty(0, np.int64), np.empty(0)) for _ in requests]
    answers = Answers(plan, rows_of(plan, read, start_ms, end_ms))
    return [answers.answer(request, parts) for request, parts in zip(requests, plan.parts, strict=True)]
