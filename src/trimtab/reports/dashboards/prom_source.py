"""PromQL as widgets ask it: the series of a query over a range, by the room of metrics."""

from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.base.errors import TrimtabError
from trimtab.metrics.promql.engine import Answer, PromQL, RangeQuery
from trimtab.reports.dashboards.ports import Vector


class PromQLSource:
    """`ports.AsksPromQL` over the engine."""

    def __init__(self, engine: PromQL) -> None:
        self._engine = engine

    async def vectors(self, scope: Scope, asked: Sequence[RangeQuery]) -> list[Sequence[Vector] | TrimtabError]:
        """The series of each query, those of native histograms left out; what is wrong with one is its answer alone."""
        answers = await self._engine.query_ranges(scope, asked)
        return [answer if isinstance(answer, TrimtabError) else _vectors(answer) for answer in answers]


def _vectors(answer: Answer) -> list[Vector]:
    return [Vector(dict(series.labels), series.times, series.values) for series in answer.series]
