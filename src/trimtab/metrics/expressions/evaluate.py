"""Evaluates lists of metric data queries: metrics, metric math, SEARCH and Metrics Insights."""

from collections.abc import Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.metrics.expressions.bands import BandSource
from trimtab.metrics.expressions.model import EvaluationJob, Query, Result
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries


class Reader(Protocol):
    """`metrics.read.MetricReader`, as far as it is used here."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """One statistic a request, by period."""
        ...


class Registry(Protocol):
    """`metrics.registry.SeriesRegistry`, as far as it is used here."""

    def __len__(self) -> int:
        """The number of series known."""
        ...

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class Evaluator:
    """The one evaluator of metric data queries: GetMetricData, alarms, dashboards and pages ask it."""

    def __init__(self, reader: Reader, registry: Registry, clock: Clock, bands: BandSource) -> None:
        self._reader = reader
        self._registry = registry
        self._clock = clock
        self._bands = bands

    async def evaluate(self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int) -> list[Result]:
        """The results of the queries that are returned, over `[start_ms, end_ms)`, in the queries' order.

        A query may give none or several (SEARCH, GROUP BY). Raises InvalidInput naming the query and the position.
        """
        return (await self.evaluate_many(scope, [EvaluationJob(queries, start_ms, end_ms)]))[0]

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        """The results of each job, in the jobs' order. Metrics of jobs over equal ranges are read together.

        Raises InvalidInput when any job is wrong: `check` them first.
        """
        raise NotImplementedError  # Filled within this build; the signature is what others build on.


def check(queries: Sequence[Query], *, alarm: bool = False) -> None:
    """Validate without data: syntax, ids, types and limits; with `alarm` also what alarms refuse (SEARCH, > 10 metrics,
    a result of several series). Raises InvalidInput naming the query and the position."""
    raise NotImplementedError  # Filled within this build; the signature is what others build on.
