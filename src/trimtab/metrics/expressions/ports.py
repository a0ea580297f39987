"""What expressions ask of the rest of the metrics room."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import Times, Values
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

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        """How many series match."""
        ...


class RulePoints(Struct, frozen=True):
    """Points of a metric of an insight rule: period starts (ms, ascending) and a value for each."""

    times: Times
    values: Values


class InsightRules(Protocol):
    """Whoever has rules of Contributor Insights, for INSIGHT_RULE_METRIC."""

    async def points(
        self, scope: Scope, rule: str, metric: str, start_ms: int, end_ms: int, period_s: int
    ) -> RulePoints:
        """The points of a metric of a rule in periods from `start_ms` on; none of a rule that is not there.

        Raises InvalidInput for a metric that rules do not have.
        """
        ...


class NoRules:
    """Where there are none."""

    async def points(
        self, scope: Scope, rule: str, metric: str, start_ms: int, end_ms: int, period_s: int
    ) -> RulePoints:
        """Refuse: raises InvalidInput."""
        raise InvalidInput("cannot evaluate INSIGHT_RULE_METRIC: there are no insight rules here")


class ResourceTags(Protocol):
    """Whoever knows the tags of resources, for `tag.…` keys of Metrics Insights."""

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """The tags of the resource with this id (`provider/account/region/kind/id`; "" where it is not known)."""
        ...


class NoTags:
    """Where no resource is known to have tags."""

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """None."""
        return {}
