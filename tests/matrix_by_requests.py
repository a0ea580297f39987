"""`MetricReader.matrix` of a pretended reader: by a request for each series."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.metrics.matrix import Periods
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic


class Statistics(Protocol):
    """A pretended reader."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]: ...


class MatrixByRequests:
    """Gives whoever answers `statistics` a `matrix`."""

    async def matrix(
        self: Statistics,
        scope: Scope,
        series: Sequence[int],
        statistic: Statistic,
        start_ms: int,
        end_ms: int,
        period_s: int,
    ) -> npt.NDArray[np.float64]:
        periods = Periods(start_ms, end_ms, period_s)
        found = np.full((len(series), len(periods)), np.nan)
        requests = [StatRequest((one,), statistic, period_s) for one in series]
        for row, answer in zip(found, await self.statistics(scope, requests, start_ms, end_ms), strict=True):
            periods.place(answer, row)
        return found
