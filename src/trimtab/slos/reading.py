"""What counted for objectives: bad and all events by period, without the times that are excluded."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.expressions.model import EvaluationJob, Query, Result
from trimtab.slos.budget import Floats, Outcomes
from trimtab.slos.exclusions import counted, spans_of
from trimtab.slos.model import COMPARED, Comparison, Operations, Periods, Requests, StoredSlo
from trimtab.store.telemetry.client import Columns
from trimtab.traces.requests import Asked, Compared

Times = npt.NDArray[np.int64]

_SIGNS: dict[Comparison, Compared] = {
    Comparison.LESS: "<",
    Comparison.LESS_OR_EQUAL: "<=",
    Comparison.GREATER: ">",
    Comparison.GREATER_OR_EQUAL: ">=",
}


class Expressions(Protocol):
    """`metrics.expressions.evaluate.Evaluator`, as far as it is used here."""

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        """The results of each job."""
        ...


class RequestCounts(Protocol):
    """`traces.requests.RequestReader`, as far as it is used here."""

    async def over_time(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, asked: Asked) -> Columns:
        """What came to a service by period."""
        ...


class Events(Struct, frozen=True):
    """Bad and all events of an objective, by the start of their period (ms, ascending), within a range.

    An event is a request, or a period of `step_ms` where periods are judged. What is excluded is not there.
    """

    times: Times
    bad: Floats
    total: Floats
    step_ms: int

    def within(self, start_ms: int, end_ms: int) -> Outcomes:
        """The sums of what began in `[start_ms, end_ms)`."""
        low, high = np.searchsorted(self.times, (start_ms, end_ms))
        return Outcomes(float(self.total[low:high].sum()), float(self.bad[low:high].sum()))


class SloReader:
    """The one reader of what counted: the page, the report, the metrics and the alarms all ask it."""

    def __init__(self, expressions: Expressions, requests: RequestCounts) -> None:
        self._expressions = expressions
        self._requests = requests

    async def events(self, kept: StoredSlo, start_ms: int, end_ms: int) -> Events:
        """What counted for an objective in whole periods that end by `end_ms`. Raises InvalidInput, QueryAborted."""
        slo = kept.slo
        step_ms = slo.step_s * 1000
        first, last = start_ms // step_ms * step_ms, end_ms // step_ms * step_ms
        scope = Scope.of(slo.key.account, slo.key.region)
        match slo.indicator:
            case Periods() as asked:
                times, values = await self._values(scope, asked.queries, first, last)
                bad, total = _judged(values, asked.comparison, asked.threshold), np.ones(len(values))
            case Requests() as asked:
                times, bad, total = await self._counts(scope, asked, first, last)
            case Operations() as asked:
                found = await self._requests.over_time(scope, first, last, step_ms, _asked(asked))
                times = np.asarray(found["at_ms"], np.int64)
                bad, total = _of_requests(asked, found)
        known = counted(times, spans_of(kept.exclusions, start_ms, end_ms))
        return Events(times[known], bad[known], total[known], step_ms)

    async def _counts(self, scope: Scope, asked: Requests, start_ms: int, end_ms: int) -> tuple[Times, Floats, Floats]:
        """Bad and all requests by period. Where no good ones, or no bad ones, are told of there were none."""
        times, total = await self._values(scope, asked.total, start_ms, end_ms)
        known, values = await self._values(scope, asked.counted, start_ms, end_ms)
        by_time = dict(zip(known.tolist(), values.tolist(), strict=True))
        part = np.array([by_time.get(time, 0.0) for time in times.tolist()], np.float64)
        bad = total - part if asked.good else part
        return times, np.clip(bad, 0.0, total), total

    async def _values(self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int) -> tuple[Times, Floats]:
        """The points of the one result of queries that have a value."""
        results = (await self._expressions.evaluate_many(scope, [EvaluationJob(queries, start_ms, end_ms)]))[0]
        if not results:
            return np.empty(0, np.int64), np.empty(0)
        times = np.asarray(results[0].times, np.int64)
        values = np.asarray(results[0].values, np.float64)
        real = ~np.isnan(values) & (times >= start_ms) & (times < end_ms)
        order = np.argsort(times[real], kind="stable")
        return times[real][order], values[real][order]


def _judged(values: Floats, comparison: Comparison, threshold: float) -> Floats:
    """1 for each value that is bad."""
    bad: Floats = np.where(COMPARED[comparison](values, threshold), 0.0, 1.0)
    return bad


def _asked(one: Operations) -> Asked:
    slow = one.threshold if one.latency else 0.0
    return Asked(one.service, one.operation, one.environment, _SIGNS[one.comparison], slow, one.quantile)


def _of_requests(one: Operations, found: Columns) -> tuple[Floats, Floats]:
    total = np.asarray(found["total"], np.float64)
    if not one.period_s:
        good = found["within"] if one.latency else total - found["faults"]
        return total - np.asarray(good, np.float64), total
    if one.latency:
        values = np.asarray(found["share_ns" if one.quantile else "mean_ns"], np.float64) / 1e6
    else:
        values = (1 - np.asarray(found["faults"], np.float64) / total) * 100
    return _judged(values, one.comparison, one.threshold), np.ones(len(total))
