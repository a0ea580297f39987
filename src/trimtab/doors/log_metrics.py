"""What metric filters measured becomes points of metrics: the port between logs and metrics."""

from collections.abc import Sequence

import numpy as np

from trimtab.inventory.resolver import resolve
from trimtab.logs.filters.emission import Measured
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry


class LogMetrics:
    """Writes what it is given as values of series."""

    def __init__(self, ingest: MetricIngest, registry: SeriesRegistry) -> None:
        self._ingest = ingest
        self._registry = registry

    async def __call__(self, measured: Sequence[Measured]) -> None:
        """Make these points durable. Raises Throttled, Unavailable."""
        rows = [(self._series(point), point.time_ms, point.value, float(point.count)) for point in measured]
        await self._ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)))

    def _series(self, point: Measured) -> int:
        resource = resolve(dict(point.dimensions), point.account, point.region).path
        return self._registry.add(
            Identity(
                point.account,
                point.region,
                point.namespace,
                point.name,
                point.dimensions,
                point.unit,
                resource=resource,
            )
        )
