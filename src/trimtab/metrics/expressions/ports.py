"""What expressions ask of the rest of the metrics room."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.access.scope import Scope
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
