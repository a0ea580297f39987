"""A registry that several follow in one process: each is told of every new series once, whoever read of it first."""

from trimtab.access.scope import Scope
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry


class Follower:
    """One of those who follow."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self._known = 0

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Learn what another process registered; the (namespace, name) pairs that are new to this follower."""
        await self._registry.follow()
        names = self._registry.names_since(self._known)
        self._known = len(self._registry)
        return names

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        return self._registry.find(scope, query)
