"""A state database, a clock, metrics that a test writes down, and an evaluator over them."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.form import kind_of
from trimtab.alarms.history import Item, Wanted
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.rows import Stored
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Result
from trimtab.metrics.model import Identity, Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Family
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

T = TypeVar("T")

START = 1_764_000_000_000  # a full hour
MINUTE = 60_000
ACCOUNT, REGION = "123456789012", "us-east-1"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)


@dataclass
class Metrics:
    """Points by metric name and time: reader, registry and expressions in one. Expressions are `m1 * 2` or a band."""

    points: dict[str, dict[int, float]] = field(default_factory=dict)
    reads: int = 0
    refused: frozenset[str] = frozenset()

    def put(self, name: str, start_ms: int, values: Sequence[float | None], step_ms: int = MINUTE) -> None:
        """A value a step from `start_ms` on; None is none."""
        mine = self.points.setdefault(name, {})
        for number, value in enumerate(values):
            if value is not None:
                mine[start_ms + number * step_ms] = value

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset({("N", name) for name in self.points})

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        names = sorted(self.points)
        identity = Identity(ACCOUNT, REGION, "N", str(query.name), ())
        return [Series(names.index(name), identity) for name in names if name == query.name]

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.reads += 1
        names = sorted(self.points)
        return [
            self._statistic(names[request.series[0]] if request.series else "", request, start_ms, end_ms)
            for request in requests
        ]

    def _statistic(self, name: str, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        period_ms = request.period_s * 1000
        found: dict[int, list[float]] = {}
        for at, value in sorted(self.points.get(name, {}).items()):
            if start_ms <= at < end_ms:
                found.setdefault(at - (at - request.origin_ms) % period_ms, []).append(value)
        family = request.statistic.family
        take = {Family.SUM: sum, Family.SAMPLE_COUNT: len, Family.MAXIMUM: max}.get(family, lambda v: sum(v) / len(v))
        return StatSeries(np.array(list(found), dtype=np.int64), np.array([float(take(v)) for v in found.values()]))

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        answers = []
        for job in jobs:
            results: list[Result] = []
            for query in job.queries:
                if isinstance(query.source, MetricStat):
                    request = StatRequest((0,), query.source.statistic, query.source.period_s, job.start_ms)
                    one = self._statistic(query.source.name, request, job.start_ms, job.end_ms)
                    base = Result(query.id, query.id, np.asarray(one.times), np.asarray(one.values))
                    if query.source.name in self.refused:
                        raise InvalidInput("refused")
                elif query.source.startswith("ANOMALY"):
                    size = len(base.times)
                    results += [replace(base, query_id=query.id, values=np.full(size, edge)) for edge in (10.0, 5.0)]
                    continue
                elif query.source.startswith("SELECT"):
                    results += self._grouped(query.id, job)
                    continue
                else:
                    base = replace(base, query_id=query.id, values=base.values * 2)
                if query.returned:
                    results.append(base)
            answers.append(results)
        return answers

    def _grouped(self, id_: str, job: EvaluationJob) -> list[Result]:
        found = []
        for name, mine in sorted(self.points.items()):
            inside = {at: value for at, value in mine.items() if job.start_ms <= at < job.end_ms}
            if inside:
                times = np.array(sorted(inside), dtype=np.int64)
                values = np.array([inside[at] for at in times.tolist()])
                found.append(Result(id_, name, times, values, {"Dim.Host": name}))
        return found


@dataclass
class Vectors:
    """A PromQL engine: what it returns by time."""

    returned: dict[int, list[tuple[Mapping[str, str], float]]] = field(default_factory=dict)

    async def vector(self, scope: Scope, text: str, at_ms: int) -> list[tuple[Mapping[str, str], float]]:
        return self.returned.get(at_ms, [])


class House:
    """Everything a test of the evaluator needs."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock(START)
        self.database = State.open("", directory)
        self.room = AlarmRoom.of(self.database, self.clock)
        self.metrics = Metrics()
        self.promql = Vectors()
        self.evaluator = self.new_evaluator()

    def new_evaluator(self) -> AlarmEvaluator:
        """An evaluator that knows nothing yet, as after a restart."""
        parts = EvaluatorParts(self.database, self.clock, self.metrics, self.metrics, self.metrics, self.promql)
        return AlarmEvaluator(parts)

    def put(self, name: str, kind: AlarmKind = AlarmKind.METRIC, /, **form: Any) -> None:
        """Put an alarm; a metric alarm is on metric `name`, above 5, once, unless the form says otherwise."""
        kind = kind_of(form) if kind is AlarmKind.METRIC else kind
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
        run(self.room.store.put(kind, self.key(name), form, {}))

    def key(self, name: str) -> AlarmKey:
        return AlarmKey(ACCOUNT, REGION, name)

    def alarm(self, name: str) -> Stored:
        return run(self.room.store.named(ACCOUNT, REGION, [name]))[name]

    def state(self, name: str) -> StateValue:
        return self.alarm(name).state.value

    def evaluate(self, minutes: float = 0) -> int:
        """Move the clock on and make what is due."""
        self.clock.advance(minutes * 60)
        return run(self.evaluator.run())

    def history(self, name: str, item_type: str | None = "StateUpdate") -> list[Item]:
        """Oldest first."""
        wanted = Wanted(ACCOUNT, REGION, name, item_type=item_type, ascending=True)
        return run(self.room.store.history(wanted, 1000))

    def events(self) -> list[tuple[str, str, str]]:
        """(kind, alarm, body) of the outbox, in order."""
        rows = self.database.read_sync(lambda connection: connection.execute(outbox.select()).fetchall())
        return [(row.kind, row.subject.rpartition(":")[2], row.body) for row in rows]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    built = House(tmp_path)
    yield built
    built.database.close()
