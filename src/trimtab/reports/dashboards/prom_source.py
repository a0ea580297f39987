"""PromQL as widgets ask it: the series of a query over a range, by the room of metrics."""

from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.metrics.promql.engine import PromQL
from trimtab.reports.dashboards.ports import Vector


class PromQLSource:
    """`ports.AsksPromQL` over the engine."""

    def __init__(self, engine: PromQL) -> None:
        self._engine = engine

    async def vectors(self, scope: Scope, text: str, start_ms: int, end_ms: int, step_ms: int) -> Sequence[Vector]:
        """The series of a query at every step of `[start_ms, end_ms]`, those of native histograms left out.

        Raises InvalidInput that names the position.
        """
        answer = await self._engine.query_range(scope, text, start_ms, end_ms, step_ms)
        return [Vector(dict(series.labels), series.times, series.values) for series in answer.series]
