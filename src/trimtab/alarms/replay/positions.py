"""The periods of an alarm at every position that sliding with the time of evaluation gives them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.contributors import MAX_CONTRIBUTORS
from trimtab.alarms.evaluate import Floats, Integers, Periods, reach
from trimtab.alarms.model import MetricAlarm
from trimtab.alarms.ports import Expressions, Reader
from trimtab.alarms.replay.found import entry_of
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Result
from trimtab.metrics.plan import StatRequest


class Line(Struct, frozen=True):
    """One position of the period: the periods of every series (row by row), and the band where there is one."""

    starts: Integers
    values: npt.NDArray[np.float64]
    labels: tuple[str, ...]
    low: Floats | None = None
    high: Floats | None = None

    def periods(self, row: int) -> Periods:
        """The periods of one series; of none, periods without values."""
        values = self.values[row] if row < len(self.values) else np.full(len(self.starts), np.nan)
        return Periods(self.starts, values, self.low, self.high)


def positions_of(times: Integers, period_s: int) -> list[Integers]:
    """The places in `times` (ms) of the evaluations whose periods lie alike, one group for each position."""
    phases = times % (period_s * 1000)
    return [np.flatnonzero(phases == phase) for phase in np.unique(phases)]


async def metric_lines(
    reader: Reader, series: tuple[int, ...], alarm: MetricAlarm, groups: Sequence[Integers], periods: int
) -> list[Line]:
    """The periods of an alarm on one metric, at least `periods` of them before each time; a line for each group."""
    source = alarm.queries[0].source
    if not isinstance(source, MetricStat):
        raise TypeError("bug: only an alarm on one metric has one statistic")
    scope = Scope.of(source.account or alarm.key.account, alarm.key.region)
    period_ms = alarm.period_s * 1000
    lines = []
    for group in groups:
        starts = np.arange(int(group[0]) - periods * period_ms, int(group[-1]), period_ms, dtype=np.int64)
        request = StatRequest(series, source.statistic, alarm.period_s, int(starts[0]))
        [found] = await reader.statistics(scope, [request], int(starts[0]), int(starts[-1]) + period_ms)
        values = np.full(len(starts), np.nan)
        values[(found.times - starts[0]) // period_ms] = found.values
        lines.append(Line(starts, values[None, :], (source.name,)))
    return lines


async def lines_of(expressions: Expressions, alarm: MetricAlarm, groups: Sequence[Integers]) -> list[Line]:
    """The periods of an alarm on an expression, one line for each group of times."""
    period_ms = alarm.period_s * 1000
    ranges = [(int(group[0]) - reach(alarm.judgement.periods) * period_ms, int(group[-1])) for group in groups]
    scope = entry_of(alarm).scope
    answers = await expressions.evaluate_many(scope, [EvaluationJob(alarm.queries, *one) for one in ranges])
    return [
        _line(alarm, results, np.arange(*one, period_ms, dtype=np.int64))
        for one, results in zip(ranges, answers, strict=True)
    ]


def _line(alarm: MetricAlarm, results: Sequence[Result], starts: Integers) -> Line:
    watched = [result for result in results if result.query_id == alarm.watched][:MAX_CONTRIBUTORS]
    values = np.array([_spread(result, starts) for result in watched]).reshape(len(watched), len(starts))
    labels = tuple(result.label for result in watched)
    if alarm.band is None:
        return Line(starts, values, labels)
    edges = [result for result in results if result.query_id == alarm.band]
    empty = np.full(len(starts), np.nan)
    high, low = (_spread(edges[at], starts) if edges else empty for at in (0, -1))
    return Line(starts, values[:1], labels[:1], low, high)


def _spread(result: Result, starts: Integers) -> Floats:
    values = np.full(len(starts), np.nan)
    places = np.searchsorted(starts, result.times, side="right") - 1
    inside = places >= 0
    values[places[inside]] = result.values[inside]
    return values
