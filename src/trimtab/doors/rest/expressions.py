"""`POST /rest/v1/metrics/expressions`: metric math, SEARCH and Metrics Insights SQL."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.base.tags import make_tags
from trimtab.base.timerange import TimeRange
from trimtab.client import expressions_wire as wire
from trimtab.doors.rest.metrics import POINT_LIMIT
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import period_s, time_range
from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.expressions.program import is_period
from trimtab.metrics.statistics import parse_statistic

_LEAST_S = 60
"""Periods that nobody asked for are whole minutes, which every source has."""
_DAY_MS = 86_400_000


class Evaluator(Protocol):
    """`metrics.expressions.evaluate.Evaluator`, as far as it is used here."""

    async def evaluate(
        self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
    ) -> list[Result]:
        """The results of a list of queries."""
        ...


class Fresh(Protocol):
    """What this door asks of `metrics.read.MetricReader`."""

    async def fresh(self, timeout_s: float = ...) -> bool:
        """Wait for what was just written."""
        ...


class Evaluating(Struct, frozen=True):
    """What evaluating needs."""

    evaluator: Evaluator
    reader: Fresh
    clock: Clock


def operations(needs: Evaluating) -> list[Operation]:
    """The operation that evaluates expressions."""

    async def evaluate(call: Call[NoQuery, wire.Evaluate]) -> wire.Evaluated:
        return await _evaluate(needs, call.principal.scope, call.body)

    return [
        Operation(
            "POST",
            "/rest/v1/metrics/expressions",
            "evaluate expressions",
            "Metric math, SEARCH and Metrics Insights SQL over a range; a line for each time series.",
            evaluate,
            wire.Evaluated,
            body=wire.Evaluate,
            errors=(504,),
            bound=True,
        )
    ]


async def _evaluate(needs: Evaluating, scope: Scope, body: wire.Evaluate) -> wire.Evaluated:
    range_ = time_range(body.start, body.end, needs.clock.now_ms())
    default = body.period or max(period_s(None, range_), _LEAST_S)
    queries = [_query(query, default) for query in body.queries]
    start_ms = _aligned(range_, queries)
    if body.fresh:
        await needs.reader.fresh()
    results = await needs.evaluator.evaluate(scope, queries, start_ms, range_.end_ms)
    points = sum(len(result.times) for result in results)
    if points > POINT_LIMIT:
        raise LimitExceeded(
            f"cannot answer more than {POINT_LIMIT} points: got {points} on {len(results)} lines; "
            "try a longer period or a shorter range",
            field="period",
        )
    return wire.Evaluated(start_ms, range_.end_ms, [_line(result) for result in results])


def _query(query: wire.DataQuery, default_s: int) -> Query:
    period = query.period or default_s
    if not is_period(period):
        raise InvalidInput(
            f"cannot use period {period} of query {query.id}: expected 1, 5, 10, 20, 30 or a multiple of 60",
            field="period",
        )
    if query.expression is not None:
        if query.namespace is not None or query.name is not None:
            raise InvalidInput(f"cannot read query {query.id}: got a metric and an expression; expected one of them")
        return Query(query.id, query.expression, period, query.label, query.returned, query.account)
    if query.namespace is None or query.name is None:
        raise InvalidInput(f"cannot read query {query.id}: expected namespace and name, or an expression")
    stat = MetricStat(
        query.namespace,
        query.name,
        make_tags(query.dimensions),
        parse_statistic(query.statistic, "statistic"),
        period,
        query.unit,
        query.account,
    )
    return Query(query.id, stat, None, query.label, query.returned)


def _aligned(range_: TimeRange, queries: Sequence[Query]) -> int:
    """The start rounded down to the longest period (a day at most), so that answers do not shift with the second."""
    periods = [
        (query.source.period_s if isinstance(query.source, MetricStat) else query.period_s or 1) for query in queries
    ]
    step = min(max(periods) * 1000, _DAY_MS)
    return range_.start_ms - range_.start_ms % step


def _line(result: Result) -> wire.EvaluatedLine:
    known = np.isfinite(result.values)
    points = list(zip(result.times[known].tolist(), result.values[known].tolist(), strict=True))
    messages = [text for _, text in result.messages]
    return wire.EvaluatedLine(result.query_id, result.label, result.period_s, result.properties, points, messages)
