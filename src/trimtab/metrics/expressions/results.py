"""From computed values to results: labels, points without gaps, messages."""

from collections.abc import Iterator

import numpy as np

from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.expressions.running import Run
from trimtab.metrics.expressions.values import NO_TAG, Lines, Tag
from trimtab.metrics.labels import Labelled, render

DROPPED = (
    "ArithmeticError",
    "One or more data-points have been dropped due to non-numeric values (NaN, -Infinite, +Infinite)",
)
"""What CloudWatch says of an expression that divided by zero and the like."""
TOO_MANY = ("MaxMetricsExceeded", "Maximum number of allowed metrics exceeded")
"""What it says, of the whole request, when a limit left series out."""


def results_of(run: Run, now_ms: int) -> list[Result]:
    """The results of the queries that are returned, in their order; at least one each."""
    return [result for query in run.queries.values() if query.returned for result in _results(run, query, now_ms)]


def _results(run: Run, query: Query, now_ms: int) -> Iterator[Result]:
    if isinstance(query.source, MetricStat):
        yield _metric(run, query, query.source, now_ms)
        return
    lines = run.value(query.id)
    if not isinstance(lines, Lines):
        raise TypeError(f"cannot return {query.id}: a bug, numbers are refused before")
    messages = _messages(run, query)
    times = lines.grid.times
    for tag, row in zip(lines.tags, lines.values, strict=True):
        known = ~np.isnan(row)
        yield _result(run, query, tag, times[known], row[known], lines, messages, now_ms)
    if not lines.tags:
        yield _result(run, query, NO_TAG, times[:0], np.empty(0), lines, messages, now_ms)


def _metric(run: Run, query: Query, stat: MetricStat, now_ms: int) -> Result:
    tag = run.gathered.sources[query.id].rows[0].tag
    points = run.points(query.id)
    own = Labelled(tag.label, tag.properties, points.times, points.values, now_ms, run.gathered.job.zone)
    label = tag.label if query.label is None else render(query.label, own) if "${" in query.label else query.label
    return Result(query.id, label, points.times, points.values, dict(tag.properties), stat.period_s)


def _result(
    run: Run,
    query: Query,
    tag: Tag,
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    lines: Lines,
    messages: tuple[tuple[str, str], ...],
    now_ms: int,
) -> Result:
    default = tag.label or query.id
    label = default
    if query.label is not None and "${" in query.label:
        own = Labelled(default, tag.properties, times, values, now_ms, run.gathered.job.zone)
        label = render(query.label, own)
    elif query.label is not None:
        # Several lines of one expression are told apart as documented: "Expression-Label Metric-Label".
        label = f"{query.label} {tag.label}".strip() if lines.array else query.label
    return Result(query.id, label, times, values, dict(tag.properties), lines.grid.period_ms // 1000, messages)


def _messages(run: Run, query: Query) -> tuple[tuple[str, str], ...]:
    cut = any(rows.cut for place, rows in run.gathered.searches.items() if place[0] == query.id)
    return ((DROPPED,) if run.dropped(query.id) else ()) + ((TOO_MANY,) if cut else ())
