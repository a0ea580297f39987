"""A reader that reads a stretch of the past once and answers every further question about it from memory.

Simple statistics are read in short periods and put together for longer ones, wherever those begin; a percentile or
another statistic of samples is read once for each position of its period. So a replay that asks as often as an
evaluator would costs a few engine queries, whatever the length of the range.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.evaluate import Floats, Integers
from trimtab.alarms.ports import Reader
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Family, Statistic, parse_statistic

_COUNT = parse_statistic("SampleCount")
_SUM = parse_statistic("Sum")
_ADDED = frozenset({Family.SUM, Family.SAMPLE_COUNT})
_NOTHING = StatSeries(np.empty(0, np.int64), np.empty(0))

_Key = tuple[Scope, tuple[int, ...], str, int, int]


class _Part(Struct, frozen=True):
    """A statistic to read: of which series, over periods of which length and origin."""

    scope: Scope
    series: tuple[int, ...]
    statistic: Statistic
    period_s: int
    origin_ms: int

    @property
    def key(self) -> _Key:
        return self.scope, self.series, self.statistic.text, self.period_s, self.origin_ms


class RememberedReader:
    """The reader of one replay: `[start_ms, end_ms)` at `base_s` seconds, of which every period is a multiple.

    Asked for a range that is not within, or a base that does not fit, it asks the reader behind it.
    """

    def __init__(self, reader: Reader, base_s: int, start_ms: int, end_ms: int) -> None:
        self._reader = reader
        self._base_s = base_s
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._held: dict[_Key, StatSeries] = {}
        self.queries = 0
        """How often the reader behind it was asked."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """As `metrics.read.MetricReader.statistics`."""
        if not self._fits(requests, start_ms, end_ms):
            self.queries += 1
            return await self._reader.statistics(scope, requests, start_ms, end_ms)
        wanted = {part.key: part for request in requests for part in self._parts(scope, request)}
        await self._read(scope, [part for key, part in wanted.items() if key not in self._held])
        return [self._answer(scope, request, start_ms, end_ms) for request in requests]

    def _fits(self, requests: Sequence[StatRequest], start_ms: int, end_ms: int) -> bool:
        base_ms = self._base_s * 1000
        inside = self._start_ms <= start_ms and end_ms <= self._end_ms
        aligned = (start_ms - self._start_ms) % base_ms == 0 and (end_ms - self._start_ms) % base_ms == 0
        return inside and aligned and all(self._suits(request, start_ms, end_ms) for request in requests)

    def _suits(self, request: StatRequest, start_ms: int, end_ms: int) -> bool:
        period_ms, base_ms = request.period_s * 1000, self._base_s * 1000
        if period_ms % base_ms or (request.origin_ms - self._start_ms) % base_ms:
            return False
        cut = (start_ms - request.origin_ms) % period_ms or (end_ms - request.origin_ms) % period_ms
        return request.statistic.simple or not cut

    def _parts(self, scope: Scope, request: StatRequest) -> list[_Part]:
        """What must be read for a request."""
        origin_ms = self._start_ms % (self._base_s * 1000)
        if not request.statistic.simple:
            origin_ms = request.origin_ms % (request.period_s * 1000)
            return [_Part(scope, request.series, request.statistic, request.period_s, origin_ms)]
        statistics = [request.statistic]
        if request.statistic.family is Family.AVERAGE and request.period_s != self._base_s:
            statistics = [_SUM, _COUNT]
        return [_Part(scope, request.series, one, self._base_s, origin_ms) for one in statistics]

    async def _read(self, scope: Scope, parts: Sequence[_Part]) -> None:
        if not parts:
            return
        self.queries += 1
        requests = [StatRequest(one.series, one.statistic, one.period_s, one.origin_ms) for one in parts]
        found = await self._reader.statistics(scope, requests, self._start_ms, self._end_ms)
        self._held |= {part.key: series for part, series in zip(parts, found, strict=True)}

    def _answer(self, scope: Scope, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        held = _common([_cut(self._held[part.key], start_ms, end_ms) for part in self._parts(scope, request)])
        first = held[0]
        if not request.statistic.simple or request.period_s == self._base_s or not len(first.times):
            return first
        period_ms = request.period_s * 1000
        origin_ms = request.origin_ms % period_ms
        bucket = (first.times - origin_ms) // period_ms
        begins = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
        times = bucket[begins] * period_ms + origin_ms
        return StatSeries(times, _together(request, held, begins, self._base_s))


def _together(request: StatRequest, held: Sequence[StatSeries], begins: Integers, base_s: int) -> Floats:
    """The statistic of longer periods, each from the short ones from one of `begins` to the next."""
    values = held[0].values
    match request.statistic.family:
        case Family.AVERAGE:
            mean: Floats = np.add.reduceat(values, begins) / np.add.reduceat(held[1].values, begins)
            return mean
        case Family.MINIMUM:
            return np.fmin.reduceat(values, begins)
        case Family.MAXIMUM:
            return np.fmax.reduceat(values, begins)
        case Family.LAST:
            newest: Floats = values[np.append(begins[1:], len(values)) - 1]
            return newest
        case family if family in _ADDED:
            return np.add.reduceat(values, begins)
    rate: Floats = np.add.reduceat(values, begins) * base_s / request.period_s
    return rate


def _common(parts: list[StatSeries]) -> list[StatSeries]:
    """Sums and counts of the same periods: a sum that is no number has no period of its own."""
    if len(parts) == 1 or np.array_equal(parts[0].times, parts[1].times):
        return parts
    times, *places = np.intersect1d(parts[0].times, parts[1].times, assume_unique=True, return_indices=True)
    return [StatSeries(times, part.values[place]) for part, place in zip(parts, places, strict=True)]


def _cut(series: StatSeries, start_ms: int, end_ms: int) -> StatSeries:
    low, high = np.searchsorted(series.times, (start_ms, end_ms))
    return StatSeries(series.times[low:high], series.values[low:high]) if high > low else _NOTHING
