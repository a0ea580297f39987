"""Replays alarms on metric math, on Metrics Insights queries and on metrics against their bands.

Where the expression is local (`locality`), it is evaluated once for each position of the period over the whole range,
and judged as a whole. Otherwise it is evaluated as the evaluator does, range by range, from memory.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.alarms.evaluate import (
    Codes,
    Integers,
    Periods,
    Verdict,
    breaching,
    judge,
    present,
    reach,
)
from trimtab.alarms.look_expressions import ExpressionLooks
from trimtab.alarms.model import MetricAlarm, StateValue
from trimtab.alarms.ports import Expressions, Reader
from trimtab.alarms.reasons import explain
from trimtab.alarms.replay.found import Found, entry_of, times_of
from trimtab.alarms.replay.locality import depends_on_range
from trimtab.alarms.replay.model import CannotReplay, Trace
from trimtab.alarms.replay.pace import Pace, coarser
from trimtab.alarms.replay.positions import Line, lines_of, positions_of
from trimtab.alarms.replay.remembered import RememberedReader
from trimtab.metrics.expressions.model import EvaluationJob, Result
from trimtab.metrics.expressions.program import compile_queries

Over = Callable[[Reader], Expressions]
"""Makes an expression evaluator over a reader."""

MOST_RANGES = 2000
"""Evaluations of an expression that must be evaluated range by range: a millisecond or two each."""
MOST_CELLS = 20_000_000
"""Series times evaluations that are judged: 500 series every minute of a month."""


async def replay_expression(reader: Reader, over: Over, alarm: MetricAlarm, at: Pace) -> Found:
    """The verdicts on an alarm whose value an expression gives, at every time of a pace."""
    why = "" if alarm.zone is None else "wall-clock windows"
    why = why or depends_on_range(alarm)
    if why:
        return await _range_by_range(reader, over, alarm, coarser(at, MOST_RANGES, f"{why} depends on the range"))
    times = np.array(times_of(at), dtype=np.int64)
    remembered = _remember(reader, alarm, times, at)
    groups = positions_of(times, alarm.period_s)
    lines = await lines_of(over(remembered), alarm, [times[group] for group in groups])
    codes = np.zeros(len(times), dtype=np.int8)
    firing, series = np.zeros(len(times), dtype=np.int64), np.zeros(len(times), dtype=np.int64)
    for group, line in zip(groups, lines, strict=True):
        ends = (times[group] - line.starts[0]) // (alarm.period_s * 1000)
        if len(line.values) * len(times) > MOST_CELLS:
            raise CannotReplay(
                f"cannot replay {alarm.key.name}: its query returns {len(line.values)} series; try a shorter range"
            )
        found = _judge(alarm, line, ends)
        codes[group], firing[group], series[group] = found.codes, found.firing, found.series
    line_of = np.empty(len(times), dtype=np.int64)
    for at_position, group in enumerate(groups):
        line_of[group] = at_position

    def told(number: int, old: StateValue, new: StateValue) -> str:
        if series[number]:
            return f"{firing[number]} out of {series[number]} time series evaluated to ALARM"
        line = lines[int(line_of[number])]
        end = int((times[number] - line.starts[0]) // (alarm.period_s * 1000))
        wide = line.periods(0).cut(end - reach(alarm.judgement.periods), end)
        return explain(alarm, wide, old, new, int(times[number])).reason

    return Found(times, codes, told, _trace(alarm, lines[0], at), at)


def _remember(reader: Reader, alarm: MetricAlarm, times: Integers, at: Pace) -> RememberedReader:
    begin_ms = int(times[0]) - reach(alarm.judgement.periods) * alarm.period_s * 1000
    return RememberedReader(reader, at.step_s, begin_ms, int(times[-1]))


class _Judged(Struct, frozen=True):
    """Verdicts; of an alarm over several series also how many of them were in ALARM, and how many there were."""

    codes: Codes
    firing: Integers
    series: Integers


def _judge(alarm: MetricAlarm, line: Line, ends: Integers) -> _Judged:
    """The verdict at every end. Of several series each has a state; the alarm is in ALARM while one is."""
    grouped = any(select.group_by for select in compile_queries(alarm.queries).selects.values())
    none = np.zeros(len(ends), dtype=np.int64)
    if len(line.values) < 2 and not grouped:
        return _Judged(_judged(alarm, line.periods(0), ends), none, none)
    nothing = _judged(alarm, line.periods(len(line.values)), ends)
    codes = np.stack([*(_judged(alarm, line.periods(row), ends) for row in range(len(line.values))), nothing])
    count = np.pad(np.cumsum(~np.isnan(line.values), axis=1), ((0, 0), (1, 0)))
    returned = count[:, ends] > count[:, np.maximum(ends - reach(alarm.judgement.periods), 0)]
    # A grouped query that returns nothing is one series without points, as the evaluator sees it.
    alone = ~returned.any(axis=0) if grouped else np.zeros(len(ends), dtype=np.bool_)
    return _together(codes, np.vstack((returned, alone)), nothing, least=1 if grouped else 2)


def _judged(alarm: MetricAlarm, periods: Periods, ends: Integers) -> Codes:
    return judge(present(periods), breaching(periods, alarm.judgement), ends, alarm.judgement)


def _together(codes: npt.NDArray[np.int8], returned: npt.NDArray[np.bool_], nothing: Codes, *, least: int) -> _Judged:
    """The alarm's verdict at each time from its series' verdicts, as `look_expressions` steps its contributors.

    A series is in ALARM or OK, and forgotten once it is not returned. Fewer series than `least` have no states of
    their own: one is judged as that of any alarm, none as missing data.
    """
    ok, alarm = np.int8(Verdict.OK), np.int8(Verdict.ALARM)
    told = np.where(codes == Verdict.INSUFFICIENT_DATA, ok, codes).astype(np.int8)
    states = np.full(len(codes), ok)
    found, firing = nothing.copy(), np.zeros(len(nothing), dtype=np.int64)
    number = returned.sum(axis=0)
    changed = (codes[:, 1:] != codes[:, :-1]).any(axis=0) | (returned[:, 1:] != returned[:, :-1]).any(axis=0)
    fresh = np.append(True, changed)  # an evaluation like the one before it changes nothing
    for at in np.flatnonzero(fresh & (number > 0)).tolist():
        now = returned[:, at]
        if number[at] < least:
            states[:] = ok
            found[at] = codes[np.flatnonzero(now)[0], at]
            continue
        if at and number[at - 1] < least:
            states[:] = ok
        states = np.where(told[:, at] != Verdict.KEEP, told[:, at], states)
        states[~now] = ok
        firing[at] = (states[now] == alarm).sum()
        found[at] = alarm if firing[at] else ok
    like = np.maximum.accumulate(np.where(fresh, np.arange(len(found)), 0))
    return _Judged(found[like], firing[like], np.where(number >= least, number, 0))


def _trace(alarm: MetricAlarm, line: Line, at: Pace) -> Trace:
    """What was judged; of several series the one that is nearest to breaching at each time."""
    judged = alarm.judgement
    values = line.periods(0).values
    if len(line.values) > 1:
        real = ~np.isnan(line.values).all(axis=0)
        values = np.full(len(line.starts), np.nan)
        worst = np.nanmin if judged.operator.value.startswith("Less") else np.nanmax
        values[real] = worst(line.values[:, real], axis=0)
    label = line.labels[0] if len(line.labels) == 1 else f"{alarm.watched}: the worst of {len(line.labels)} series"
    inside = line.starts + alarm.period_s * 1000 > at.span.start_ms
    low = None if line.low is None else line.low[inside]
    high = None if line.high is None else line.high[inside]
    return Trace(
        label, alarm.period_s, line.starts[inside], values[inside], judged.threshold, judged.operator, low, high
    )


async def _range_by_range(reader: Reader, over: Over, alarm: MetricAlarm, at: Pace) -> Found:
    times = np.array(times_of(at), dtype=np.int64)
    remembered = _remember(reader, alarm, times, at)
    looks = ExpressionLooks(over(remembered))
    [look] = await looks.look([entry_of(alarm)], times.tolist(), at.delay_ms)
    if looks.failed:
        raise CannotReplay(f"cannot replay {alarm.key.name}: its metrics are refused; try `trimtab metrics query`")
    step = -(-alarm.period_s // at.step_s)
    shown = times[::step]
    values = np.array([_newest(alarm, one) for one in await _asked(over(remembered), alarm, shown)])
    trace = Trace(
        alarm.watched,
        step * at.step_s,
        shown - alarm.period_s * 1000,
        values,
        alarm.judgement.threshold,
        alarm.judgement.operator,
    )
    return Found.of(look, trace, at)


async def _asked(expressions: Expressions, alarm: MetricAlarm, times: Integers) -> list[list[Result]]:
    span_ms = reach(alarm.judgement.periods) * alarm.period_s * 1000
    jobs = [EvaluationJob(alarm.queries, time - span_ms, time) for time in times.tolist()]
    return await expressions.evaluate_many(entry_of(alarm).scope, jobs)


def _newest(alarm: MetricAlarm, results: Sequence[Result]) -> float:
    """The newest value of what is watched."""
    values = [result.values[-1] for result in results if result.query_id == alarm.watched and len(result.values)]
    return float(values[0]) if values else float("nan")
