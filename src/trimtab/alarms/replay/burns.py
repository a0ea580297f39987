"""Replays burn-rate alarms: running sums of bad and of all events answer every window at every minute."""

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.burn_rate import Burn, burn_reason, judge_burns
from trimtab.alarms.evaluate import Floats, Integers
from trimtab.alarms.model import BurnRateAlarm, StateValue
from trimtab.alarms.ports import Reader, Registry
from trimtab.alarms.replay.found import Found, times_of
from trimtab.alarms.replay.model import CannotReplay, Trace
from trimtab.alarms.replay.pace import Pace
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import Family
from trimtab.slos.budget import burn_rates

_ADDED = (Family.SUM, Family.SAMPLE_COUNT)


async def replay_burns(reader: Reader, registry: Registry, alarm: BurnRateAlarm, at: Pace) -> Found:
    """The verdicts on a burn-rate alarm at every time of a pace."""
    budget = alarm.budget
    if isinstance(budget, str):
        raise CannotReplay(f"cannot replay {alarm.key.name}: its budget is that of the objective {budget}")
    times = np.array(times_of(at), dtype=np.int64)
    longest_ms = max(window.long_s for window in alarm.windows) * 1000
    start_ms, end_ms = int(times[0]) - longest_ms, int(times[-1])
    scope = Scope.of(alarm.key.account, alarm.key.region)
    requests = [_request(registry, scope, alarm, query, at.step_s, start_ms) for query in (budget.bad, budget.total)]
    found = await reader.statistics(scope, requests, start_ms, end_ms)
    places = (times - start_ms) // (at.step_s * 1000)
    count = (end_ms - start_ms) // (at.step_s * 1000)
    bad, total = (_running(series.times, series.values, start_ms, at.step_s * 1000, count) for series in found)
    rates = {}
    for length_s in {length for window in alarm.windows for length in (window.long_s, window.short_s)}:
        before = places - length_s // at.step_s
        rates[length_s] = burn_rates(bad[places] - bad[before], total[places] - total[before], budget.objective)
    burns = [Burn(rates[window.long_s], rates[window.short_s]) for window in alarm.windows]

    def why(number: int, _old: StateValue, _new: StateValue) -> str:
        return burn_reason(alarm, budget.objective, burns, number)

    shortest = min(alarm.windows, key=lambda window: window.long_s)
    label = f"burn rate over {shortest.long_s // 60} min"
    trace = Trace(label, at.step_s, times, rates[shortest.long_s], shortest.factor)
    return Found(times, judge_burns(alarm, burns), why, trace, at)


def _request(
    registry: Registry, scope: Scope, alarm: BurnRateAlarm, query: Query, step_s: int, origin_ms: int
) -> StatRequest:
    source = query.source
    if not isinstance(source, MetricStat) or source.statistic.family not in _ADDED:
        raise CannotReplay(f"cannot replay {alarm.key.name}: Bad and Total must be a Sum or a SampleCount")
    wanted = SeriesQuery(source.namespace, source.name, source.dimensions, exact=True, unit=source.unit)
    series = tuple(one.id for one in registry.find(scope, wanted))
    return StatRequest(series, source.statistic, step_s, origin_ms)


def _running(times: Integers, values: Floats, start_ms: int, step_ms: int, count: int) -> Floats:
    """The sum of everything before each period; number 0 is before the first."""
    each = np.zeros(count)
    each[(times - start_ms) // step_ms] = values
    return np.concatenate((np.zeros(1), np.cumsum(each)))
