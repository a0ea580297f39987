"""Throttled invocations, from the platform's own metric."""

import asyncio
from collections.abc import Sequence

import numpy as np

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.tags import make_tags
from trimtab.kpis import throttles
from trimtab.metrics.model import Identity, Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries


class Metrics:
    """A function's metric by its name, and the same by its alias."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        assert (query.namespace, query.name) == ("AWS/Lambda", "Throttles")
        ways = ({"FunctionName": "api"}, {"FunctionName": "api", "Resource": "api:live"})
        return [
            Series(at, Identity("1", "eu", "AWS/Lambda", "Throttles", make_tags(way))) for at, way in enumerate(ways)
        ]

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        return [StatSeries(np.array([0, 300_000]), np.array([3.0, 4.0])) for _ in requests]


def test_throttles_are_counted_once_for_each_function() -> None:
    found = asyncio.run(throttles.read(Metrics(), Metrics(), EVERYTHING, 0, 600_000))  # type: ignore[arg-type] # as far as used
    assert found == {("1", "eu", "api"): 7}
