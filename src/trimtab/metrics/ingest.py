"""Writes: a batch of points becomes sections of the log, with the series that they need in front of them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trimtab.metrics.drop_rules import DropRules
from trimtab.metrics.encoding import encode_histograms
from trimtab.metrics.model import SAMPLE_ROW, SET_ROW, VALUE_ROW, HistogramPoint, MetricBatch, Rows
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.marks import touched
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog

_DAY_MS = 86_400_000
_DAYS_A_SECTION = 100  # The engine refuses a block of more partitions (max_partitions_per_insert_block).

Ids = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]


class MetricIngest:
    """The only writer of metric points."""

    def __init__(self, log: IngestLog, registry: SeriesRegistry) -> None:
        self._log = log
        self._registry = registry

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        """Append `batch` to the log; when this returns it is durable.

        A `key` that was acknowledged before writes nothing. Raises Throttled or DiskFull, and ValueError for rows
        that are not of model.py's row types.
        """
        batch = _left(batch, self._registry.rules)
        sections = [*_fixed("metric_values", batch.values, VALUE_ROW), *_fixed("metric_sets", batch.sets, SET_ROW)]
        sections += _fixed("metric_samples", batch.samples, SAMPLE_ROW)
        sections += _histograms(batch.histograms)
        activity = list(_activity(batch))
        hours = touched(times for _, times in activity)
        sections += [hours] if hours else []
        unlogged = self._registry.take_unlogged()
        if unlogged:
            rows = Section("metric_series", len(unlogged), frozenset(), b"".join(unlogged.values()))
            sections.insert(0, rows)
        carried = False
        try:
            # No await between taking the unlogged series and this call, which enqueues before its first await: a later
            # write that relies on these series cannot get in front of them.
            appended = await self._log.append(sections, key)
            carried = not appended.duplicate
        finally:
            if unlogged and not carried:
                self._registry.give_back(unlogged)
        for ids, times in activity:
            self._registry.seen(ids, times)
        return appended


def _left(batch: MetricBatch, rules: DropRules) -> MetricBatch:
    """What no rule drops."""
    return MetricBatch(
        rules.left(batch.values),
        rules.left(batch.sets),
        rules.left(batch.samples),
        rules.left_histograms(batch.histograms),
    )


def _fixed(table: str, rows: Rows, dtype: np.dtype[np.void]) -> list[Section]:
    if rows.dtype != dtype:
        raise ValueError(f"cannot write {table}: got rows of {rows.dtype}; expected {dtype}")
    if not len(rows):
        return []
    return [
        Section(table, len(part), frozenset(days), part.tobytes())
        for part, days in ((rows[chosen], days) for chosen, days in _by_days(rows["time"]))
    ]


def _histograms(points: tuple[HistogramPoint, ...]) -> list[Section]:
    if not points:
        return []
    times = np.fromiter((point.time_ms for point in points), dtype=np.int64, count=len(points))
    sections = []
    for chosen, days in _by_days(times):
        part = [points[at] for at in np.arange(len(points))[chosen].tolist()]
        sections.append(Section("metric_histograms", len(part), frozenset(days), encode_histograms(part)))
    return sections


def _by_days(times: Times) -> Iterator[tuple[slice | npt.NDArray[np.bool_], list[int]]]:
    """Selections of rows, each of at most 100 days, with the days since the epoch that it holds."""
    days = times // _DAY_MS  # Floor division: a time before 1970 belongs to the day before the epoch.
    first, last = int(days.min()), int(days.max())
    if first == last:  # nearly always; `unique` costs 15 µs
        yield slice(None), [first]
        return
    present = np.unique(days)
    if len(present) <= _DAYS_A_SECTION:
        yield slice(None), present.tolist()
        return
    for at in range(0, len(present), _DAYS_A_SECTION):
        group = present[at : at + _DAYS_A_SECTION]
        yield (days >= group[0]) & (days <= group[-1]), group.tolist()


def _activity(batch: MetricBatch) -> Iterator[tuple[Ids, Times]]:
    for rows in (batch.values, batch.sets, batch.samples):
        if len(rows):
            yield rows["series"], rows["time"]
    if batch.histograms:
        ids = np.array([point.series for point in batch.histograms], dtype=np.uint64)
        yield ids, np.array([point.time_ms for point in batch.histograms], dtype=np.int64)
