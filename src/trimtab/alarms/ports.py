"""What the evaluator needs of other rooms; `worker.py` wires it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.metrics.expressions.model import EvaluationJob, Result
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.slos.model import SloKey
from trimtab.slos.room import Burnt


class Reader(Protocol):
    """`metrics.read.MetricReader`, as far as it is used here."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """One statistic a request, by period."""
        ...


class Registry(Protocol):
    """`metrics.registry.SeriesRegistry`, as far as it is used here."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Learn the series that other processes registered; the (namespace, name) pairs that have new ones."""
        ...


class Expressions(Protocol):
    """`metrics.expressions.evaluate.Evaluator`, as far as it is used here."""

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        """The results of each job."""
        ...


class Budgets(Protocol):
    """`slos.room.SloRoom`, as far as it is used here."""

    async def burnt(self, key: SloKey, lengths_s: Sequence[int], times: Sequence[int]) -> Burnt:
        """Of an objective what counted in each length of window at each time. Raises NotFound, InvalidInput."""
        ...


class PromQL(Protocol):
    """A PromQL engine: instant queries for vectors."""

    async def vector(self, scope: Scope, text: str, at_ms: int) -> list[tuple[Mapping[str, str], float]]:
        """The labels and value of every series that `text` returns at a time. Raises InvalidInput."""
        ...
