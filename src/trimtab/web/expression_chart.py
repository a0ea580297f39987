"""The chart of an expression: metric math over the series of the question, SEARCH or Metrics Insights SQL."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.charts.palette import slots
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.expressions.program import is_period
from trimtab.metrics.model import Series
from trimtab.web.chart_data import MOST_LINES, Chart, Drawn, bridged, fitting_step
from trimtab.web.format import NUMBER
from trimtab.web.lines import Line
from trimtab.web.metric_query import MetricQuery
from trimtab.web.window import Window

MOST_METRICS = 100
"""Series of the question that an expression can name (m1 …): SEARCH and SQL are for more."""
_LEAST_S = 60
"""Every source has whole minutes; an expression over finer periods is asked for by choosing one."""


class Named(Struct, frozen=True):
    """A series by the id that expressions know it by."""

    id: str
    text: str


def named(series: Sequence[Series]) -> list[Named]:
    """The series of the question with their ids."""
    return [
        Named(f"m{number}", " ".join((one.identity.name, *(value for _, value in one.identity.dimensions))))
        for number, one in enumerate(series[:MOST_METRICS], 1)
    ]


async def draw_expression(
    evaluator: Evaluator, scope: Scope, query: MetricQuery, series: Sequence[Series], window: Window
) -> Chart:
    """Evaluate the question's expression over `window`. Raises InvalidInput naming what is wrong with it."""
    wanted = query.period_s or max(fitting_step(window.span.seconds), _LEAST_S)
    period_s = wanted if is_period(wanted) else -(-wanted // 60) * 60
    start_ms = window.start_ms - window.start_ms % (period_s * 1000)
    queries = [
        Query(f"m{number}", _stat(one, query, period_s), returned=False)
        for number, one in enumerate(series[:MOST_METRICS], 1)
    ]
    queries.append(Query("e1", query.expression, period_s))
    results = await evaluator.evaluate(scope, queries, start_ms, window.end_ms)
    return _chart(results, window, start_ms, period_s)


def _stat(series: Series, query: MetricQuery, period_s: int) -> MetricStat:
    own = series.identity
    return MetricStat(own.namespace, own.name, own.dimensions, query.statistic, period_s, own.unit, own.account)


def _chart(results: Sequence[Result], window: Window, start_ms: int, period_s: int) -> Chart:
    step_ms = min([one.period_s for one in results] or [period_s]) * 1000
    t0_ms = min([start_ms, *(int(one.times[0]) for one in results if len(one.times))])
    count = max(-(-(window.end_ms - t0_ms) // step_ms), 1)
    shown = results[:MOST_LINES]
    colours = slots([f"{number} {one.label}" for number, one in enumerate(shown)])
    lines = []
    for number, (one, slot) in enumerate(zip(shown, colours, strict=True)):
        values = _placed(one, t0_ms, step_ms, count)
        line = Line(one.label, ("expression", str(number)), (), ())
        lines.append(Drawn(line, slot, bridged(values), values))
    partial = window.moving and window.end_ms % step_ms != 0
    return Chart(t0_ms, step_ms, count, window.start_ms, window.end_ms, partial, NUMBER, tuple(lines), len(results))


def _placed(result: Result, t0_ms: int, step_ms: int, count: int) -> npt.NDArray[np.float64]:
    values = np.full(count, np.nan)
    at = (result.times - t0_ms) // step_ms
    inside = (at >= 0) & (at < count)
    values[at[inside]] = result.values[inside]
    return values
