"""A fleet in memory: a real registry, and a reader that computes statistics from the points it was given."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from matrix_by_requests import MatrixByRequests
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.gather import FactsReader
from trimtab.kpis.context import Options
from trimtab.kpis.model import Level, Report
from trimtab.kpis.report import DEFAULTS, report
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import Family, Statistic

START = 1_764_000_000_000  # a full hour
MINUTE, HOUR = 60_000, 3_600_000


@dataclass
class Fleet(MatrixByRequests):
    """Series and their points; counts how often it was read."""

    registry: SeriesRegistry = field(default_factory=lambda: SeriesRegistry(cast("Any", None), ManualClock()))
    points: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    reads: int = 0

    def add(
        self,
        name: str,
        values: Sequence[float] | float,
        *,
        namespace: str = "Prometheus",
        kind: Kind = Kind.GAUGE,
        times: Sequence[int] | None = None,
        minutes: int = 60,
        unit: str = "None",
        account: str = "1",
        labels: Mapping[str, str] | None = None,
    ) -> int:
        """A series with a value a minute for `minutes` from START on (or at `times`, ms)."""
        identity = Identity(account, "eu", namespace, name, make_tags(labels or {}), unit, kind)
        series = self.registry.add(identity)
        whole = np.array(times if times is not None else START + np.arange(minutes) * MINUTE, np.int64)
        each = np.broadcast_to(np.asarray(values, float), whole.shape)
        self.points[series] = (whole, each)
        if len(whole):
            self.registry.seen(np.array([series], np.uint64), np.array([whole.max()], np.int64))
        return series

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.reads += 1
        return [self._answer(request, start_ms, end_ms) for request in requests]

    def _answer(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        buckets: dict[int, list[np.ndarray]] = defaultdict(list)
        period = request.period_s * 1000
        for series in request.series:
            known = self.registry.get(series)
            assert known is not None
            times, values = self.points[series]
            counter = known.identity.kind is Kind.COUNTER or request.statistic.family is Family.RATE
            if counter and known.identity.kind is not Kind.EVENTS:
                times, values = times[1:], np.where(np.diff(values) < 0, values[1:], np.diff(values))
            inside = (times >= start_ms) & (times < end_ms)
            if not inside.any():
                continue
            times, values = times[inside], values[inside]
            at = times // period
            order = np.argsort(at, kind="stable")
            numbers, first = np.unique(at[order], return_index=True)
            for number, part in zip(numbers, np.split(values[order], first[1:]), strict=True):
                buckets[int(number)].append(part)
        found = sorted(buckets)
        answers = [_statistic(request.statistic, np.concatenate(buckets[at]), request.period_s) for at in found]
        return StatSeries(np.array(found, np.int64) * period, np.array(answers, float))

    def report(
        self, level: Level = Level.FLEET, *, hours: float = 1, options: Options = DEFAULTS, **more: Any
    ) -> Report:
        start = more.pop("start", START)
        end = int(start + hours * HOUR)
        reader = cast("Any", self)
        ledger = more.pop("ledger", None) or direct(self, end)
        return asyncio.run(
            report(reader, self.registry, EVERYTHING, level, start, end, options=options, ledger=ledger, **more)
        )


class Nothing:
    """An inventory that knows nothing: no node, no run, no instance type."""

    def __init__(self) -> None:
        self.nodes = self.runs = self
        self.catalog = SimpleNamespace(types={})

    async def existed(self, *asked: Any) -> list[Any]:
        return []

    async def listed(self, *asked: Any) -> list[Any]:
        return []

    async def all(self, *asked: Any) -> list[Any]:
        return []

    async def began(self) -> dict[Any, int]:
        return {}

    async def first_told(self) -> dict[Any, Any]:
        return {}

    async def accounted(self, *asked: Any) -> dict[Any, Any]:
        return {}


def direct(fleet: Fleet, now_ms: int, inventory: Any = None) -> DirectLedger:
    """A ledger over a fleet in memory, and an inventory where there is one."""
    clock = ManualClock(now_ms)
    facts = FactsReader(cast("Any", fleet), fleet.registry, inventory or cast("Any", Nothing()), None, clock)
    return DirectLedger(facts, clock)


def _statistic(statistic: Statistic, values: np.ndarray, period_s: int) -> float:
    match statistic.family:
        case Family.AVERAGE:
            return float(values.mean())
        case Family.SAMPLE_COUNT:
            return float(len(values))
        case Family.MAXIMUM:
            return float(values.max())
        case Family.SUM:
            return float(values.sum())
        case Family.RATE:
            return float(values.sum()) / period_s
        case Family.PERCENTILE:
            return float(np.quantile(values, float(statistic.high or 0)))
    raise NotImplementedError(statistic.text)
