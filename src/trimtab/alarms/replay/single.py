"""Replays alarms on one metric: the evaluator's own look at all times at once, over a reader that remembers."""

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.evaluate import Floats, Integers
from trimtab.alarms.look import bucket
from trimtab.alarms.look_metrics import MetricLooks
from trimtab.alarms.model import MetricAlarm
from trimtab.alarms.ports import Reader, Registry
from trimtab.alarms.replay.found import Found, entry_of, times_of
from trimtab.alarms.replay.model import Trace
from trimtab.alarms.replay.pace import Pace
from trimtab.alarms.replay.remembered import RememberedReader
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest


async def replay_single(reader: Reader, registry: Registry, alarm: MetricAlarm, source: MetricStat, at: Pace) -> Found:
    """The verdicts on an alarm of one metric at every time of a pace."""
    times = times_of(at)
    period_ms = alarm.period_s * 1000
    begin_ms = times[0] - (bucket(alarm.judgement.periods) + 1) * period_ms
    remembered = RememberedReader(reader, at.step_s, begin_ms, times[-1])
    entry = entry_of(alarm)
    scope = Scope.of(source.account or alarm.key.account, alarm.key.region)
    query = SeriesQuery(source.namespace, source.name, source.dimensions, exact=True, unit=source.unit)
    found = registry.find(scope, query)
    entry.series[source] = tuple(series.id for series in found)
    [look] = await MetricLooks(remembered, registry).look([entry], times)
    starts, values = await _values(remembered, scope, alarm, source, entry.series[source], (begin_ms, times[-1]))
    unit = source.unit or (found[0].identity.unit if found else "")
    judged = alarm.judgement
    trace = Trace(_label(source), alarm.period_s, starts, values, judged.threshold, judged.operator, unit=unit)
    inside = starts + period_ms > at.span.start_ms
    return Found.of(look, replace(trace, starts=starts[inside], values=values[inside]), at)


async def _values(
    reader: RememberedReader,
    scope: Scope,
    alarm: MetricAlarm,
    source: MetricStat,
    series: tuple[int, ...],
    within: tuple[int, int],
) -> tuple[Integers, Floats]:
    """The metric in whole periods from midnight on, NaN where there is nothing."""
    period_ms = alarm.period_s * 1000
    start_ms, end_ms = -(-within[0] // period_ms) * period_ms, within[1] // period_ms * period_ms
    starts = np.arange(start_ms, end_ms, period_ms, dtype=np.int64)
    values = np.full(len(starts), np.nan)
    if len(starts):
        request = StatRequest(series, source.statistic, alarm.period_s, start_ms)
        [found] = await reader.statistics(scope, [request], start_ms, end_ms)
        values[(found.times - start_ms) // period_ms] = found.values
    return starts, values


def _label(source: MetricStat) -> str:
    return f"{source.statistic.text} of {source.name}"
