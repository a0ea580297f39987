"""Columns from the store put together as the samples of series, ordered by labels."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.values import Floats, HistogramPoints, Histograms, Integers, Points, Samples


class Assembly:
    """Collects samples of several series and kinds. Series of the same labels are one; of two samples at one time the
    one that was added last counts.
    """

    def __init__(self) -> None:
        self._rows: dict[Labels, int] = {}
        self._floats: list[tuple[Integers, Integers, Floats]] = []
        self._histograms: list[tuple[Integers, Integers, Histograms]] = []

    def row(self, labels: Labels) -> int:
        """The number of a series."""
        return self._rows.setdefault(labels, len(self._rows))

    def add(
        self,
        series: "np.ndarray[tuple[int], np.dtype[np.uint64]]",
        times: Integers,
        values: Floats,
        of: Mapping[int, Labels],
    ) -> None:
        """Add samples of stored series; those that are not in `of` are left out."""
        distinct, inverse = np.unique(series, return_inverse=True)
        rows = np.array([self.row(of[each]) if each in of else -1 for each in distinct.tolist()], np.int64)
        row = rows[inverse] if len(rows) else np.empty(0, np.int64)
        kept = row >= 0
        self._floats.append((row[kept], times[kept].astype(np.int64), values[kept].astype(np.float64)))

    def add_row(self, row: int, times: Integers, values: Floats) -> None:
        """Add samples of one series."""
        self._floats.append((np.full(len(times), row, np.int64), times, values))

    def add_histograms(self, rows: Integers, times: Integers, values: Histograms) -> None:
        """Add native histograms."""
        self._histograms.append((rows, times, values))

    def samples(self) -> Samples:
        """Everything that was added, series by labels and samples by time."""
        order = sorted(self._rows, key=lambda labels: labels)
        rank = np.empty(len(order), np.int64)
        for place, labels in enumerate(order):
            rank[self._rows[labels]] = place
        row, times, values = _joined([(rank[rows], at, own) for rows, at, own in self._floats], np.float64)
        native_row, native_times, native = _joined([(rank[r], at, own) for r, at, own in self._histograms], np.object_)
        return Samples(
            order,
            Points(_edges(row, len(order)), times, values),
            HistogramPoints(_edges(native_row, len(order)), native_times, native),
        )


def _edges(rows: Integers, series: int) -> Integers:
    return np.append(0, np.cumsum(np.bincount(rows, minlength=series))).astype(np.int64)


def _joined(parts: list[tuple[Integers, Integers, Any]], kind: type[np.generic]) -> tuple[Integers, Integers, Any]:
    """All parts by series and time, each time once."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, kind)
    row, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    step = np.diff(row)
    if not ((step > 0) | ((step == 0) & (np.diff(times) > 0))).all():
        order = np.lexsort((times, row))  # stable: what was added last stays last
        row, times, values = row[order], times[order], values[order]
        last = np.append((np.diff(row) != 0) | (np.diff(times) != 0), True)
        row, times, values = row[last], times[last], values[last]
    return row, times, values
