"""How long the replay of 30 days of minutes takes once the points are read: `python bench/bench_alarm_replay.py`.

A made-up reader answers from arrays, so that only trimtab's own work is measured; what it takes to read is told apart.
The last line is one JSON object: seconds by kind of alarm (the best of three), and of suggestions.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.replay.model import Span
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.alarms.suggest.suggester import Suggester
from trimtab.base.clock import ManualClock
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import Identity, Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.rollups.tiers import Retention
from trimtab.metrics.statistics import Family

MINUTE, DAYS = 60_000, 30
COUNT = DAYS * 1440
START = 1_764_000_000_000
ACCOUNT, REGION = "123456789012", "us-east-1"
LEADING = 3 * 1440


class Arrays:
    """A gauge of minutes, reported once a minute: reader and registry."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        at = np.arange(COUNT + LEADING)
        self.values = 60 + 8 * np.sin(at / 1440 * 2 * np.pi) + random.normal(0, 3, len(at))
        self.values[random.choice(len(at), 300, replace=False)] += 28
        for begin in (9000, 20_000, 33_000):
            self.values[LEADING + begin : LEADING + begin + 60] += 32
        self.times = START - LEADING * MINUTE + at * MINUTE
        self.seconds = 0.0

    def __len__(self) -> int:
        return 1

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The one series."""
        return [Series(1, Identity(ACCOUNT, REGION, "N", "m", ()))]

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        """One."""
        return 1

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Nothing new."""
        return frozenset()

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """The statistics, and how long that took."""
        began = time.perf_counter()
        found = [self._one(request, start_ms, end_ms) for request in requests]
        self.seconds += time.perf_counter() - began
        return found

    def _one(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        low, high = np.searchsorted(self.times, (start_ms, end_ms))
        times, values = self.times[low:high], self.values[low:high]
        period_ms = request.period_s * 1000
        bucket = (times - request.origin_ms % period_ms) // period_ms
        begins = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
        counts = np.diff(np.append(begins, len(times)))
        sums = np.add.reduceat(values, begins)
        answer = {Family.SUM: sums, Family.SAMPLE_COUNT: counts.astype(float)}
        mean = answer.get(request.statistic.family, sums / counts)
        return StatSeries(bucket[begins] * period_ms + request.origin_ms % period_ms, mean)


def form(**more: Any) -> dict[str, Any]:
    base = {"Namespace": "N", "MetricName": "m", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1}
    return {**base, "Threshold": 80.0, "ComparisonOperator": "GreaterThanThreshold", **more}


def math(text: str) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Average"}
    queries = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "e", "Expression": text, "Period": 60, "ReturnData": True},
    ]
    judged = {"Threshold": 80.0, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3}
    return {"Metrics": queries, **judged}


FORMS: Mapping[str, dict[str, Any]] = {
    "one_minute": form(EvaluationPeriods=5, DatapointsToAlarm=3),
    "one_minute_noisy": form(Threshold=64.0),
    "five_minutes_sliding": form(Period=300),
    "one_hour_sliding": form(Period=3600),
    "metric_math": math("m1 * 1"),
    "range_by_range": math("RATE(m1) * 60"),
}


def main() -> None:
    span = Span(START, START + COUNT * MINUTE, START + COUNT * MINUTE)
    key, figures = AlarmKey(ACCOUNT, REGION, "bench"), {}
    for name, one in FORMS.items():
        best = float("inf")
        for _ in range(3):
            arrays = Arrays()
            began = time.perf_counter()
            found = asyncio.run(Replayer(parts(arrays)).replay(read_alarm(AlarmKind.METRIC, key, one), span))
            best = min(best, time.perf_counter() - began - arrays.seconds)
        figures[f"{name}_s"] = round(best, 3)
        print(f"{name}: {best:.2f} s, {found.evaluations} evaluations, fired {found.fired} times")
    arrays = Arrays()
    began = time.perf_counter()
    told = asyncio.run(Suggester(parts(arrays), Replayer(parts(arrays))).suggest(key, form(), span))
    figures["suggest_s"] = round(time.perf_counter() - began - arrays.seconds, 3)
    print(told.verdict)
    print(json.dumps({"days": DAYS, "considered": told.considered, **figures}))


def parts(arrays: Arrays) -> ReplayParts:
    async def named(*_: Any) -> dict[str, Any]:
        return {}

    def over(reader: Any) -> Evaluator:
        return Evaluator(reader, arrays, ManualClock(START), NoBands())

    return ReplayParts(arrays, arrays, over, named, Retention(400, (400, 400, 400)))


if __name__ == "__main__":
    main()
