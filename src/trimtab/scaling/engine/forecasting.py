"""Forecasts of predictive policies over live metrics, by the simulator's own `policies.predictive.forecast`.

The load of an hour is that of the policy's load metric, or of the target's signal where the policy names none. How many
replicas a load needs follows from the past: load ÷ (scaling metric × replicas in service) is what one replica's unit of
the scaling metric carries, and TargetValue units of it are kept on each. A forecast is made every 6 hours of the clock
(UTC) from what lies before it, and read until the next.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.base.tags import make_tags
from trimtab.capacity.simulate.fleet import Array
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import parse_statistic
from trimtab.scaling.engine import metering
from trimtab.scaling.engine.documents import Predicted, predicted
from trimtab.scaling.engine.model import Policy, ScalableTarget
from trimtab.scaling.engine.predefined import PAIRS, SCALING, metric_of
from trimtab.scaling.engine.readings import Readings, queries_of
from trimtab.scaling.policies.predictive import EVERY_HOURS, MOST_HOURS, forecast

HOUR_S, HOUR_MS = 3600, 3_600_000


class Forecast(Struct, frozen=True):
    """The hours ahead of `made_ms`: load and replicas for each, from `start_ms` on. Empty: too little is known."""

    made_ms: int
    start_ms: int
    load: Array
    replicas: Array
    per_replica: float
    """Load that a replica carries at the policy's target."""

    def at(self, ms: int) -> int:
        """Replicas for the hour of a time; 0 where there is no forecast."""
        hour = (ms - self.start_ms) // HOUR_MS
        return int(self.replicas[hour]) if 0 <= hour < len(self.replicas) else 0


class Floor(Struct, frozen=True):
    """What a predictive policy, or the `name`d rule, asks for at least now, and in words; `most` what it may go up to
    where it passes the maximum."""

    replicas: int
    words: str
    scales: bool
    most: int | None = None
    name: str = "forecast"


class Forecasts(Struct, frozen=True):
    """The forecasts of one set of readings."""

    readings: Readings

    async def of(self, target: ScalableTarget, policy: Policy, now_ms: int) -> Forecast:
        """The forecast in force at a time. Raises InvalidInput for a metric that cannot be read."""
        found = predicted(policy)
        made_ms = now_ms // (EVERY_HOURS * HOUR_MS) * EVERY_HOURS * HOUR_MS
        loads = await self._loads(target, found.specification, made_ms)
        known = np.flatnonzero(np.isfinite(loads))
        hours = np.nan_to_num(loads[known[0] :]) if len(known) else np.zeros(0)
        ahead = forecast(hours)
        carries = await self._carries(target, found, loads, made_ms)
        if ahead is None or not carries > 0:
            return Forecast(made_ms, made_ms, np.zeros(0), np.zeros(0), carries)
        return Forecast(made_ms, made_ms, ahead, np.ceil(ahead / carries - 1e-9), carries)

    async def floor(self, target: ScalableTarget, policy: Policy, now_ms: int) -> Floor:
        """What is to be in place now."""
        found = predicted(policy)
        made = await self.of(target, policy, now_ms)
        if not len(made.load):
            return Floor(0, "no forecast: under 24 hours of its load are known", found.scales)
        soon_ms = now_ms + round(found.policy.buffer_s * 1000)
        replicas = max(made.at(now_ms), made.at(soon_ms))
        load = float(made.load[min(len(made.load) - 1, (soon_ms - made.start_ms) // HOUR_MS)])
        words = f"{found.policy.explain(load, made.per_replica / found.policy.target)}: {replicas} at least"
        most = None
        if found.policy.breach_buffer is not None:
            most = math.ceil(replicas * (1 + found.policy.breach_buffer))
        return Floor(replicas, words + ("" if found.scales else " (forecast only)"), found.scales, most)

    async def _loads(self, target: ScalableTarget, own: Mapping[str, Any] | None, end_ms: int) -> Array:
        if own is None:
            return await self._signal(target, end_ms)
        return await self._hours(target, _load_of(target, own), end_ms)

    async def _signal(self, target: ScalableTarget, end_ms: int) -> Array:
        signal = target.service.signal
        if signal is None:
            return np.full(MOST_HOURS, np.nan)
        wanted = parse_statistic(signal.statistic, "statistic")
        stat = MetricStat(signal.namespace, signal.name, make_tags(signal.dimensions), wanted, HOUR_S)
        found = await self.readings.series(target.key, [Query("load", stat)], HOUR_S, end_ms, MOST_HOURS)
        return found / (HOUR_S if signal.per_period else 1)

    async def _carries(self, target: ScalableTarget, found: Predicted, loads: Array, end_ms: int) -> float:
        """The load that a replica carries at the target."""
        own = found.specification
        if own is None:
            return target.service.capacity * found.policy.target
        value = float(own["TargetValue"])
        measure = await self._hours(target, _scaling_of(target, own), end_ms)
        replicas = await self._replicas(target, own, end_ms)
        units = measure * replicas
        both = np.isfinite(units) & np.isfinite(loads) & (units > 0)
        ratio = float(loads[both].sum() / units[both].sum()) if both.any() else 1.0
        return ratio * value

    async def _replicas(self, target: ScalableTarget, own: Mapping[str, Any], end_ms: int) -> Array:
        given = own.get("CustomizedCapacityMetricSpecification")
        if given:
            return await self._hours(target, given, end_ms)
        dimensions = make_tags({metering.TARGET: target.key.label})
        stat = MetricStat(metering.TARGETS, metering.READY, dimensions, parse_statistic("Average", "statistic"), HOUR_S)
        return await self.readings.series(target.key, [Query("ready", stat)], HOUR_S, end_ms, MOST_HOURS)

    async def _hours(self, target: ScalableTarget, metric: Mapping[str, Any], end_ms: int) -> Array:
        return await self.readings.series(target.key, queries_of(metric, HOUR_S), HOUR_S, end_ms, MOST_HOURS)


def _load_of(target: ScalableTarget, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metric of the whole load."""
    if own.get("CustomizedLoadMetricSpecification"):
        found: Mapping[str, Any] = own["CustomizedLoadMetricSpecification"]
        return found
    given = own.get("PredefinedLoadMetricSpecification")
    if given is None:
        pair = own.get("PredefinedMetricPairSpecification") or own.get("PredefinedScalingMetricSpecification") or {}
        kind = str(pair.get("PredefinedMetricType", ""))
        given = {**pair, "PredefinedMetricType": PAIRS.get(kind, kind)}
    return metric_of(target.key, given)


def _scaling_of(target: ScalableTarget, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metric that is kept at TargetValue on each replica."""
    if own.get("CustomizedScalingMetricSpecification"):
        found: Mapping[str, Any] = own["CustomizedScalingMetricSpecification"]
        return found
    given = own.get("PredefinedScalingMetricSpecification")
    if given is None:
        pair = own.get("PredefinedMetricPairSpecification") or own.get("PredefinedLoadMetricSpecification") or {}
        kind = str(pair.get("PredefinedMetricType", ""))
        given = {**pair, "PredefinedMetricType": SCALING.get(kind, kind)}
    return metric_of(target.key, given)
