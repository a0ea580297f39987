"""A past that a test writes down, the real expression evaluator over it, and a replayer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind, MetricAlarm
from trimtab.alarms.replay.model import Replay, Span
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.alarms.rows import Stored
from trimtab.base.clock import ManualClock
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import Identity, Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.rollups.tiers import Retention
from trimtab.metrics.statistics import Family

START = 1_764_000_000_000  # a full hour
MINUTE = 60_000
ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Past:
    """Points by metric name: reader and registry in one. A dimension `Host` where the name has a slash: `cpu/a`."""

    points: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    reads: int = 0

    def put(self, name: str, values: Sequence[float | None], start_ms: int = START, step_ms: int = MINUTE) -> None:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        times = start_ms + np.arange(len(numbers), dtype=np.int64) * step_ms
        known = ~np.isnan(numbers)
        self.points[name] = (times[known], numbers[known])

    def __len__(self) -> int:
        return len(self.points)

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        found = []
        for number, name in enumerate(sorted(self.points)):
            metric, _, host = name.partition("/")
            dimensions = (("Host", host),) if host else ()
            if query.name in (None, metric) and (not query.exact or tuple(query.dimensions) == dimensions):
                found.append(Series(number + 1, Identity(ACCOUNT, REGION, "N", metric, dimensions)))
        return found

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        return len(self.find(scope, query))

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.reads += 1
        return [self._one(request, start_ms, end_ms) for request in requests]

    def _one(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        names = sorted(self.points)
        mine = [self.points[names[number - 1]] for number in request.series]
        times = np.concatenate([one[0] for one in mine] or [np.empty(0, np.int64)])
        values = np.concatenate([one[1] for one in mine] or [np.empty(0)])
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        inside = (times >= start_ms) & (times < end_ms)
        times, values = times[inside], values[inside]
        period_ms = request.period_s * 1000
        bucket = (times - request.origin_ms % period_ms) // period_ms
        keys, begins = np.unique(bucket, return_index=True)
        parts = np.split(values, begins[1:]) if len(keys) else []
        known = [_statistic(part, request) for part in parts]
        return StatSeries(keys * period_ms + request.origin_ms % period_ms, np.array(known, dtype=np.float64))

    def evaluator(self, reader: Any = None) -> Evaluator:
        return Evaluator(reader or self, self, ManualClock(START), NoBands())


def _statistic(part: np.ndarray, request: StatRequest) -> float:
    family = request.statistic.family
    if family is Family.PERCENTILE:
        return float(np.quantile(part, float(request.statistic.high)))
    take = {Family.SUM: np.sum, Family.SAMPLE_COUNT: len, Family.MAXIMUM: np.max, Family.MINIMUM: np.min}
    return float(take.get(family, np.mean)(part))


def replayer(past: Past, stored: dict[str, Stored] | None = None, promql: Any = None, kept: Any = None) -> Replayer:
    async def named(account: str, region: str, names: Sequence[str]) -> dict[str, Stored]:
        return {name: (stored or {})[name] for name in names if name in (stored or {})}

    return Replayer(ReplayParts(past, past, past.evaluator, named, kept or Retention(), promql))


def alarm(name: str = "cpu", kind: AlarmKind = AlarmKind.METRIC, /, **form: Any) -> Any:
    """An alarm on metric `name` above 5, once a minute, unless the form says otherwise."""
    if kind is AlarmKind.METRIC and "Metrics" not in form:
        form = {
            "MetricName": name,
            "Namespace": "N",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **form,
        }
    given = {key: value for key, value in form.items() if value is not None}
    return read_alarm(kind, AlarmKey(ACCOUNT, REGION, name), given)


def span(minutes: float, start_ms: int = START) -> Span:
    end_ms = start_ms + round(minutes * MINUTE)
    return Span(start_ms, end_ms, end_ms)


def states(replay: Replay) -> list[tuple[int, str]]:
    """The transitions: minutes after START, and the new state."""
    return [((one.at_ms - START) // MINUTE, one.new.value) for one in replay.transitions]


__all__ = ["ACCOUNT", "MINUTE", "REGION", "START", "MetricAlarm", "Past", "alarm", "replayer", "span", "states"]
