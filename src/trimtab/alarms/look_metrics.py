"""Evaluates alarms on single metrics: those of one period read one grid of values with one query, however many."""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.book import Entry
from trimtab.alarms.evaluate import Bools, Codes, Floats, Integers, reach
from trimtab.alarms.limits import read_zone
from trimtab.alarms.look import Grid, Look, bucket, filled, judge_grid, merged
from trimtab.alarms.model import MetricAlarm, StateValue
from trimtab.alarms.ports import Reader, Registry
from trimtab.alarms.reasons import Why, explain
from trimtab.alarms.wall_clock import boundaries
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic, parse_statistic

_AT_ONCE = 2000
"""Alarms that share a grid: 2,000 of a day of minutes are 25 MB."""
_COUNT = parse_statistic("SampleCount")


class _Group(Struct, frozen=True):
    """Alarms that read alike: same owner, period and length; aligned to the clock of a zone or not."""

    account: str
    region: str
    period_s: int
    length: int
    zone: str | None


class MetricLooks:
    """Alarms on one metric, read straight from the reader."""

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    async def look(self, entries: Iterable[Entry], times: Sequence[int]) -> list[Look]:
        """The verdicts on `entries`, each a MetricAlarm with one MetricStat, at `times` (ms, ascending)."""
        groups: dict[_Group, list[Entry]] = {}
        for entry in entries:
            alarm = _alarm(entry)
            source = _source(alarm)
            owner = (source.account or alarm.key.account, alarm.key.region)
            length = bucket(alarm.judgement.periods)
            groups.setdefault(_Group(*owner, alarm.period_s, length, alarm.zone), []).append(entry)
        looks = []
        for group, members in groups.items():
            parts = [members[first : first + _AT_ONCE] for first in range(0, len(members), _AT_ONCE)]
            looks += [await self._look(group, part, times) for part in parts]
        return looks

    async def _look(self, group: _Group, entries: list[Entry], times: Sequence[int]) -> Look:
        alarms = [_alarm(entry) for entry in entries]
        grids = [
            (grid_times, await self._grid(group, entries, starts), ends)
            for grid_times, starts, ends in _grids(group, times)
        ]
        codes = [judge_grid(alarms, grid, ends) for _, grid, ends in grids]
        changing = _changing(entries, np.concatenate(codes, axis=1))
        looks = []
        for (grid_times, grid, ends), found in zip(grids, codes, strict=True):
            told = _Explainer(alarms, await self._counted(group, entries, grid, changing), ends, grid_times)
            looks.append(Look(entries, grid_times, found, told, full=told.full))
        return merged(looks)

    async def _grid(self, group: _Group, entries: Sequence[Entry], starts: Integers) -> Grid:
        values = await self._read(group, entries, starts, None)
        few = [entry for entry in entries if _alarm(entry).judgement.keep_few]
        samples = None
        if few:
            samples = np.full_like(values, np.nan)
            rows = [row for row, entry in enumerate(entries) if _alarm(entry).judgement.keep_few]
            samples[rows] = await self._read(group, few, starts, _COUNT)
        return Grid(starts[:-1], values, samples)

    async def _counted(self, group: _Group, entries: Sequence[Entry], grid: Grid, rows: Integers) -> Grid:
        """The grid with the sample counts of the alarms in `rows`, whose reasons will tell of them."""
        if not len(rows):
            return grid
        samples = np.full_like(grid.values, np.nan) if grid.samples is None else grid.samples
        bounds = np.append(grid.starts, grid.starts[-1] + group.period_s * 1000)
        samples[rows] = await self._read(group, [entries[row] for row in rows.tolist()], bounds, _COUNT)
        return Grid(grid.starts, grid.values, samples)

    async def _read(
        self, group: _Group, entries: Sequence[Entry], bounds: Integers, statistic: Statistic | None
    ) -> Floats:
        """A statistic (their own where None) of each alarm's metric in the periods between `bounds`; NaN is none."""
        scope = Scope.of(group.account, group.region)
        wanted = [(self._series(scope, entry), statistic or _source(_alarm(entry)).statistic) for entry in entries]
        values = np.full((len(entries), len(bounds) - 1), np.nan)
        lengths = np.diff(bounds)
        if (lengths == group.period_s * 1000).all():
            start, end = int(bounds[0]), int(bounds[-1])
            requests = [StatRequest(series, one, group.period_s, start) for series, one in wanted]
            _fill(values, await self._reader.statistics(scope, requests, start, end), start, group.period_s * 1000)
            return values
        for column, length in enumerate(lengths.tolist()):  # the clock changed: these periods are read one by one
            start = int(bounds[column])
            requests = [StatRequest(series, one, length // 1000, start) for series, one in wanted]
            found = await self._reader.statistics(scope, requests, start, start + length)
            _fill(values[:, column : column + 1], found, start, length)
        return values

    def _series(self, scope: Scope, entry: Entry) -> tuple[int, ...]:
        source = _source(_alarm(entry))
        known = entry.series.get(source)
        if known is None:
            query = SeriesQuery(source.namespace, source.name, source.dimensions, exact=True, unit=source.unit)
            known = tuple(series.id for series in self._registry.find(scope, query))
            entry.series[source] = known
        return known


def _changing(entries: Sequence[Entry], codes: Codes) -> Integers:
    """The numbers of the alarms whose state will change at one of the times."""
    now = np.array([_CODE[entry.state] for entry in entries], dtype=np.int8)[:, None]
    rows: Integers = np.flatnonzero(((codes != 0) & (codes != now)).any(axis=1))
    return rows


_CODE = {StateValue.OK: 1, StateValue.ALARM: 2, StateValue.INSUFFICIENT_DATA: 3}


class _Explainer(Struct, frozen=True):
    alarms: Sequence[MetricAlarm]
    grid: Grid
    ends: Integers
    times: Sequence[int]

    def full(self, row: int) -> Bools:
        """At which times an alarm's window is full of data."""
        return filled(self.grid, row, self.ends, self.alarms[row].judgement.periods)

    def __call__(self, row: int, at: int, old: StateValue, new: StateValue) -> Why:
        alarm = self.alarms[row]
        periods = self.grid.periods(row, int(self.ends[at]), reach(alarm.judgement.periods))
        return explain(alarm, periods, old, new, self.times[at])


def _grids(group: _Group, times: Sequence[int]) -> list[tuple[list[int], Integers, Integers]]:
    """The grids that evaluations at `times` look at: their times, the bounds of all periods, each time's end in them.

    Periods that slide lie on as many grids as a period has steps between evaluations.
    """
    period_ms = group.period_s * 1000
    if group.zone is not None:
        zone = read_zone(group.zone)
        bounds = [boundaries(zone, group.period_s, time, group.length) for time in times]
        every = np.unique(np.concatenate(bounds))
        return [(list(times), every, np.array([np.searchsorted(every, one[-1]) for one in bounds], dtype=np.int64))]
    found: dict[int, list[int]] = {}
    for time in times:
        found.setdefault(time % period_ms, []).append(time)
    grids = []
    for mine in found.values():
        every = np.arange(mine[0] - group.length * period_ms, mine[-1] + 1, period_ms, dtype=np.int64)
        ends = (np.array(mine, dtype=np.int64) - every[0]) // period_ms
        grids.append((mine, every, ends))
    return grids


def _fill(values: Floats, found: Sequence[StatSeries], start_ms: int, period_ms: int) -> None:
    """Put the buckets of each answer into its row."""
    counts = [len(series.times) for series in found]
    rows = np.repeat(np.arange(len(found)), counts)
    if not len(rows):
        return
    times = np.concatenate([np.asarray(series.times) for series in found])
    values[rows, (times - start_ms) // period_ms] = np.concatenate([np.asarray(series.values) for series in found])


def _alarm(entry: Entry) -> MetricAlarm:
    assert isinstance(entry.alarm, MetricAlarm)  # noqa: S101 - the evaluator sorts alarms by kind
    return entry.alarm


def _source(alarm: MetricAlarm) -> MetricStat:
    source = alarm.queries[0].source
    assert isinstance(source, MetricStat)  # noqa: S101 - the evaluator sorts alarms by kind
    return source
