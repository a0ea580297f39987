"""The port by which ANOMALY_DETECTION_BAND gets its bands; `metrics/bands/` implements it, `app.py` wires it."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import MetricStat, Query, Times, Values


class BandRequest(Struct, frozen=True):
    """A band of `width` standard deviations around one series.

    `times` (ms, ascending) and `values` are the points of the series in `[start_ms, end_ms)`, `period_s` their spacing.
    `stat` is the metric, or None for a band around an expression: `queries` then are that expression (the one with
    `returned`) and all that it reads, as a metric math detector has them. With a `stat`, `queries` is empty.
    """

    stat: MetricStat | None
    queries: tuple[Query, ...]
    start_ms: int
    end_ms: int
    period_s: int
    times: Times
    values: Values
    width: float


class Band(Struct, frozen=True):
    """Upper and lower limits at `times` (ms, ascending, on the request's grid of periods; need not have points)."""

    times: Times
    upper: Values
    lower: Values


class BandSource(Protocol):
    """Whoever knows what is normal."""

    async def bands(self, scope: Scope, requests: Sequence[BandRequest]) -> list[Band]:
        """A band for each request, in their order; an empty one where nothing is known yet.

        All bands of one evaluation are asked for together, so that their models are read in few queries.
        """
        ...


class NoBands:
    """Where no anomaly detection is wired."""

    async def bands(self, scope: Scope, requests: Sequence[BandRequest]) -> list[Band]:
        """Refuse: raises InvalidInput unless nothing is asked."""
        if not requests:
            return []
        raise InvalidInput("cannot evaluate ANOMALY_DETECTION_BAND: anomaly detection is not available here")
