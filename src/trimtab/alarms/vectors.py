"""What PromQL alarms ask: instant queries for vectors, answered by the engine of the metrics room."""

from collections.abc import Mapping

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.language.check import type_of
from trimtab.metrics.promql.language.parse import parse
from trimtab.metrics.promql.language.syntax import Type

_ALLOWED = (Type.VECTOR, Type.SCALAR)


class Vectors:
    """The PromQL engine, as the evaluator of alarms asks it."""

    def __init__(self, engine: PromQL) -> None:
        self._engine = engine

    async def vector(self, scope: Scope, text: str, at_ms: int) -> list[tuple[Mapping[str, str], float]]:
        """The labels and value of every series that `text` returns at a time; a scalar is one series without labels.

        A native histogram's value is NaN: that it is returned is what counts. Raises InvalidInput, QueryAborted.
        """
        check_promql(text)
        answer = await self._engine.query(scope, text, at_ms)
        return [
            (dict(series.labels), float(series.values[0]) if len(series.values) else float("nan"))
            for series in answer.series
        ]


def check_promql(text: str) -> None:
    """Check the query of an alarm. Raises InvalidInput with the position of what is wrong."""
    found = type_of(parse(text))
    if found not in _ALLOWED:
        raise InvalidInput(f"cannot watch {text!r}: got a {found}; expected a query that returns an instant vector")
