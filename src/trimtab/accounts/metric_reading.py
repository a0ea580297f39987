"""GetMetricData: the metrics that advice needs, an hour a point, into the metric store under AWS's own names."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.accounts.describe.contract import Calls, Item
from trimtab.accounts.metrics_wanted import Series
from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.tags import make_tags
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SET_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

HOUR_MS = 3_600_000
_SETTLED_MS = 900_000
"""Services publish up to a quarter of an hour late; an hour is read when it is that old."""
_QUERIES, _POINTS = 500, 100_000
"""Queries and data points of one call. Source: GetMetricData's reference, 500 and 100,800."""


class Window(Struct, frozen=True):
    """Whole hours `[start_ms, end_ms)`."""

    start_ms: int
    end_ms: int

    @classmethod
    def since(cls, mark_ms: int | None, days: int, now_ms: int) -> "Window":
        """The hours after a mark, or of the last days where there is none; CloudWatch keeps hours for 455 days."""
        end = (now_ms - _SETTLED_MS) // HOUR_MS * HOUR_MS
        return cls(max(mark_ms or 0, end - days * 24 * HOUR_MS), end)

    @property
    def hours(self) -> int:
        """How many there are."""
        return max(0, (self.end_ms - self.start_ms) // HOUR_MS)


class Points(Struct, frozen=True):
    """What one call brought: for each series its hours with count, sum, minimum and maximum."""

    key: str
    rows: Sequence[tuple[Series, int, float, float, float, float]]


class MetricStore:
    """Where points go."""

    def __init__(self, ingest: MetricIngest, registry: SeriesRegistry) -> None:
        self._ingest = ingest
        self._registry = registry

    async def write(self, account: str, region: str, points: Points) -> int:
        """Write points, once: a call that is made again after a crash has the same key."""
        rows = []
        for series, *point in points.rows:
            wanted = series.wanted
            identity = Identity(
                account,
                region,
                wanted.namespace,
                wanted.metric,
                make_tags(series.dimensions),
                wanted.unit,
                resource=series.resource,
            )
            known = self._registry.offer(identity)
            if known is not None:
                rows.append((known, *point))
        if rows:
            await self._ingest.write(MetricBatch(sets=np.array(rows, SET_ROW)), points.key)
        return len(rows)


def read(calls: Calls, account: str, region: str, series: Sequence[Series], window: Window) -> Iterator[Points]:
    """Read the series call by call. Blocks."""
    for number, part in enumerate(_parts(series, window)):
        asked = [(one, statistic) for one in part for statistic in one.wanted.statistics]
        queries = [_query(f"q{at}", one, statistic) for at, (one, statistic) in enumerate(asked)]
        found: dict[tuple[int, int], dict[str, float]] = {}
        answer = calls.pages(
            *("cloudwatch", region, "GetMetricData", "MetricDataResults"),
            MetricDataQueries=queries,
            StartTime=to_datetime(window.start_ms),
            EndTime=to_datetime(window.end_ms),
            ScanBy="TimestampAscending",
        )
        places = {id(one): at for at, one in enumerate(part)}
        for result in answer:
            one, statistic = asked[int(result["Id"][1:])]
            for when, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=False):
                found.setdefault((places[id(one)], to_ms(when)), {})[statistic] = value
        rows = [(part[at], time, *_set(values)) for (at, time), values in sorted(found.items())]
        yield Points(f"aws/{account}/{region}/{window.start_ms}-{window.end_ms}/{number}-{len(series)}", rows)


def calls_for(series: Sequence[Series], window: Window) -> int:
    """How many calls `read` makes."""
    return sum(1 for _ in _parts(series, window))


def _parts(series: Sequence[Series], window: Window) -> Iterator[list[Series]]:
    room = min(_QUERIES, max(1, _POINTS // max(1, window.hours)))
    part: list[Series] = []
    taken = 0
    for one in series:
        needs = len(one.wanted.statistics)
        if part and taken + needs > room:
            yield part
            part, taken = [], 0
        part.append(one)
        taken += needs
    if part and window.hours:
        yield part


def _query(id_: str, series: Series, statistic: str) -> Item:
    metric: dict[str, Any] = {
        "Namespace": series.wanted.namespace,
        "MetricName": series.wanted.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(series.dimensions.items())],
    }
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": HOUR_MS // 1000, "Stat": statistic}}


def _set(values: dict[str, float]) -> tuple[float, float, float, float]:
    """One sample for the hour: its sum is the average of a utilisation, and the sum of a count."""
    middle = values.get("Average", values.get("Sum", values.get("Maximum", 0.0)))
    return 1.0, middle, middle, values.get("Maximum", middle)
