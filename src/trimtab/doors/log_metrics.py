"""What is measured of logs becomes points of metrics: the ports between logs and metrics."""

from collections.abc import Sequence

import numpy as np

from trimtab.base.tags import make_tags
from trimtab.inventory.resolver import resolve
from trimtab.logs.filters.emission import Measured
from trimtab.logs.patterns.anomalies import GROUP_DIMENSION, METRIC, NAMESPACE, PATTERN_DIMENSION
from trimtab.logs.patterns.counting import PatternCount
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry


class LogMetrics:
    """Writes what it is given as values of series."""

    def __init__(self, ingest: MetricIngest, registry: SeriesRegistry) -> None:
        self._ingest = ingest
        self._registry = registry

    async def __call__(self, measured: Sequence[Measured]) -> None:
        """Make these points durable. Raises Throttled, Unavailable."""
        found = [(self._series(point), point.time_ms, point.value, float(point.count)) for point in measured]
        rows = [row for row in found if row[0] is not None]
        await self._ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)))

    def _series(self, point: Measured) -> int | None:
        resource = resolve(dict(point.dimensions), point.account, point.region).path
        return self._registry.offer(
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


class PatternMetrics:
    """Writes how many lines each pattern had as samples of gauges."""

    def __init__(self, ingest: MetricIngest, registry: SeriesRegistry) -> None:
        self._ingest = ingest
        self._registry = registry

    async def __call__(self, counts: Sequence[PatternCount]) -> None:
        """Make these counts durable. Raises Throttled, Unavailable."""
        if counts:
            found = [(self._series(one), one.slot_ms, float(one.lines)) for one in counts]
            rows = [row for row in found if row[0] is not None]
            await self._ingest.write(MetricBatch(samples=np.array(rows, SAMPLE_ROW)))

    def _series(self, one: PatternCount) -> int | None:
        group = one.group
        dimensions = make_tags({GROUP_DIMENSION: group.name, PATTERN_DIMENSION: one.pattern})
        return self._registry.offer(
            Identity(group.account, group.region, NAMESPACE, METRIC, dimensions, "Count", kind=Kind.GAUGE)
        )
