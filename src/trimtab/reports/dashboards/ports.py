"""What widgets ask of other rooms: contracts that `app.py` fills with those rooms."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import TrimtabError
from trimtab.metrics.expressions.model import EvaluationJob, Query, Result, Times, Values
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.promql.engine import RangeQuery


class Vector(Struct, frozen=True):
    """One series that a PromQL query gave."""

    labels: Mapping[str, str]
    times: Times
    values: Values


class AlarmView(Struct, frozen=True):
    """An alarm as a widget shows it. `state` is OK, ALARM or INSUFFICIENT_DATA.

    `queries` or the PromQL text `prom` are what its chart shows, `threshold` its dotted line; all of them may be
    missing (composite alarms).
    """

    arn: str
    name: str
    state: str
    since_ms: int
    reason: str
    link: str = ""
    queries: tuple[Query, ...] = ()
    prom: str = ""
    threshold: float | None = None
    comparison: str = ""


class Evaluates(Protocol):
    """`metrics.expressions.evaluate.Evaluator`."""

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        """The results of each job."""
        ...


class Finds(Protocol):
    """`metrics.registry.SeriesRegistry`, as far as it is used here."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class AsksPromQL(Protocol):
    """`prom_source.PromQLSource`: PromQL over a range."""

    async def vectors(self, scope: Scope, asked: Sequence[RangeQuery]) -> list[Sequence[Vector] | TrimtabError]:
        """The series of each query; what is wrong with one (InvalidInput names the position) is its answer alone."""
        ...


class ShowsAlarms(Protocol):
    """`alarm_source.AlarmSource`: alarms as widgets show them."""

    async def shown(self, scope: Scope, arns: Sequence[str]) -> list[AlarmView]:
        """The alarms with these ARNs that exist, in their order."""
        ...
