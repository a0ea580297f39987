"""What the ledger and the KPIs ask of `metrics.read.MetricReader`."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic

Floats = npt.NDArray[np.float64]


class Reader(Protocol):
    """Reads statistics of series."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """Statistics, one result for each request. Raises QueryAborted, Unavailable."""
        ...


class MatrixReader(Reader, Protocol):
    """Reads rows of many series too."""

    async def matrix(
        self, scope: Scope, series: Sequence[int], statistic: Statistic, start_ms: int, end_ms: int, period_s: int
    ) -> Floats:
        """A statistic of each series: a row a series, a column a period, else NaN. Raises QueryAborted, Unavailable."""
        ...
