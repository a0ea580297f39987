"""The band of an anomaly detector around the one line of a chart, where such a detector was put."""

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.detectors.book import DetectorBook
from trimtab.detectors.model import Target
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.program import is_period
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import Statistic
from trimtab.web.chart_data import Chart, Drawn
from trimtab.web.lines import Line

_SLOT = 8
"""Bands are grey: what is compared with them has a colour."""
_WIDTH = 2
"""Standard deviations, as CloudWatch's own charts have it."""
_LEAST_S = 60


async def with_band(evaluator: Evaluator, book: DetectorBook, chart: Chart, statistic: Statistic) -> Chart:
    """`chart` with the two edges of its detector's band; as it is without a detector, or with more than one line."""
    if chart.total != 1 or len(chart.lines) != 1 or len(chart.lines[0].line.series) != 1:
        return chart
    series = chart.lines[0].line.series[0]
    known = series.identity
    target = Target(known.namespace, known.name, known.dimensions, statistic.text)
    if (known.account, known.region, target.id()) not in await book.known():
        return chart
    edges = await _edges(evaluator, series, statistic, chart)
    label = "expected"
    lines = [
        Drawn(Line(f"{label} at {word}", ("band", word), (), ()), _SLOT, 3, values, label)
        for word, values in zip(("most", "least"), edges, strict=False)
    ]
    return replace(chart, lines=(*chart.lines, *lines))


async def _edges(
    evaluator: Evaluator, series: Series, statistic: Statistic, chart: Chart
) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The upper and the lower edge on the chart's grid; none where the detector has not learnt enough."""
    known = series.identity
    wanted = max(chart.step_ms // 1000, _LEAST_S)
    period_s = wanted if is_period(wanted) else -(-wanted // 60) * 60
    stat = MetricStat(known.namespace, known.name, known.dimensions, statistic, period_s, known.unit)
    queries = [Query("m1", stat, returned=False), Query("b1", f"ANOMALY_DETECTION_BAND(m1, {_WIDTH})", period_s)]
    # The viewer sees the series, so the scope that its detector lives in is the viewer's too.
    scope = Scope.of(known.account, known.region)
    start_ms = chart.t0_ms // (period_s * 1000) * period_s * 1000
    try:
        found = await evaluator.evaluate(scope, queries, start_ms, chart.end_ms)
    except InvalidInput:  # a range that bands have no period for: the line is drawn alone
        return []
    at = chart.t0_ms + chart.step_ms * np.arange(chart.count)
    edges = [np.interp(at, one.times, one.values, left=np.nan, right=np.nan) for one in found if len(one.times) > 1]
    return edges if len(edges) == 2 else []
