"""What policies are shown: values of metrics, the demand's history, alarms of step policies. Read, never decided here.

A metric whose newest value is older than `STALE` periods is missing: rules are shown NaN, plans and floors are not
made, and whatever runs is kept. A missing metric never scales in.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.base.tags import make_tags
from trimtab.capacity.simulate.fleet import Array
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import parse_statistic
from trimtab.scaling.demand import Evaluator
from trimtab.scaling.engine.alarms import Alarms
from trimtab.scaling.engine.model import Policy, ScalableTarget, Signal, TargetKey
from trimtab.scaling.engine.predefined import metric_of

STALE = 5
"""Periods after which a metric without a newer value is missing: publishers are late by some."""
HISTORY_S = 14 * 86_400
"""How much of the demand plans look back on: what AWS's predictive scaling does."""


class Demand(Struct, frozen=True):
    """The demand of a target (load a second), a value a tick up to `end_ms`; NaN-free, gaps are 0.

    `missing` says why it cannot be used ("" where it can); `waiting` is the load that waits.
    """

    values: Array
    end_ms: int
    missing: str = ""
    waiting: float = 0.0

    @property
    def now(self) -> float:
        """The newest value; NaN where it is missing."""
        return float(self.values[-1]) if len(self.values) and not self.missing else math.nan


class Readings(Struct, frozen=True):
    """Reads for the engine."""

    evaluator: Evaluator
    alarms: Alarms

    async def value(self, target: ScalableTarget, policy: Policy, now_ms: int) -> float:
        """The newest value of what a target tracking policy tracks; NaN where it is missing."""
        document = policy.document
        predefined = document.get("PredefinedMetricSpecification")
        own: Mapping[str, Any] = (
            metric_of(target.key, predefined) if predefined else document["CustomizedMetricSpecification"]
        )
        period = max(1, target.service.tick_s)
        series = await self.series(target.key, queries_of(own, period), period, now_ms, STALE)
        known = series[np.isfinite(series)]
        return float(known[-1]) if len(known) else math.nan

    async def series(self, key: TargetKey, queries: Sequence[Query], period_s: int, now_ms: int, ticks: int) -> Array:
        """The values of the one query that is returned, in the last `ticks` whole periods; NaN where there is none."""
        step = period_s * 1000
        end_ms = now_ms // step * step
        start_ms, found = end_ms - ticks * step, np.full(ticks, np.nan)
        for result in await self.evaluator.evaluate(Scope.of(key.account, key.region), queries, start_ms, end_ms):
            at = (result.times - start_ms) // step
            inside = (at >= 0) & (at < ticks) & np.isfinite(result.values)
            found[at[inside]] = result.values[inside]
        return found

    async def demand(self, target: ScalableTarget, now_ms: int, history_s: int) -> Demand:
        """The demand of the target's signal over the last `history_s`, from its first value above 0 on."""
        signal, tick = target.service.signal, target.service.tick_s
        end_ms = now_ms // (tick * 1000) * tick * 1000
        if signal is None:
            return Demand(np.zeros(0), end_ms, "the target has no signal: name the metric of its demand")
        asked = max(STALE + 1, history_s // tick)
        try:
            values = await self.series(target.key, _signal(signal, signal.name, tick), tick, now_ms, asked)
            waiting = await self._waiting(target, signal, now_ms)
        except TrimtabError as problem:
            return Demand(np.zeros(0), end_ms, f"cannot read its signal: {problem}")
        known = np.flatnonzero(np.isfinite(values))
        if not len(known) or known[-1] < asked - STALE:
            return Demand(np.zeros(0), end_ms, f"no value of {signal.namespace} {signal.name} for {STALE} periods")
        values = np.maximum(0.0, np.nan_to_num(values[: known[-1] + 1]))
        above = np.flatnonzero(values)
        values = values[int(above[0]) if len(above) else -1 :]
        return Demand(values / (tick if signal.per_period else 1), end_ms, "", waiting)

    async def _waiting(self, target: ScalableTarget, signal: Signal, now_ms: int) -> float:
        if not signal.waiting:
            return 0.0
        tick = target.service.tick_s
        found = await self.series(target.key, _signal(signal, signal.waiting, tick, "Maximum"), tick, now_ms, STALE)
        known = found[np.isfinite(found)]
        return max(0.0, float(known[-1])) if len(known) else 0.0


def _signal(signal: Signal, name: str, period_s: int, statistic: str = "") -> list[Query]:
    wanted = parse_statistic(statistic or signal.statistic, "statistic")
    return [Query("signal", MetricStat(signal.namespace, name, make_tags(signal.dimensions), wanted, period_s))]


def queries_of(specification: Mapping[str, Any], period_s: int) -> list[Query]:
    """A CustomizedMetricSpecification as queries of which one is returned. Raises InvalidInput."""
    queries = specification.get("Metrics") or specification.get("MetricDataQueries")
    if queries:
        return [_query(one, period_s) for one in queries]
    name, namespace = specification.get("MetricName"), specification.get("Namespace")
    if not name or not namespace:
        raise InvalidInput("a CustomizedMetricSpecification needs MetricName and Namespace, or Metrics")
    stat = _stat(specification, specification.get("Statistic", "Average"), specification.get("Unit"), period_s)
    return [Query("m", stat)]


def _stat(metric: Mapping[str, Any], statistic: str, unit: str | None, period_s: int) -> MetricStat:
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions") or ()}
    wanted = parse_statistic(statistic, "Statistic")
    return MetricStat(metric["Namespace"], metric["MetricName"], make_tags(dimensions), wanted, period_s, unit)


def _query(one: Mapping[str, Any], period_s: int) -> Query:
    returned = one.get("ReturnData", True)
    if one.get("Expression"):
        return Query(one["Id"], one["Expression"], period_s, one.get("Label"), returned)
    stat = one.get("MetricStat") or {}
    source = _stat(stat.get("Metric") or {}, stat.get("Stat", "Average"), stat.get("Unit"), period_s)
    return Query(one["Id"], source, None, one.get("Label"), returned)
