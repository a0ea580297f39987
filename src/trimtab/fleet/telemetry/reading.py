"""What the ledger and the KPIs ask of `metrics.read.MetricReader`."""

from collections.abc import Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.metrics.plan import StatRequest, StatSeries


class Reader(Protocol):
    """Reads statistics of series."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """Statistics, one result for each request. Raises QueryAborted, Unavailable."""
        ...
