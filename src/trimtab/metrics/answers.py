"""Answers requests from what the plan's fetches read: merges the parts of each and computes its statistic."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trimtab.metrics.fetches import Rows
from trimtab.metrics.intervals import Intervals, concatenate, quantile
from trimtab.metrics.plan import Fetch, Part, Plan, StatRequest, StatSeries
from trimtab.metrics.read_histograms import Histograms
from trimtab.metrics.samples import Samples, merge_samples, segment
from trimtab.metrics.segments import Segments, compute
from trimtab.metrics.statistics import Family, Statistic
from trimtab.metrics.totals import Lasts, Totals, merge_lasts, merge_totals, statistic_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
R = TypeVar("R", Totals, Lasts, Samples)


class Answers:
    """Computes statistics over one plan's rows. Requests over the same series share the merging."""

    def __init__(self, plan: Plan, read: Mapping[Fetch, Rows]) -> None:
        self._plan = plan
        self._read = read
        self._totals: dict[tuple[Part, ...], Totals] = {}
        self._segments: dict[tuple[Part, ...], Segments] = {}

    def answer(self, request: StatRequest, parts: tuple[Part, ...]) -> StatSeries:
        """The statistic of `request`; buckets in which it does not exist are absent."""
        if not parts:
            return StatSeries(np.empty(0, np.int64), np.empty(0))
        period_ms = request.period_s * 1000
        buckets, values = self._values(request.statistic, parts, period_ms)
        known = ~np.isnan(values)
        return StatSeries(buckets[known] * period_ms + request.origin_ms % period_ms, values[known])

    def _values(self, statistic: Statistic, parts: tuple[Part, ...], period_ms: int) -> tuple[Integers, Floats]:
        if statistic.family is Family.LAST:
            return merge_lasts([rows for part in parts for rows in self._rows(part, Lasts)])
        if statistic.simple:
            totals = self._merged_totals(parts)
            return totals.bucket, self._simple(totals, statistic.family, period_ms, parts)
        if any(isinstance(self._read[fetch], Histograms) for fetch, _ in parts):
            return self._estimated(statistic, parts)
        segments = self._merged_segments(parts)
        return segments.keys, compute(segments, statistic)

    def _simple(self, totals: Totals, family: Family, period_ms: int, parts: tuple[Part, ...]) -> Floats:
        if family is Family.RATE and any(isinstance(self._read[fetch], Histograms) for fetch, _ in parts):
            return totals.count * 1000 / period_ms  # What a histogram counts is its observations.
        return statistic_of(totals, family, period_ms)

    def _merged_totals(self, parts: tuple[Part, ...]) -> Totals:
        if parts not in self._totals:
            self._totals[parts] = merge_totals([rows for part in parts for rows in self._total_rows(part)])
        return self._totals[parts]

    def _merged_segments(self, parts: tuple[Part, ...]) -> Segments:
        if parts not in self._segments:
            merged = merge_samples([rows for part in parts for rows in self._rows(part, Samples)])
            self._segments[parts] = segment(merged)
        return self._segments[parts]

    def _total_rows(self, part: Part) -> list[Totals]:
        read = self._read[part[0]]
        if isinstance(read, Histograms):
            return [read.totals_of(atom) for atom in self._atoms(part)]
        return self._rows(part, Totals)

    def _rows(self, part: Part, shape: type[R]) -> list[R]:
        read = self._read[part[0]]
        if not isinstance(read, shape):
            raise TypeError(f"cannot merge {type(read).__name__} as {shape.__name__}: a bug in the plan")
        return [read.of_atom(atom) for atom in self._atoms(part)]

    def _atoms(self, part: Part) -> tuple[int, ...]:
        fetch, ids = part
        return self._plan.fetches[fetch].members[ids]

    def _estimated(self, statistic: Statistic, parts: tuple[Part, ...]) -> tuple[Integers, Floats]:
        """A percentile where histograms take part; no other statistic of samples can be told from buckets."""
        if statistic.family is not Family.PERCENTILE:
            return np.empty(0, np.int64), np.empty(0)
        rows = []
        for part in parts:
            read = self._read[part[0]]
            if isinstance(read, Histograms):
                rows += [read.intervals_of(atom) for atom in self._atoms(part)]
            else:
                rows += [_points(samples) for samples in self._rows(part, Samples)]
        return quantile(concatenate(rows), float(statistic.high or 0))


def _points(samples: Samples) -> Intervals:
    """Samples as intervals without length; sets whose samples are not known take no part in an estimate."""
    known = ~np.isnan(samples.value)
    value = samples.value[known]
    return Intervals(samples.bucket[known], value, value, samples.count[known], np.zeros(len(value), dtype=np.bool_))
