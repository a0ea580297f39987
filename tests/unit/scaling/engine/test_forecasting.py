"""Forecasts of predictive policies over live metrics, and the floor that they put under a target."""

import asyncio

import numpy as np
from tests.unit.scaling.engine.conftest import Bench

from trimtab.scaling.engine.forecasting import HOUR_MS, Forecasts
from trimtab.scaling.engine.model import Kind, Policy

SHARE = {"MetricSpecifications": [{"TargetValue": 0.5}], "Mode": "ForecastAndScale"}
PAIR = {
    "MetricSpecifications": [
        {
            "TargetValue": 40.0,
            "CustomizedLoadMetricSpecification": {"MetricDataQueries": [
                {"Id": "load", "MetricStat": {"Metric": {"Namespace": "own", "MetricName": "load"}, "Stat": "Sum"}}]},
            "CustomizedScalingMetricSpecification": {"MetricDataQueries": [
                {"Id": "cpu", "MetricStat": {"Metric": {"Namespace": "own", "MetricName": "hot"}, "Stat": "Average"}}]},
        }
    ]
}  # fmt: skip
DAY = [100.0 if 4 <= hour < 18 else 10.0 for hour in range(24)]


def _midnight(engine_bench: Bench) -> int:
    engine_bench.clock.at_ms = engine_bench.clock.at_ms // (24 * HOUR_MS) * 24 * HOUR_MS
    return engine_bench.clock.at_ms


def test_the_hours_ahead_are_those_of_the_days_before_and_the_floor_is_in_place_before_the_hour(
    engine_bench: Bench,
) -> None:
    async def run() -> None:
        midnight = _midnight(engine_bench)
        engine_bench.metrics.values["requests"] = DAY * 14
        target = await engine_bench.target()
        policy = Policy("p", target.id, target.key, "ahead", Kind.PREDICTIVE, SHARE, 0, 0)
        found = await Forecasts(engine_bench.room.readings).of(target, policy, midnight)
        assert np.allclose(DAY * 2, found.load)
        assert (2, 20) == (
            found.at(midnight + 3 * HOUR_MS),
            found.at(midnight + 4 * HOUR_MS),
        )
        before = await Forecasts(engine_bench.room.readings).floor(target, policy, midnight + 1 * HOUR_MS)
        assert (2, True) == (before.replicas, before.scales)
        soon = await Forecasts(engine_bench.room.readings).floor(target, policy, midnight + 4 * HOUR_MS - 240_000)
        assert 20 == soon.replicas
        assert "forecast at 100 a second: 20 replicas" in soon.words

    asyncio.run(run())


def test_what_a_replica_carries_follows_from_load_metric_and_replicas(engine_bench: Bench) -> None:
    async def run() -> None:
        midnight = _midnight(engine_bench)
        engine_bench.metrics.values["load"] = DAY * 14
        engine_bench.metrics.values["hot"] = [one / 2 / 2.5 for one in DAY] * 14  # two replicas carry 2.5 a percent
        engine_bench.metrics.values["ReadyReplicas"] = [2.0] * 24 * 14
        target = await engine_bench.target()
        policy = Policy("p", target.id, target.key, "ahead", Kind.PREDICTIVE, PAIR, 0, 0)
        found = await Forecasts(engine_bench.room.readings).of(target, policy, midnight)
        assert np.isclose(100.0, found.per_replica)  # 40 percent × 2.5
        assert 1 == found.at(midnight + 9 * HOUR_MS)

    asyncio.run(run())


def test_a_day_of_history_is_the_least_and_forecast_only_never_scales(engine_bench: Bench) -> None:
    async def run() -> None:
        midnight = _midnight(engine_bench)
        engine_bench.metrics.values["requests"] = DAY[:20]
        target = await engine_bench.target()
        policy = Policy("p", target.id, target.key, "ahead", Kind.PREDICTIVE, SHARE, 0, 0)
        found = await Forecasts(engine_bench.room.readings).floor(target, policy, midnight)
        assert (0, "no forecast: under 24 hours of its load are known") == (found.replicas, found.words)
        only = {**SHARE, "Mode": "ForecastOnly"}
        await engine_bench.policy(Kind.PREDICTIVE, **only)
        engine_bench.metrics.values["requests"] = DAY * 14
        await engine_bench.minutes(2)
        assert [] == engine_bench.backend.asked
        await engine_bench.policy(Kind.PREDICTIVE, **SHARE)
        await engine_bench.minutes(1)
        assert [2] == engine_bench.backend.asked
        assert "raised to 2, the forecast" in (await engine_bench.done())[0].cause

    asyncio.run(run())
