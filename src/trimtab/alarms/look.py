"""What evaluations found: a verdict for each of some alarms at each of some times, and the periods behind it."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct

from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import Contributors
from trimtab.alarms.evaluate import Bools, Codes, Floats, Integers, Periods, compare, few_samples, judge, reach
from trimtab.alarms.model import Judgement, MetricAlarm, StateValue
from trimtab.alarms.reasons import Why
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.statistics import Family

Explain = Callable[[int, int, StateValue, StateValue], Why]
"""Why an alarm (by number) changed at a time (by number) from one state to another."""


class Look(Struct, frozen=True):
    """`codes[i, j]` is the verdict on `entries[i]` at `times[j]`; `explain` says why.

    `contributors[i]` are the series behind entry i after each time, where it has several.
    """

    entries: Sequence[Entry]
    times: Sequence[int]
    codes: Codes
    explain: Explain
    contributors: dict[int, list[Contributors]] | None = None
    full: Callable[[int], Bools] | None = None
    """Of an alarm (by number): at which times its N newest periods all had a value."""


def merged(parts: Sequence[Look]) -> Look:
    """One look of several at the same entries at different times: a state runs through all of them in their order."""
    if len(parts) == 1:
        return parts[0]
    places = sorted((time, part, at) for part, look in enumerate(parts) for at, time in enumerate(look.times))
    codes = np.stack([parts[part].codes[:, at] for _, part, at in places], axis=1)

    def explain(row: int, at: int, old: StateValue, new: StateValue) -> Why:
        _, part, own = places[at]
        return parts[part].explain(row, own, old, new)

    def full(row: int) -> Bools:
        told = [None if look.full is None else look.full(row) for look in parts]
        return np.array([bool(one[at]) if (one := told[part]) is not None else False for _, part, at in places])

    return Look(parts[0].entries, [time for time, _, _ in places], codes, explain, full=full)


class Grid(Struct, frozen=True):
    """The periods of many alarms on one grid: row i of `values` (and `samples`) is alarm i, NaN is no value."""

    starts: Integers
    values: Floats
    samples: Floats | None = None

    def periods(self, row: int, end: int, length: int) -> Periods:
        """The `length` periods of an alarm before index `end`."""
        part = slice(max(end - length, 0), end)
        samples = None if self.samples is None else self.samples[row, part]
        return Periods(self.starts[part], self.values[row, part], samples=samples)


def judge_grid(alarms: Sequence[MetricAlarm], grid: Grid, ends: Integers) -> Codes:
    """The verdict on every alarm at every end (an index of the grid's periods). Alarms judged alike go together."""
    codes = np.zeros((len(alarms), len(ends)), dtype=np.int8)
    alike: dict[tuple[object, ...], list[int]] = {}
    for row, alarm in enumerate(alarms):
        rule = alarm.judgement
        share = _percentile(alarm) if rule.keep_few else None
        alike.setdefault((rule.operator, rule.periods, rule.m, rule.missing, share), []).append(row)
    width = len(grid.starts)
    for rows in alike.values():
        rule = alarms[rows[0]].judgement
        limits = np.array([alarms[row].judgement.threshold for row in rows], dtype=np.float64)
        values = grid.values[rows]
        breach = compare(rule.operator, values, limits[:, None])
        few = _few(alarms[rows[0]], rule, grid, rows)
        at = (np.arange(len(rows), dtype=np.int64)[:, None] * width + ends[None, :]).ravel()
        found = judge(~np.isnan(values).ravel(), breach.ravel(), at, rule, None if few is None else few.ravel())
        codes[rows] = found.reshape(len(rows), len(ends))
    return codes


def _few(alarm: MetricAlarm, rule: Judgement, grid: Grid, rows: Sequence[int]) -> Bools | None:
    share = _percentile(alarm)
    if not rule.keep_few or share is None or grid.samples is None:
        return None
    return few_samples(grid.samples[rows], share)


def _percentile(alarm: MetricAlarm) -> Fraction | None:
    source = alarm.queries[0].source
    is_one = isinstance(source, MetricStat) and source.statistic.family is Family.PERCENTILE
    return source.statistic.high if is_one and isinstance(source, MetricStat) else None


def filled(grid: Grid, row: int, ends: Integers, periods: int) -> Bools:
    """At which ends the `periods` newest periods of an alarm all have a value."""
    count = np.concatenate(([0], np.cumsum(~np.isnan(grid.values[row]))))
    whole: Bools = count[ends] - count[np.maximum(ends - periods, 0)] == periods
    return whole


def bucket(periods: int) -> int:
    """How many periods are read for an alarm of N: the same for alarms of similar N, so that they share a query."""
    needed = reach(periods)
    return needed if needed <= 8 else 1 << (needed - 1).bit_length()
