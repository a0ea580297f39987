"""The draft of an alarm on what a chart of the explorer shows."""

from collections.abc import Sequence

from trimtab.metrics.insights.parser import is_sql
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import Family
from trimtab.web.metric_query import MetricQuery
from trimtab.web.view import link

_PERIODS_S = (10, 30, 60, 300, 900, 3600)
_MOST_INPUTS = 10
"""Metrics that an alarm may have."""


def alarm_link(query: MetricQuery, series: Sequence[Series]) -> str:
    """The new-alarm form, filled in: with the expression, or with the first series; "" where there is neither."""
    stat = "Average" if query.statistic.family is Family.LAST else query.statistic.text
    period = str(next((one for one in _PERIODS_S if one >= (query.period_s or 60)), 3600))
    if query.expression:
        inputs = [] if is_sql(query.expression) else list(series[:_MOST_INPUTS])
        lines = "\n".join(_line(f"m{number}", one, stat) for number, one in enumerate(inputs, 1))
        pairs = [("kind", "math"), ("e", query.expression), ("inputs", lines), ("period", period)]
        return link("/alarms/new", [pair for pair in pairs if pair[1]])
    if not series:
        return ""
    own = series[0].identity
    pairs = [("kind", "metric"), ("namespace", own.namespace), ("metric", own.name)]
    pairs += [("dimension", f"{name}={value}") for name, value in own.dimensions]
    return link("/alarms/new", [*pairs, ("stat", stat), ("period", period)])


def _line(id_: str, series: Series, stat: str) -> str:
    own = series.identity
    return f"{id_}=" + "|".join((own.namespace, own.name, stat, *(f"{name}={value}" for name, value in own.dimensions)))
